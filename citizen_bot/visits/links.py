"""Signed links to a task's page, each for one agent or member of staff and one visit. They cannot be made up, and end
after two weeks: who opens one acts in that person's name."""

from dataclasses import dataclass
from datetime import timedelta

from itsdangerous import BadSignature, TimestampSigner

from citizen_bot.platform.clock import Clock, SystemClock
from citizen_bot.visits.records import Actor

LASTS = timedelta(days=14)
_KINDS = {"agent": "a", "staff": "s"}


@dataclass(frozen=True, slots=True)
class LinkedTask:
    visit_id: int
    actor: Actor


class TaskLinks:
    def __init__(self, secret_key: str, public_url: str, clock: Clock | None = None) -> None:
        self._signer = _Signer(secret_key, clock or SystemClock())
        self._base = public_url

    def of(self, visit_id: int, actor: Actor) -> str:
        """The whole address. Raises KeyError for an actor who has no tasks."""
        content = f"{visit_id}{_KINDS[actor.kind]}{actor.id}"
        return f"{self._base}/tasks/{self._signer.sign(content).decode()}"

    def read(self, token: str) -> LinkedTask | None:
        """None for a link that was not made here, or is too old."""
        try:
            content = self._signer.unsign(token, max_age=int(LASTS.total_seconds())).decode()
        except (BadSignature, UnicodeDecodeError):
            return None
        for kind, letter in _KINDS.items():
            visit_id, found, actor_id = content.partition(letter)
            if found:
                return LinkedTask(int(visit_id), Actor(kind, int(actor_id)))  # type: ignore[arg-type]
        return None


class _Signer(TimestampSigner):
    """Signs and reads by the injected clock."""

    def __init__(self, secret_key: str, clock: Clock) -> None:
        super().__init__(secret_key, salt="task")
        self._clock = clock

    def get_timestamp(self) -> int:
        return int(self._clock.now().timestamp())
