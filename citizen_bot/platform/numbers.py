"""Numbers of notices, appointments and visits as people read and type them."""

import re
import unicodedata

from stdnum import damm


def spell_number(number: int) -> str:
    """`number` with a check digit at its end (Damm), so that one wrong digit, or two swapped ones, are noticed."""
    return f"{number}{damm.calc_check_digit(str(number))}"


def read_number(text: str) -> int | None:
    """The number that somebody typed or read out, blanks and hyphens aside; None when it was misread."""
    digits = re.sub(r"[\s-]", "", text)
    return int(digits[:-1]) if 1 < len(digits) <= 18 and digits.isdecimal() and damm.is_valid(digits) else None


class Code:
    """Numbers under a letter that tells what they are of: `Code("Y").spell(10001)` is Y100018 or the like."""

    def __init__(self, letter: str) -> None:
        self._letter = letter
        self._found = re.compile(rf"{letter}[\s-]*((?:\d[\s-]?){{5,18}})(?!\d)", re.IGNORECASE)

    def spell(self, number: int) -> str:
        return f"{self._letter}{spell_number(number)}"

    def read(self, text: str) -> int | None:
        """The number of the first code within `text`, in any case and width; None where there is none, or it was
        misread."""
        found = self._found.search(unicodedata.normalize("NFKC", text))
        return read_number(found[1]) if found else None


APPOINTMENT = Code("Y")
VISIT = Code("S")
