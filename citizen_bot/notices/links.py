"""Signed links to a notice's page, which cannot be made up: to one that was told, by its number; else to what the
catalogue says of an item or a life event, by its id and the catalogue's hash."""

from dataclasses import dataclass

from itsdangerous import BadSignature, Signer

# 48 bits of the catalogue's hash tell the published versions of one city apart.
HASH_PREFIX = 12


@dataclass(frozen=True, slots=True)
class Linked:
    """What a link leads to: a told notice by its `number`, or a `subject` with the first digits of the hash."""

    number: int | None = None
    subject: str = ""
    hash_prefix: str = ""


class NoticeLinks:
    def __init__(self, secret_key: str, public_url: str) -> None:
        self._signer = Signer(secret_key, salt="notice")
        self._base = public_url

    def of_subject(self, subject: str, catalogue_hash: str) -> str:
        return self._url(f"{subject}.{catalogue_hash[:HASH_PREFIX]}")

    def of_number(self, number: int) -> str:
        return self._url(str(number))

    def read(self, token: str) -> Linked | None:
        """None for a link that was not made here."""
        try:
            content = self._signer.unsign(token).decode()
        except (BadSignature, UnicodeDecodeError):
            return None
        if content.isdecimal():
            return Linked(number=int(content))
        subject, _, prefix = content.rpartition(".")
        return Linked(subject=subject, hash_prefix=prefix)

    def _url(self, content: str) -> str:
        return f"{self._base}/notices/{self._signer.sign(content).decode()}"
