"""Signed links to a notice's page: they name the item and the catalogue it was told from, and cannot be made up."""

from itsdangerous import BadSignature, Signer

# 48 bits of the catalogue's hash tell the published versions of one city apart.
HASH_PREFIX = 12


class NoticeLinks:
    def __init__(self, secret_key: str, public_url: str) -> None:
        self._signer = Signer(secret_key, salt="notice")
        self._base = public_url

    def url(self, item: str, catalogue_hash: str) -> str:
        return f"{self._base}/notices/{self._signer.sign(f'{item}.{catalogue_hash[:HASH_PREFIX]}').decode()}"

    def read(self, token: str) -> tuple[str, str] | None:
        """The item and the first digits of the catalogue's hash; None for a link that was not made here."""
        try:
            item, _, prefix = self._signer.unsign(token).decode().partition(".")
        except (BadSignature, UnicodeDecodeError):
            return None
        return item, prefix
