"""What one message leads to: the reply, what is remembered, what it sets going, and what it was taken for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from citizen_bot.dialogue.model import Conversation, Reply, Text
from citizen_bot.matching.model import Decision, Facet, Intent, Match


@dataclass(frozen=True, slots=True)
class RequestPerson:
    """A resident wants a person; somebody will answer from `promised_at` on at the latest."""

    question: str | None
    item: str | None
    promised_at: datetime


@dataclass(frozen=True, slots=True)
class ForgetResident:
    """The resident unfollowed the account."""


Effect = RequestPerson | ForgetResident


@dataclass(frozen=True, slots=True)
class Understood:
    """What a message was taken for: the question log. All None for what is not a question."""

    intent: Intent | None = None
    item: str | None = None
    facet: Facet | None = None
    decision: Decision | None = None
    score: float | None = None
    candidates: tuple[str, ...] = ()

    @classmethod
    def of(cls, match: Match, decision: Decision | None = None) -> "Understood":
        candidates = tuple(candidate.item for candidate in match.candidates)
        return cls(match.intent, match.item, match.facet, decision or match.decision, match.score, candidates)


@dataclass(frozen=True, slots=True)
class Turn:
    """`conversation` is None when nothing of the talk is to be remembered. `slots` is what is known of the task that
    the message belongs to, by the names that reports use. `wants_person`: it was asked often enough, somebody has to
    help."""

    conversation: Conversation | None
    reply: Reply
    effects: tuple[Effect, ...] = ()
    understood: Understood = Understood()
    slots: Mapping[str, object] = field(default_factory=dict)
    wants_person: bool = False


def said(after: Conversation, text: str, understood: Understood | None = None) -> Turn:
    """A turn that answers with one text."""
    return Turn(after, Reply((Text(text),)), understood=understood or Understood())
