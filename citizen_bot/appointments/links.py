"""Signed links to an appointment's page, which cannot be made up."""

from collections.abc import Callable

from itsdangerous import BadSignature, Signer


class AppointmentLinks:
    """`link(path)` is the whole address of a page of ours."""

    def __init__(self, secret_key: str, link: Callable[[str], str]) -> None:
        self._signer = Signer(secret_key, salt="appointment")
        self._link = link

    def of(self, appointment_id: int) -> str:
        return self._link(f"/appointments/{self._signer.sign(str(appointment_id)).decode()}")

    def read(self, token: str) -> int | None:
        """None for a link that was not made here."""
        try:
            return int(self._signer.unsign(token))
        except (BadSignature, ValueError):
            return None
