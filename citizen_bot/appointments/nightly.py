"""What is done by the clock: reminders, and taking persons out of what is old."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, and_, or_, select, update

from citizen_bot.appointments import seats, states, telling
from citizen_bot.appointments.models import appointment_events, appointments, slots
from citizen_bot.appointments.records import State
from citizen_bot.appointments.states import SYSTEM, Event
from citizen_bot.platform.clock import SHANGHAI
from citizen_bot.rules import Office

# Nobody is reminded at night.
MORNING = time(7)


def remind(connection: Connection, office: Office, now: datetime) -> int:
    """From the hour of reminders on, tells every resident who has an appointment tomorrow, and in the morning who was
    not told in the evening of today's; any number of times, each is told once of each hour. Returns how many have one.

    Who booked or moved it later than that hour has just read when it is.
    """
    local, hour = now.astimezone(SHANGHAI), office.rules.appointments.reminder_at
    if local.time() < min(MORNING, hour):
        return 0
    day = local.date() + timedelta(days=1 if local.time() >= hour else 0)
    remind_at = datetime.combine(day - timedelta(days=1), hour, SHANGHAI)
    rows = connection.execute(
        select(appointments.c.id, appointments.c.resident_id, slots.c.starts_at)
        .join_from(appointments, slots, appointments.c.slot_id == slots.c.id)
        .where(
            appointments.c.state == "booked",
            appointments.c.resident_id.is_not(None),
            appointments.c.changed_at < remind_at,
            slots.c.starts_at > now,
            *seats.within(day, day),
        )
        .order_by(appointments.c.id)
    ).all()
    for row in rows:
        telling.reminder(connection, row.id, row.resident_id, row.starts_at, now)
    return len(rows)


def anonymise_old(connection: Connection, office: Office, now: datetime) -> int:
    """Gives back holds that have run out, and takes the person out of every appointment whose time to be kept is over.
    Returns how many were made anonymous."""
    for appointment_id in _unlocked(connection, appointments.c.state == "pending", appointments.c.held_until <= now):
        states.apply(connection, appointment_id, "expired", by=SYSTEM, now=now)
    until = _midnight(now) - timedelta(days=office.rules.appointments.keep_days)
    old = appointments.c.slot_id.in_(select(slots.c.id).where(slots.c.starts_at < until))
    left: tuple[tuple[State, Event], ...] = (("booked", "lapsed"), ("arrived", "closed_out"))
    for state, event in left:
        for appointment_id in _unlocked(connection, appointments.c.state == state, old):
            states.apply(connection, appointment_id, event, by=SYSTEM, now=now)
    personal = ("person_index", "name_sealed", "name_index", "phone_sealed", "phone_index", "phone_tail_index")
    columns = [appointments.c[name] for name in ("resident_id", *personal)]
    finished = appointments.c.state.not_in(["pending", "booked", "arrived"])
    ids = _unlocked(connection, old, finished, or_(*(column.is_not(None) for column in columns)))
    connection.execute(
        update(appointments).where(appointments.c.id.in_(ids)).values(dict.fromkeys(c.name for c in columns))
    )
    words = and_(appointment_events.c.appointment_id.in_(ids), appointment_events.c.reason_sealed.is_not(None))
    connection.execute(update(appointment_events).where(words).values(reason_sealed=None))
    return len(ids)


def _unlocked(connection: Connection, *conditions: Any) -> Sequence[int]:
    """The appointments of which this holds, locked; what somebody works on just now comes the next time."""
    query = select(appointments.c.id).where(*conditions).order_by(appointments.c.id)
    return connection.execute(query.with_for_update(skip_locked=True)).scalars().all()


def _midnight(now: datetime) -> datetime:
    """The last one in Asia/Shanghai."""
    return datetime.combine(now.astimezone(SHANGHAI).date(), time(), SHANGHAI)
