"""The states of an appointment, and every way from one to another, in one table.

Each step is one guarded UPDATE and one line of history. A state that gives the seat back loses it in the same
statement: there is no moment at which it points to a seat that somebody else could have.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, insert, select, update

from citizen_bot.appointments.models import appointment_events, appointments, slots
from citizen_bot.appointments.records import Appointment, NotBookable, Reason, State
from citizen_bot.platform.clock import SHANGHAI
from citizen_bot.platform.privacy import Privacy

# Who acts, in history: these two, or who of the staff it was.
RESIDENT, SYSTEM = "resident", "system"
SEATLESS: tuple[State, ...] = ("cancelled", "expired")

Event = Literal[
    "held", "booked", "released", "expired", "moved", "cancelled", "arrived", "done", "no_show", "lapsed", "closed_out"
]  # fmt: skip
Guard = Callable[[Appointment, str, datetime], Reason | None]


def at_any_time(appointment: Appointment, by: str, now: datetime) -> Reason | None:
    return None


def until_it_begins(appointment: Appointment, by: str, now: datetime) -> Reason | None:
    """For the resident; staff may put in order what came later."""
    return "past" if by == RESIDENT and now >= appointment.starts_at else None


def on_its_day(appointment: Appointment, by: str, now: datetime) -> Reason | None:
    day, today = appointment.starts_at.date(), now.astimezone(SHANGHAI).date()
    if day == today:
        return None
    return "too_early" if today < day else "past"


def once_begun(appointment: Appointment, by: str, now: datetime) -> Reason | None:
    return "too_early" if now < appointment.starts_at else None


@dataclass(frozen=True, slots=True)
class Step:
    sources: tuple[State, ...]
    target: State
    guard: Guard = at_any_time


STEPS: Mapping[Event, Step] = {
    # A hold: taken (a new row), taken for another hour, given back, run out or its day closed.
    "held": Step(("pending",), "pending"),
    "released": Step(("pending",), "cancelled"),
    "expired": Step(("pending",), "expired"),
    # A hold that ran out is booked too, where its hour still has a seat.
    "booked": Step(("pending", "expired"), "booked"),
    "moved": Step(("booked",), "booked", until_it_begins),
    "cancelled": Step(("booked",), "cancelled", until_it_begins),
    # Who was marked as absent and came later that day, has come.
    "arrived": Step(("booked", "no_show"), "arrived", on_its_day),
    "done": Step(("arrived",), "done"),
    "no_show": Step(("booked",), "no_show", once_begun),
    # Nobody said what became of it, and its time to be kept is over.
    "lapsed": Step(("booked",), "expired", once_begun),
    "closed_out": Step(("arrived",), "done", once_begun),
}


def check(event: Event, appointment: Appointment, *, by: str, now: datetime) -> None:
    """Raises NotBookable where the table does not have the step, or not now, or not for `by`."""
    step = STEPS[event]
    reason = "not_open" if appointment.state not in step.sources else step.guard(appointment, by, now)
    if reason is not None:
        raise NotBookable(reason)


def begin(connection: Connection, *, event: Event, by: str, now: datetime, **values: Any) -> tuple[int, int]:
    """A new appointment in the state that `event` leads to. Returns its number and that of the line of history."""
    row = {"state": STEPS[event].target, "moves": 0, "created_at": now, "changed_at": now, **values}
    appointment_id: int = connection.execute(insert(appointments).values(row).returning(appointments.c.id)).scalar_one()
    return appointment_id, _note(connection, appointment_id, values["slot_id"], event, by, None, now)


def apply(
    connection: Connection,
    appointment_id: int,
    event: Event,
    *,
    by: str,
    now: datetime,
    reason: bytes | None = None,
    **values: Any,
) -> int:
    """Does the step, whose guard was checked, and returns the number of its line of history. `reason` is sealed,
    `values` are other columns that change with the step. Raises NotBookable (not_open) where the state has changed in
    between."""
    step = STEPS[event]
    row = {"state": step.target, "changed_at": now, "held_until": None, **values}
    if step.target in SEATLESS:
        row["seat_no"] = None
    changed = connection.execute(
        update(appointments)
        .where(appointments.c.id == appointment_id, appointments.c.state.in_(step.sources))
        .values(row)
        .returning(appointments.c.slot_id)
    ).scalar()
    if changed is None:
        raise NotBookable("not_open")
    return _note(connection, appointment_id, changed, event, by, reason, now)


def _note(
    connection: Connection, appointment_id: int, slot_id: int, event: Event, by: str, reason: bytes | None, at: datetime
) -> int:
    number: int = connection.execute(
        insert(appointment_events)
        .values(
            appointment_id=appointment_id,
            at=at,
            event=event,
            actor=by,
            reason_sealed=reason,
            slot_id=slot_id,
        )
        .returning(appointment_events.c.id)
    ).scalar_one()
    return number


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of history. `starts_at` and `site_code` are where the appointment stood after it."""

    at: datetime
    event: Event
    actor: str
    reason: str | None
    starts_at: datetime
    site_code: str


def history(connection: Connection, privacy: Privacy, appointment_id: int) -> list[Happened]:
    """All that happened to the appointment, oldest first; times are aware, in Asia/Shanghai."""
    rows = connection.execute(
        select(appointment_events, slots.c.starts_at, slots.c.site_code)
        .join_from(appointment_events, slots, appointment_events.c.slot_id == slots.c.id)
        .where(appointment_events.c.appointment_id == appointment_id)
        .order_by(appointment_events.c.id)
    )
    return [
        Happened(
            at=row.at.astimezone(SHANGHAI),
            event=row.event,
            actor=row.actor,
            reason=None if row.reason_sealed is None else privacy.open(row.reason_sealed),
            starts_at=row.starts_at.astimezone(SHANGHAI),
            site_code=row.site_code,
        )
        for row in rows
    ]
