"""A resident who writes to the bot of a real office, message by message."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from citizen_bot.dialogue.model import Incoming
from citizen_bot.dialogue.turn import Turn
from citizen_bot.dialogue.turns import Turns
from citizen_bot.platform.clock import Clock, FixedClock

MONDAY_TEN = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
MakeTurns = Callable[[Engine, Clock], Turns]


@dataclass
class Resident:
    """Writes to `turns`, whose clock is `clock`; a minute passes before each message."""

    turns: Turns
    clock: FixedClock
    openid: str = "oSomebody"
    number: int = 0
    turn: Turn | None = None
    slots: dict[str, Any] = field(default_factory=dict)

    def __call__(self, text: str | None = None, **fields: Any) -> str:
        """What the bot answers; empty for nothing."""
        self.number += 1
        self.wait(minutes=1)
        values: dict[str, Any] = {"kind": "text", "text": text, **fields}
        incoming = Incoming("wx01", self.openid, f"[{self.number}]", received_at=self.clock.now(), **values)
        outcome, self.turn = self.turns.take(incoming)
        self.slots = dict(self.turn.slots) if self.turn else {}
        answer = outcome.text or ""
        assert len(answer.encode()) <= 2048
        return answer

    def wait(self, **span: float) -> None:
        self.clock.instant += timedelta(**span)
