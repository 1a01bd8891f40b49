"""One resident's talk with the bot, for tests."""

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from citizen_bot.app import Language
from citizen_bot.appointments.service import Appointment, Hour
from citizen_bot.catalog.model import Guide, Site
from citizen_bot.dialogue import memory
from citizen_bot.dialogue.desk import Desk
from citizen_bot.dialogue.model import Conversation, Incoming
from citizen_bot.dialogue.talk import Talk
from citizen_bot.dialogue.turn import Turn
from citizen_bot.settings import Settings
from citizen_bot.visits.service import Visit

OFFICE = Language.load(Settings.from_environment({})).office
MONDAY_TEN = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


class ClosedDesk(Desk):
    """A desk without a database: nothing is booked, and there is nothing to be had."""

    def free_hours(self, site: Site, guide: Guide, first: date, last: date, limit: int | None = None) -> list[Hour]:
        return []

    def closed_because(self, site: Site, guide: Guide, day: date) -> str | None:
        return None

    def open_appointments(self) -> list[Appointment]:
        return []

    def open_visits(self) -> list[Visit]:
        return []

    def release(self) -> None:
        pass


@dataclass
class Chat:
    """Time passes only where it is told to. Between two messages the conversation is stored, as in the service."""

    talk: Talk
    now: datetime = MONDAY_TEN
    conversation: Conversation = field(default_factory=Conversation)
    turn: Turn | None = None
    answers: list[str] = field(default_factory=list)

    def __call__(self, text: str | None = None, **fields: object) -> str:
        """What the bot answers; empty for nothing."""
        incoming = Incoming("account", "someone", "key", received_at=self.now, text=text, **{"kind": "text", **fields})  # type: ignore[arg-type]
        nowhere: Any = None
        desk = ClosedDesk(nowhere, OFFICE, self.talk.catalogue, 1, self.now, str)
        self.turn = self.talk.respond(self.conversation, incoming, desk)
        self.conversation = memory.load(json.loads(json.dumps(memory.dump(self.turn.conversation or Conversation()))))
        answer = self.talk.render(self.turn.reply) or ""
        assert len(answer.encode()) <= 2048
        self.answers.append(answer)
        return answer

    def wait(self, *, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)


def title(answer: str) -> str:
    """The item that the notice in `answer` is on."""
    return answer.split("】")[0].rpartition("【")[2]
