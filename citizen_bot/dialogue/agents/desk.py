"""What an agent may do in the chat, within the turn's transaction; and which receipts wait for a resident's answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from citizen_bot.dialogue.desk import Desk
from citizen_bot.people import agents
from citizen_bot.people.agents import Agent
from citizen_bot.visits import service, states
from citizen_bot.visits.service import Actor, NotPossible, Receipt, Taken, Visit

Action = Literal["accept", "decline", "set_out", "take_over", "hand_in", "done"]
ACTIONS: tuple[Action, ...] = get_args(Action)
_EVENTS: Mapping[Action, states.Event] = {
    "accept": "accepted",
    "decline": "agent_declined",
    "set_out": "set_out",
    "take_over": "taken_over",
    "hand_in": "handed_in",
    "done": "done",
}
# The order in which they are offered: what comes next first.
_OFFERED: tuple[Action, ...] = ("accept", "set_out", "take_over", "hand_in", "done", "decline")


@dataclass(frozen=True, slots=True)
class AgentDesk:
    """The desk of a turn, with the agent whose account writes. Those that change a visit raise NotPossible."""

    desk: Desk
    agent: Agent

    @classmethod
    def of(cls, desk: Desk) -> "AgentDesk | None":
        """None where the account is no active agent's."""
        agent = agents.agent_of(desk.connection, desk.resident_id)
        return None if agent is None else cls(desk, agent)

    @classmethod
    def bound(cls, desk: Desk, code: str) -> "AgentDesk | None":
        """The desk of the agent whose one-time code this is, now tied to the account; None for a code that is wrong,
        used or too old."""
        agent = agents.bind(desk.connection, desk.office.privacy, desk.resident_id, code, desk.now)
        return None if agent is None else cls(desk, agent)

    @property
    def now(self) -> datetime:
        return self.desk.now

    def tasks(self) -> list[Visit]:
        """What is to be done, in that order."""
        return service.tasks_of_agent(self.desk.connection, self.desk.office, self.agent.id)

    def find(self, number: int) -> Visit | None:
        """The agent's own visit of this id, also a finished one; None for anybody else's."""
        visit = service.find(self.desk.connection, self.desk.office, number)
        return visit if visit is not None and visit.agent_id == self.agent.id else None

    def asked_for(self, number: int) -> bool:
        """Whether the account asked for the visit itself, as a resident."""
        visit = service.find(self.desk.connection, self.desk.office, number)
        return visit is not None and visit.resident_id == self.desk.resident_id

    def receipts(self, visit: Visit) -> list[Receipt]:
        return service.receipts(self.desk.connection, self.desk.office, visit.id)

    def accept(self, visit: Visit, coming_at: datetime) -> Visit:
        return service.accept(
            self.desk.connection, self.desk.office, visit.id, actor=self._actor, coming_at=coming_at, now=self.now
        )

    def decline(self, visit: Visit, reason: str) -> Visit:
        return service.decline(
            self.desk.connection, self.desk.office, visit.id, actor=self._actor, reason=reason, now=self.now
        )

    def set_out(self, visit: Visit) -> Visit:
        return service.set_out(self.desk.connection, self.desk.office, visit.id, actor=self._actor, now=self.now)

    def take_over(self, visit: Visit, taken: Sequence[Taken]) -> Visit:
        return service.take_over(
            self.desk.connection, self.desk.office, visit.id, actor=self._actor, taken=taken, now=self.now
        )

    def hand_in(self, visit: Visit) -> Visit:
        return service.hand_in(self.desk.connection, self.desk.office, visit.id, actor=self._actor, now=self.now)

    def finish(self, visit: Visit) -> Visit:
        return service.finish(self.desk.connection, self.desk.office, visit.id, actor=self._actor, now=self.now)

    @property
    def _actor(self) -> Actor:
        return Actor("agent", self.agent.id)


def possible(visit: Visit) -> tuple[Action, ...]:
    """What an agent may do with a visit of this state, what comes next first."""
    return tuple(action for action in _OFFERED if can(action, visit))


def can(action: Action, visit: Visit) -> bool:
    try:
        states.after(_EVENTS[action], visit, "agent")
    except NotPossible:
        return False
    return True


def waiting_for_answer(desk: Desk, *, disputed: bool) -> list[tuple[Visit, list[Receipt]]]:
    """The resident's visits, also finished ones, with receipts that are not yet answered, or also those that were
    `disputed`; what was taken over last first."""
    return service.with_open_receipts(desk.connection, desk.office, desk.resident_id, disputed=disputed)
