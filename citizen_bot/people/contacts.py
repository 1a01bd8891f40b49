"""Names, phone numbers and identity numbers as people give them: checked, and brought into one form.

Pure functions. What is wrong is told by the caller, in words from intents/.
"""

import re
import unicodedata
from typing import Literal

from stdnum.cn import ric
from stdnum.exceptions import ValidationError

from citizen_bot.platform.privacy import Privacy

_DOTS = re.compile(r"[•・‧.∙]")
_NAME = re.compile(r"[^\W\d_]+(?:[·'’ -][^\W\d_]+)*")
_CHINESE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff〇·]+")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f·'’ -]+")
_COUNTRY = re.compile(r"^(?:\+|00)?86(?=1\d{10}$|0\d{9,11}$)")
_MOBILE = re.compile(r"1[3-9]\d{9}")
# 010 and 02x have three digits and eight behind them; the others four and seven or eight.
_LANDLINE = re.compile(r"(010|02\d)(\d{8})|(0[3-9]\d{2})(\d{7,8})")

IdentityFault = Literal["length", "check_digit", "date"]


class WrongIdentity(ValueError):
    """Not an identity number. `reason`: length (18 characters, the last may be X), check_digit, date (of birth)."""

    def __init__(self, reason: IdentityFault) -> None:
        super().__init__(reason)
        self.reason = reason


def check_name(text: str) -> str | None:
    """The name of a person in one form, 2 to 20 characters, all Chinese or all Latin; None where it cannot be one.

    Blanks within a Chinese name go, the dot of a long one (古丽·买买提) is always the same.
    """
    name = " ".join(_DOTS.sub("·", unicodedata.normalize("NFKC", text)).split())
    if _CHINESE.fullmatch(chinese := name.replace(" ", "")):
        name = chinese
    elif not _LATIN.fullmatch(name):
        return None
    return name if 2 <= len(name) <= 20 and _NAME.fullmatch(name) else None


def check_phone(text: str) -> str | None:
    """A mobile number (13800000001) or one with its area code (0631-6651234) of mainland China; else None."""
    digits = _COUNTRY.sub("", re.sub(r"[\s()（）-]", "", unicodedata.normalize("NFKC", text)))
    if _MOBILE.fullmatch(digits):
        return digits
    found = _LANDLINE.fullmatch(digits)
    return f"{found[1] or found[3]}-{found[2] or found[4]}" if found else None


def check_identity(text: str) -> str:
    """The resident identity number (GB 11643) with its X in upper case. Raises WrongIdentity."""
    number = "".join(unicodedata.normalize("NFKC", text).split()).upper()
    if not re.fullmatch(r"\d{17}[\dX]", number, re.ASCII):
        raise WrongIdentity("length")
    if number[-1] != ric.calc_check_digit(number):
        raise WrongIdentity("check_digit")
    try:
        ric.get_birth_date(number)
    except ValidationError:
        raise WrongIdentity("date") from None
    return number


def name_key(name: str) -> str:
    """What two spellings of one name have in common: no blanks, widths, dots or cases."""
    return re.sub(r"[\s·]", "", _DOTS.sub("·", unicodedata.normalize("NFKC", name))).casefold()


def person_index(privacy: Privacy, *, lookup: bytes | None, name: str, phone: str) -> bytes:
    """The blind index of the person served: WeChat account (`lookup` of its resident) and name, so that a daughter may
    ask for two parents; without an account phone and name."""
    account = ("phone", phone) if lookup is None else ("account", lookup.hex())
    return privacy.index("person", *account, name_key(name))


def contact_columns(privacy: Privacy, *, name: str, phone: str) -> dict[str, bytes]:
    """Name and phone as tables keep them: sealed, and by blind indexes of the name, the number and its last four
    digits."""
    return {
        "name_sealed": privacy.seal(name),
        "name_index": privacy.index("name", name_key(name)),
        "phone_sealed": privacy.seal(phone),
        "phone_index": privacy.index("phone", phone),
        "phone_tail_index": privacy.index("phone tail", phone[-4:]),
    }
