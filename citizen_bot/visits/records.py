"""What the service gives out: visits, receipts, what happened, and why something cannot be done."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from citizen_bot.platform.clock import SHANGHAI
from citizen_bot.platform.numbers import VISIT
from citizen_bot.platform.privacy import Privacy

State = Literal["asked", "accepted", "on_the_way", "taken_over", "handed_in", "done", "declined", "cancelled"]
FINISHED: tuple[State, ...] = ("done", "declined", "cancelled")
# 帮办 assist, 代办 act, 代收 collect, 代缴 pay.
Help = Literal["assist", "act", "collect", "pay"]
Priority = Literal["age", "disability", "illness", "distance"]
ActorKind = Literal["agent", "staff", "resident", "system"]
Reason = Literal["not_open", "not_yours", "past", "same", "no_reason", "nothing_taken"]


class NotPossible(Exception):
    """`reason`: not_open (the state does not allow it), not_yours, past, same (the person has asked for the same
    already: `existing`), no_reason, nothing_taken (or nothing that could be receipted so)."""

    def __init__(self, reason: Reason, existing: "Visit | None" = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.existing = existing


@dataclass(frozen=True, slots=True)
class Wish:
    """When it suits the resident; all None: at any time. `words` are the resident's own."""

    first_day: date | None = None
    last_day: date | None = None
    period: Literal["am", "pm"] | None = None
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: the agent or the member of staff of that row; the resident and the system have no id.

    That the visit is the resident's own is for the caller to see to.
    """

    kind: ActorKind
    id: int | None = None

    def __str__(self) -> str:
        """As history keeps it: "agent 3", "resident"."""
        return self.kind if self.id is None else f"{self.kind} {self.id}"


@dataclass(frozen=True, slots=True)
class Taken:
    """A paper (`pieces`) or money (`amount` in yuan) that is taken over: one or the other."""

    name: str
    pieces: int | None = None
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    taken: Taken
    taken_at: datetime
    answer: Literal["confirmed", "disputed"] | None


@dataclass(frozen=True, slots=True)
class Event:
    """One line of history. `event` is one of states.Event, `actor` what Actor spells, or who wrote the request down."""

    at: datetime
    event: str
    actor: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Visit:
    """Times are aware, in Asia/Shanghai. `visitor_code` is what the visitor says at the door.

    `name`, `phone`, `address` and `mandate` are empty once a finished visit is made anonymous. `overdue_at`: when it
    was noticed that the town is late with its answer, or the papers are with being handed in.
    """

    id: int
    code: str
    state: State
    item: str | None
    help: Help
    town_code: str
    division_code: str | None
    address: str = field(repr=False)
    name: str = field(repr=False)
    phone: str = field(repr=False)
    relation: str | None = field(repr=False)
    priority: Priority | None = field(repr=False)
    wish: Wish = field(repr=False)
    mandate: str = field(repr=False)
    resident_id: int | None
    assigned_to: Literal["agent", "town"]
    agent_id: int | None
    staff_id: int | None
    answer_by: datetime | None
    coming_at: datetime | None
    visitor_code: str = field(repr=False)
    hand_in_by: datetime | None
    asked_at: datetime
    overdue_at: datetime | None = None


def read(privacy: Privacy, row: Any) -> Visit:
    """A row of the table `visits`."""
    return Visit(
        id=row.id,
        code=VISIT.spell(row.id),
        state=row.state,
        item=row.item,
        help=row.help,
        town_code=row.town_code,
        division_code=row.division_code,
        address=_opened(privacy, row.address_sealed) or "",
        name=_opened(privacy, row.name_sealed) or "",
        phone=_opened(privacy, row.phone_sealed) or "",
        relation=_opened(privacy, row.relation_sealed),
        priority=_opened(privacy, row.priority_sealed),  # type: ignore[arg-type]
        wish=Wish(row.wished_from, row.wished_until, row.wished_period, _opened(privacy, row.wish_sealed)),
        mandate=_opened(privacy, row.mandate_sealed) or "",
        resident_id=row.resident_id,
        assigned_to=row.assigned_to,
        agent_id=row.agent_id,
        staff_id=row.staff_id,
        answer_by=local(row.answer_by),
        coming_at=local(row.coming_at),
        visitor_code=row.visitor_code,
        hand_in_by=local(row.hand_in_by),
        asked_at=row.asked_at.astimezone(SHANGHAI),
        overdue_at=local(row.overdue_at),
    )


def local(at: datetime | None) -> datetime | None:
    return None if at is None else at.astimezone(SHANGHAI)


def _opened(privacy: Privacy, sealed: bytes | None) -> str | None:
    return None if sealed is None else privacy.open(sealed)
