"""A day on which a site or a window is closed, and what becomes of what was booked on it."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert

from citizen_bot.appointments import seats, states, telling
from citizen_bot.appointments.hours import Opening, bookable_days, days_between, judge, openings
from citizen_bot.appointments.models import appointments, closures, slots
from citizen_bot.appointments.records import Appointment, Hit, NotBookable, read, select_appointments
from citizen_bot.catalog.model import Site
from citizen_bot.platform.clock import SHANGHAI
from citizen_bot.platform.privacy import mask
from citizen_bot.rules import Office


def hits(
    connection: Connection, office: Office, *, site: Site, window_id: str | None, day: date, now: datetime
) -> Sequence[Appointment]:
    """The appointments that closing would hit: what is booked on that day and has not begun, earliest first. Raises
    NotBookable (past)."""
    _check_not_over(day, now)
    query = select_appointments().where(
        slots.c.site_code == site.code,
        *seats.within(day, day),
        slots.c.starts_at > now,
        appointments.c.state == "booked",
    )
    if window_id is not None:
        query = query.where(slots.c.window_id == window_id)
    rows = connection.execute(query.order_by(slots.c.starts_at, appointments.c.id))
    return [read(office.privacy, row) for row in rows]


def close_day(
    connection: Connection,
    office: Office,
    *,
    site: Site,
    window_id: str | None,
    day: date,
    reason: str,
    action: Literal["move", "cancel"],
    by: str,
    now: datetime,
) -> Sequence[Hit]:
    """Closes the site, or one window of it, for a day, and moves what is booked to the next free hour of the same
    window (or cancels it where there is none, or that is wanted). Who is hit and has WeChat is told, with `reason`.
    Closing again is no error. Raises NotBookable (past)."""
    _check_not_over(day, now)
    reason = mask(reason)
    why = office.privacy.seal(reason)
    last = max(day, bookable_days(office, now)[1]) if action == "move" else day
    days = list(days_between(day, last))
    # All hours at once, before anything is moved: the day's, so that who looks for a seat there waits and then sees the
    # closure; the later ones, so that they are locked in the one order.
    windows = [window_id] if window_id is not None else [window.id for window in office.rules.appointments.windows]
    seats.make(connection, office, site, windows, days)
    locked = seats.lock_days(connection, site.code, window_id, day, last)
    connection.execute(
        insert(closures)
        .values(site_code=site.code, window_id=window_id, day=day, reason=reason, closed_by=by, closed_at=now)
        .on_conflict_do_nothing()
    )
    seats.expire(connection, now, locked.keys())
    hit = _hit(connection, office, [slot for slot, opening in locked.items() if opening.starts_at.date() == day], now)
    room = _Room(connection, office, site, locked, now) if action == "move" else None
    done = [(appointment, room.next(appointment) if room else None) for appointment in hit]
    told = []
    for appointment, target in done:
        if target is None:
            event = states.apply(connection, appointment.id, "cancelled", by=by, now=now, reason=why)
        else:
            slot_id, seat_no, _ = target
            event = states.apply(
                connection, appointment.id, "moved", by=by, now=now, reason=why, slot_id=slot_id, seat_no=seat_no
            )
        told.append((appointment, event))
    for appointment, event in told:
        telling.resident(connection, appointment, event, now)
    return [Hit(appointment, None if target is None else target[2].starts_at) for appointment, target in done]


def reopen_day(connection: Connection, *, site: Site, window_id: str | None, day: date) -> bool:
    """Takes a closure back; what it moved or cancelled stays so. False where there was none."""
    gone = connection.execute(
        delete(closures).where(
            closures.c.site_code == site.code,
            closures.c.window_id.is_not_distinct_from(window_id),
            closures.c.day == day,
        )
    )
    return gone.rowcount > 0


def _check_not_over(day: date, now: datetime) -> None:
    if day < now.astimezone(SHANGHAI).date():
        raise NotBookable("past")


def _hit(connection: Connection, office: Office, slot_ids: list[int], now: datetime) -> list[Appointment]:
    """What is booked and has not begun in these locked hours, locked too. What is only held is given back."""
    taken = (
        select(appointments.c.id, appointments.c.state)
        .where(appointments.c.slot_id.in_(slot_ids), appointments.c.state.in_(["pending", "booked"]))
        .order_by(appointments.c.id)
        .with_for_update()
    )
    rows = connection.execute(taken).all()
    for row in rows:
        if row.state == "pending":
            states.apply(connection, row.id, "expired", by=states.SYSTEM, now=now)
    booked = [row.id for row in rows if row.state == "booked"]
    query = select_appointments().where(appointments.c.id.in_(booked), slots.c.starts_at > now)
    found = connection.execute(query.order_by(slots.c.starts_at, appointments.c.id))
    return [read(office.privacy, row) for row in found]


class _Room:
    """The free seats of locked hours, handed out one by one."""

    def __init__(
        self, connection: Connection, office: Office, site: Site, locked: dict[int, Opening], now: datetime
    ) -> None:
        rows = connection.execute(select(slots.c.id, slots.c.window_id).where(slots.c.id.in_(locked.keys())))
        self._window = {row.id: row.window_id for row in rows}
        days = {opening.starts_at.date() for opening in locked.values()}
        why_not = judge(office, now)
        bookable = {opening for day in days for opening in openings(office, day) if why_not(opening) is None}
        self._openings = {
            slot_id: opening
            for slot_id, opening in sorted(locked.items(), key=lambda item: item[1].starts_at)
            if opening in bookable
        }
        self._closed = {
            (closure.day, window)
            for closure in (seats.closed(connection, min(days), max(days), site_code=site.code) if days else [])
            for window in set(self._window.values())
            if closure.window_id in (None, window)
        }
        self._free = seats.free_seats(
            connection,
            {
                slot_id: seats.capacity(office, site, self._window[slot_id], opening)
                for slot_id, opening in self._openings.items()
            },
        )

    def next(self, appointment: Appointment) -> tuple[int, int, Opening] | None:
        """The next free hour on a later day: slot, seat and hour. One of extended hours goes to those first, any other
        never."""
        later = [
            (slot_id, opening)
            for slot_id, opening in self._openings.items()
            if self._window[slot_id] == appointment.window_id
            and opening.starts_at.date() > appointment.starts_at.date()
            and (opening.starts_at.date(), appointment.window_id) not in self._closed
            and self._free[slot_id]
        ]
        like = [entry for entry in later if entry[1].extended == appointment.extended]
        usual = [entry for entry in later if not entry[1].extended]
        for slot_id, opening in [*like, *usual][:1]:
            return slot_id, self._free[slot_id].pop(0), opening
        return None
