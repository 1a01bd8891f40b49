"""Personal data: sealed at rest, looked up by a keyed index, masked wherever they show."""

import base64
import hashlib
import hmac
import re

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_MOBILE = re.compile(r"(?<!\d)(1[3-9]\d)[ -]?(\d{4})[ -]?(\d{4})(?!\d)")
_IDENTITY = re.compile(r"(?<!\d)(\d{6})\d{8}(\d{3}[\dXx])(?!\d)")
_NAME = re.compile(
    r"((?:我|俺|他|她|老人|本人)(?:的?名字)?(?:叫|是叫)|姓名(?:是|[:：])?|名字(?:是|叫|[:：])?)"
    r"([\u4e00-\u9fff])[\u4e00-\u9fff]{1,2}"
)
_LONG_NUMBER = re.compile(r"(?<!\d)\d{12,19}(?!\d)")


class Privacy:
    """Seals and opens personal values under PRIVACY_KEYS.

    The first key seals; every key opens, so that keys can be rotated. The last (oldest) key also makes the blind index
    and therefore stays in the list.
    """

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._first = Fernet(keys[0])
        self._box = MultiFernet([Fernet(key) for key in keys])
        oldest = base64.urlsafe_b64decode(keys[-1])
        self._index_key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"blind index").derive(oldest)

    def seal(self, value: str) -> bytes:
        return self._box.encrypt(value.encode())

    def open(self, sealed: bytes) -> str:
        """Raises cryptography.fernet.InvalidToken when no key fits."""
        return self._box.decrypt(sealed).decode()

    def sealed_by_first(self, sealed: bytes) -> bool:
        """Whether the first key opens `sealed`, so that the others are not needed for it any more."""
        try:
            self._first.decrypt(sealed)
        except InvalidToken:
            return False
        return True

    def reseal(self, sealed: bytes) -> bytes:
        """The same value under the first key. Raises cryptography.fernet.InvalidToken when no key fits."""
        return self._box.rotate(sealed)

    def index(self, *parts: str) -> bytes:
        """A keyed 32-byte digest: equal for equal parts, and telling nothing of them without the key."""
        message = b"".join(len(p.encode()).to_bytes(4, "big") + p.encode() for p in parts)
        return hmac.digest(self._index_key, message, hashlib.sha256)


def mask(text: str) -> str:
    """`text` with mobile, identity and bank card numbers and names that are told as such made unreadable: 138****1234,
    我叫王**."""
    text = _NAME.sub(r"\1\2**", text)
    text = _IDENTITY.sub(r"\1********\2", text)
    text = _MOBILE.sub(r"\1****\3", text)
    return _LONG_NUMBER.sub(lambda m: m[0][:4] + "*" * (len(m[0]) - 8) + m[0][-4:], text)


def mask_name(name: str) -> str:
    """The first character, and that there is more: 王**. The same for names of any length."""
    return f"{name[:1]}**"


def mask_phone(phone: str) -> str:
    """138****1234; of a number that is no mobile's only the last three digits: ****234."""
    masked = _MOBILE.sub(r"\1****\3", phone)
    return masked if masked != phone else f"****{phone[-3:]}"
