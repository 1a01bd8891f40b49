"""One resident's talk with the bot, for tests."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from citizen_bot.dialogue import memory
from citizen_bot.dialogue.model import Conversation, Incoming
from citizen_bot.dialogue.talk import Talk
from citizen_bot.dialogue.turn import Turn

MONDAY_TEN = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


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
        self.turn = self.talk.respond(self.conversation, incoming, self.now)
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
