"""A notice's number as people read and type it."""

import re

from stdnum import damm


def spell_number(number: int) -> str:
    """`number` with a check digit at its end (Damm), so that one wrong digit, or two swapped ones, are noticed."""
    return f"{number}{damm.calc_check_digit(str(number))}"


def read_number(text: str) -> int | None:
    """The number that somebody typed or read out, blanks and hyphens aside; None when it was misread."""
    digits = re.sub(r"[\s-]", "", text)
    return int(digits[:-1]) if 1 < len(digits) <= 18 and digits.isdecimal() and damm.is_valid(digits) else None
