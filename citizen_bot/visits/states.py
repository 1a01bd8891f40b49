"""The states of a visit, and every way from one to another with who may go it, in one table."""

from dataclasses import dataclass
from typing import Literal

from citizen_bot.visits.records import ActorKind, Help, NotPossible, State, Visit

Event = Literal[
    "asked", "passed_on", "agent_declined", "overdue", "accepted", "declined", "set_out", "taken_over",
    "receipts_confirmed", "receipts_disputed", "handed_in", "hand_in_overdue", "not_come", "agent_left", "done",
    "cancelled",
]  # fmt: skip

_ANY: tuple[Help, ...] = ("assist", "act", "collect", "pay")
# Who may act for the resident: the agent that it is assigned to, and the town's staff, also in an agent's place.
_HANDS: tuple[ActorKind, ...] = ("agent", "staff")


@dataclass(frozen=True, slots=True)
class Step:
    event: Event
    sources: tuple[State, ...]
    target: State | None
    who: tuple[ActorKind, ...]
    helps: tuple[Help, ...] = _ANY


# `target` None: the state stays. A visit begins as "asked".
STEPS = (
    # Nobody has answered in time, or the agent cannot, now or after all: it is the town's.
    Step("passed_on", ("asked",), "asked", ("system",)),
    Step("agent_declined", ("asked", "accepted", "on_the_way"), "asked", ("agent",)),
    Step("agent_left", ("asked", "accepted", "on_the_way"), "asked", ("system",)),
    Step("overdue", ("asked",), None, ("system",)),
    # The time that was agreed is over, and nothing more was heard.
    Step("not_come", ("accepted", "on_the_way"), None, ("system",)),
    Step("accepted", ("asked",), "accepted", _HANDS),
    Step("declined", ("asked", "accepted", "on_the_way"), "declined", ("staff",)),
    Step("set_out", ("accepted",), "on_the_way", _HANDS),
    # Papers may also be brought to where the agent is, and more may come later.
    Step("taken_over", ("accepted", "on_the_way", "taken_over"), "taken_over", _HANDS),
    Step("receipts_confirmed", ("taken_over", "handed_in", "done"), None, ("resident",)),
    Step("receipts_disputed", ("taken_over", "handed_in", "done"), None, ("resident",)),
    Step("handed_in", ("taken_over",), "handed_in", _HANDS),
    Step("hand_in_overdue", ("taken_over",), None, ("system",)),
    Step("done", ("handed_in",), "done", _HANDS),
    # Helping at home needs no papers.
    Step("done", ("on_the_way",), "done", _HANDS, ("assist", "act")),
    Step("cancelled", ("asked", "accepted", "on_the_way"), "cancelled", ("resident",)),
)


def after(event: Event, visit: Visit, kind: ActorKind) -> State:
    """The state after `event`. Raises NotPossible: not_yours where nobody of this kind may ever do it, not_open where
    the present state, or the kind of help, does not allow it."""
    steps = [step for step in STEPS if step.event == event and kind in step.who]
    if not steps:
        raise NotPossible("not_yours")
    for step in steps:
        if visit.state in step.sources and visit.help in step.helps:
            return step.target or visit.state
    raise NotPossible("not_open")
