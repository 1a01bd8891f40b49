"""What the matcher says of one message."""

from dataclasses import dataclass
from typing import Literal

Intent = Literal[
    "guide", "book", "visit", "complain", "progress", "cancel", "human", "rate", "site", "greet", "thanks", "oos"
]
Facet = Literal["materials", "how", "conditions", "where", "time", "deadline", "fee", "amount", "online", "agent"]
Decision = Literal["answer", "clarify", "fallback"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item and how sure the matcher is of it, 0 to 1."""

    item: str
    score: float


@dataclass(frozen=True, slots=True)
class Match:
    """One message, understood without its conversation.

    `item` is None when the message names no item (or none is likely); `candidates` are then still listed, best first,
    at most five. `decision`: answer = go ahead (with `item`, where one is given), clarify = ask which of `candidates`,
    fallback = say that it is not known. `score` is the confidence in `decision`'s item or, without one, in `intent`.
    `topic` names a known subject that is out of scope (护照 …), a key of intents/out_of_scope.yaml.
    `follow_up`: the message asks for a facet but has nothing of its own that points to an item (那多少钱); the
    conversation's item is meant, if there is one.
    """

    intent: Intent
    item: str | None
    facet: Facet | None
    decision: Decision
    score: float
    candidates: tuple[Candidate, ...]
    topic: str | None = None
    follow_up: bool = False
