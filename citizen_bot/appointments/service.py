"""Appointments: hours, seats, and who has them.

Public: bookable_days, window_at, free_hours; hold, confirm, release of a resident, book of staff; move, cancel, arrive,
finish, miss; find, open_of, listed, history; closures, hits, close_day, reopen_day; remind, anonymise_old.

All functions work in the caller's transaction. They lock in one order (seats.py), so call at most one of those that
change something in a transaction, or repeat it after a deadlock (platform.database.retrying).
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, func, select

from citizen_bot.appointments import claims, limits, seats, states, telling
from citizen_bot.appointments.claims import window_at
from citizen_bot.appointments.closing import close_day, hits, reopen_day
from citizen_bot.appointments.hours import Opening, bookable_days, days_between, judge, openings
from citizen_bot.appointments.models import appointments, slots
from citizen_bot.appointments.nightly import anonymise_old, remind
from citizen_bot.appointments.records import (
    Appointment,
    Closure,
    Hit,
    Hour,
    NotBookable,
    Reason,
    State,
    Via,
    get,
    read,
    select_appointments,
)
from citizen_bot.appointments.seats import closed as _closed
from citizen_bot.appointments.states import RESIDENT, Event, Happened, history
from citizen_bot.catalog.model import Guide, Site
from citizen_bot.people.contacts import contact_columns, person_index
from citizen_bot.people.models import residents
from citizen_bot.platform.clock import SHANGHAI
from citizen_bot.platform.privacy import mask, mask_name
from citizen_bot.rules import Office

__all__ = [
    "Appointment",
    "Closure",
    "Happened",
    "Hit",
    "Hour",
    "NotBookable",
    "Reason",
    "State",
    "Via",
    "anonymise_old",
    "arrive",
    "book",
    "bookable_days",
    "cancel",
    "close_day",
    "closures",
    "confirm",
    "find",
    "finish",
    "free_hours",
    "history",
    "hits",
    "hold",
    "listed",
    "miss",
    "move",
    "open_of",
    "release",
    "remind",
    "reopen_day",
    "window_at",
]

log = structlog.get_logger(__name__)


def free_hours(
    connection: Connection,
    office: Office,
    *,
    site: Site,
    window_id: str,
    first: date,
    last: date,
    now: datetime,
    limit: int | None = None,
) -> list[Hour]:
    """The hours that can be booked now, from `first` to `last` (both inside), earliest first. Reads only."""
    earliest, latest = bookable_days(office, now)
    first, last = max(first, earliest), min(last, latest)
    closed = {closure.day for closure in _closed(connection, first, last, site_code=site.code, window=window_id)}
    taken = seats.taken(connection, site.code, window_id, first, last, now)
    why_not = judge(office, now)
    found: list[Hour] = []
    for day in days_between(first, last):
        for opening in openings(office, day) if day not in closed else ():
            free = seats.capacity(office, site, window_id, opening) - taken.get(opening.starts_at, 0)
            if free > 0 and why_not(opening) is None:
                hour = (opening.starts_at, opening.ends_at, opening.extended, free)
                found.append(Hour(site.code, window_id, *hour))
    return found[:limit]


def closures(connection: Connection, *, first: date, last: date, site_code: str | None = None) -> list[Closure]:
    """What is closed on these days (both inside), by day."""
    return _closed(connection, first, last, site_code=site_code)


def hold(
    connection: Connection,
    office: Office,
    *,
    resident_id: int,
    guide: Guide,
    site: Site,
    starts_at: datetime,
    catalogue_hash: str,
    now: datetime,
) -> Appointment:
    """Takes a seat for the resident, who has yet to say for whom; one at a time: an earlier one is given back. The same
    hour again is the same hold, kept longer.

    For whom is asked afterwards, so the limits are checked by `confirm`. Raises NotBookable; then an earlier hold is
    still held.
    """
    _lock_resident(connection, resident_id)
    window, opening = claims.wanted(office, guide, site, starts_at, now)
    own = _pending(connection, resident_id)
    slot_id = claims.claim(
        connection, office, site, window, opening, now, also=own and own.slot_id, keep=own and own.id
    )
    if own is not None and _lock_appointment(connection, own.id) != "pending":
        # Given back by another's transaction while this one waited for the hour.
        own = None
    values: dict[str, Any] = {
        "slot_id": slot_id,
        "held_until": now + timedelta(minutes=office.rules.appointments.hold_minutes),
        "item": guide.id,
        "catalogue_hash": catalogue_hash,
    }
    if own is None or own.slot_id != slot_id:
        values["seat_no"] = claims.free_seat(connection, office, site, window, opening, slot_id)
    if own is None:
        new = {"resident_id": resident_id, "via": "wechat", **values}
        number, _ = states.begin(connection, event="held", by=RESIDENT, now=now, **new)
    else:
        number = own.id
        states.apply(connection, number, "held", by=RESIDENT, now=now, **values)
    return get(connection, office.privacy, number)


def confirm(
    connection: Connection, office: Office, *, resident_id: int, name: str, phone: str, now: datetime
) -> Appointment:
    """Books what the resident holds, for the person of that name; a hold that has run out is taken again where the seat
    is still free. Confirmed a second time for the same person, it is the same appointment.

    Raises NotBookable: the limits; past, closed, hold_ended where the hour is gone; not_open where nothing was held.
    """
    lookup = _lock_resident(connection, resident_id)
    person = person_index(office.privacy, lookup=lookup, name=name, phone=phone)
    latest = _latest(connection, resident_id)
    if latest is not None and latest.state == "booked" and latest.person_index == person:
        return read(office.privacy, latest)
    if latest is None or latest.state not in ("pending", "expired") or latest.person_index is not None:
        raise NotBookable("not_open")
    if now >= latest.starts_at:
        raise NotBookable("past")
    limits.check_person(connection, office, person=person, item=latest.item, now=now)
    limits.check_account(connection, office, resident_id=resident_id, now=now)
    seats.lock(connection, [latest.slot_id])
    claims.check_open(connection, latest.starts_at, latest.site_code, latest.window_id)
    values: dict[str, Any] = {"person_index": person, **contact_columns(office.privacy, name=name, phone=phone)}
    ran_out = latest.state == "expired" or latest.held_until <= now
    if ran_out and judge(office, now)(_opening(latest)) is not None:
        raise NotBookable("hold_ended")
    # The lock on the hour keeps everybody else from it, but not the sweep, which takes only the row.
    if _lock_appointment(connection, latest.id) == "expired":
        seats.expire(connection, now, [latest.slot_id])
        free = seats.free_seats(connection, {latest.slot_id: None})[latest.slot_id]
        if not free:
            raise NotBookable("hold_ended")
        values["seat_no"] = free[0]
    event = states.apply(connection, latest.id, "booked", by=RESIDENT, now=now, **values)
    return _booked(connection, office, latest.id, event, now)


def release(connection: Connection, *, resident_id: int, now: datetime) -> None:
    """Gives back what the resident holds, if anything."""
    _lock_resident(connection, resident_id)
    own = _pending(connection, resident_id)
    if own is not None and _lock_appointment(connection, own.id) == "pending":
        states.apply(connection, own.id, "released", by=RESIDENT, now=now)


def book(
    connection: Connection,
    office: Office,
    *,
    guide: Guide,
    site: Site,
    starts_at: datetime,
    name: str,
    phone: str,
    via: Via,
    by: str,
    catalogue_hash: str,
    now: datetime,
) -> Appointment:
    """Staff book for somebody at the window or on the phone, by the same rules. Raises NotBookable."""
    person = person_index(office.privacy, lookup=None, name=name, phone=phone)
    # Two counters that book for one person, one after the other.
    connection.execute(select(func.pg_advisory_xact_lock(int.from_bytes(person[:8], signed=True))))
    window, opening = claims.wanted(office, guide, site, starts_at, now)
    limits.check_person(connection, office, person=person, item=guide.id, now=now)
    slot_id = claims.claim(connection, office, site, window, opening, now)
    number, event = states.begin(
        connection,
        event="booked",
        by=by,
        now=now,
        slot_id=slot_id,
        seat_no=claims.free_seat(connection, office, site, window, opening, slot_id),
        item=guide.id,
        catalogue_hash=catalogue_hash,
        via=via,
        person_index=person,
        **contact_columns(office.privacy, name=name, phone=phone),
    )
    return _booked(connection, office, number, event, now)


def find(connection: Connection, office: Office, appointment_id: int) -> Appointment | None:
    row = connection.execute(select_appointments().where(appointments.c.id == appointment_id)).one_or_none()
    return None if row is None else read(office.privacy, row)


def open_of(
    connection: Connection, office: Office, resident_id: int, *, now: datetime | None = None
) -> list[Appointment]:
    """What the account has booked and not yet used or given back, earliest first; without what is only held, and, from
    `now` on, without what is over."""
    query = select_appointments().where(appointments.c.resident_id == resident_id, appointments.c.state == "booked")
    if now is not None:
        query = query.where(slots.c.ends_at > now)
    rows = connection.execute(query.order_by(slots.c.starts_at, appointments.c.id))
    return [read(office.privacy, row) for row in rows]


def listed(
    connection: Connection,
    office: Office,
    *,
    site_code: str | None = None,
    day: date | None = None,
    state: State | None = None,
) -> list[Appointment]:
    """By time; without a `state` all but what was given back or is only held."""
    shown = appointments.c.state.in_(("booked", "arrived", "done", "no_show") if state is None else (state,))
    query = select_appointments().where(shown)
    if site_code is not None:
        query = query.where(slots.c.site_code == site_code)
    if day is not None:
        query = query.where(*seats.within(day, day))
    rows = connection.execute(query.order_by(slots.c.starts_at, slots.c.site_code, appointments.c.id))
    return [read(office.privacy, row) for row in rows]


def move(
    connection: Connection,
    office: Office,
    appointment_id: int,
    *,
    guide: Guide | None,
    site: Site,
    starts_at: datetime,
    by: str,
    now: datetime,
) -> Appointment:
    """Takes the new seat and gives back the old one in one act. To where it is already, nothing happens.

    A resident (`by` "resident") can move it so many times, until it begins. `guide`: the item's; without one, which is
    no longer in the catalogue, it stays at its site. Raises NotBookable; then nothing has changed.
    """
    before = _known(connection, office, appointment_id)
    states.check("moved", before, by=by, now=now)
    if (before.site_code, before.starts_at) == (site.code, starts_at):
        return before
    window = before.window_id
    if site.code != before.site_code:
        if guide is None:
            raise NotBookable("not_here")
        window = claims.window_at(office, guide, site)
    opening = claims.bookable(office, site, window, starts_at, now)
    old = seats.slot_of(connection, before.site_code, before.window_id, before.starts_at)
    slot_id = claims.claim(connection, office, site, window, opening, now, also=old)
    _lock_appointment(connection, appointment_id)
    before = get(connection, office.privacy, appointment_id)
    states.check("moved", before, by=by, now=now)
    if by == RESIDENT and before.moves >= office.rules.appointments.most_moves:
        raise NotBookable("moves")
    if (before.site_code, before.starts_at) == (site.code, starts_at):
        return before
    event = states.apply(
        connection,
        appointment_id,
        "moved",
        by=by,
        now=now,
        slot_id=slot_id,
        seat_no=claims.free_seat(connection, office, site, window, opening, slot_id),
        moves=before.moves + (by == RESIDENT),
    )
    after = get(connection, office.privacy, appointment_id)
    _tell(connection, after, {before.site_code, after.site_code}, event, by, now)
    return after


def cancel(
    connection: Connection, office: Office, appointment_id: int, *, by: str, reason: str | None, now: datetime
) -> Appointment:
    """Until the hour begins for the resident (`by` "resident"), at any time for staff. Raises NotBookable (not_open,
    past)."""
    before = _locked(connection, office, appointment_id)
    states.check("cancelled", before, by=by, now=now)
    why = None if reason is None else office.privacy.seal(mask(_discreet(reason, before)))
    event = states.apply(connection, appointment_id, "cancelled", by=by, now=now, reason=why)
    after = get(connection, office.privacy, appointment_id)
    _tell(connection, after, {after.site_code}, event, by, now)
    return after


def arrive(connection: Connection, office: Office, appointment_id: int, *, by: str, now: datetime) -> Appointment:
    """The person came, on the day; also after having been marked as absent. Raises NotBookable (not_open, too_early,
    past)."""
    return _step(connection, office, appointment_id, ("arrived",), by, now)


def finish(connection: Connection, office: Office, appointment_id: int, *, by: str, now: datetime) -> Appointment:
    """It is done. Who was not marked as arrived is so with this, on the day. Raises NotBookable as `arrive`."""
    before = _locked(connection, office, appointment_id)
    events: tuple[Event, ...] = ("done",) if before.state == "arrived" else ("arrived", "done")
    return _step(connection, office, appointment_id, events, by, now)


def miss(connection: Connection, office: Office, appointment_id: int, *, by: str, now: datetime) -> Appointment:
    """The person did not come; only after the hour has begun. Raises NotBookable (not_open, too_early)."""
    return _step(connection, office, appointment_id, ("no_show",), by, now)


def _discreet(reason: str, appointment: Appointment) -> str:
    """`reason` without the name of the person served."""
    return reason.replace(appointment.name, mask_name(appointment.name)) if appointment.name else reason


def _lock_resident(connection: Connection, resident_id: int) -> bytes:
    """One account, one act at a time. Returns the blind index of the account."""
    query = select(residents.c.lookup).where(residents.c.id == resident_id)
    lookup: bytes = connection.execute(query.with_for_update(key_share=True)).scalar_one()
    return lookup


def _lock_appointment(connection: Connection, appointment_id: int) -> State:
    query = select(appointments.c.state).where(appointments.c.id == appointment_id)
    state: State = connection.execute(query.with_for_update()).scalar_one()
    return state


def _pending(connection: Connection, resident_id: int) -> Any:
    query = select(appointments.c.id, appointments.c.slot_id)
    own = query.where(appointments.c.resident_id == resident_id, appointments.c.state == "pending")
    return connection.execute(own).one_or_none()


def _latest(connection: Connection, resident_id: int) -> Any:
    """What the resident holds, else the newest of the account's appointments."""
    query = select_appointments().where(appointments.c.resident_id == resident_id)
    newest = query.order_by((appointments.c.state == "pending").desc(), appointments.c.id.desc()).limit(1)
    return connection.execute(newest).one_or_none()


def _opening(row: Any) -> Opening:
    return Opening(row.starts_at.astimezone(SHANGHAI), row.ends_at.astimezone(SHANGHAI), row.extended)


def _known(connection: Connection, office: Office, appointment_id: int) -> Appointment:
    appointment = find(connection, office, appointment_id)
    if appointment is None:
        raise NotBookable("not_open")
    return appointment


def _locked(connection: Connection, office: Office, appointment_id: int) -> Appointment:
    """The appointment's row locked, and then read: a join that waits for a lock may miss a row that moved meanwhile."""
    _known(connection, office, appointment_id)
    _lock_appointment(connection, appointment_id)
    return get(connection, office.privacy, appointment_id)


def _step(
    connection: Connection, office: Office, appointment_id: int, events: Sequence[Event], by: str, now: datetime
) -> Appointment:
    for event in events:
        states.check(event, _locked(connection, office, appointment_id), by=by, now=now)
        states.apply(connection, appointment_id, event, by=by, now=now)
    return get(connection, office.privacy, appointment_id)


def _booked(connection: Connection, office: Office, appointment_id: int, event: int, now: datetime) -> Appointment:
    appointment = get(connection, office.privacy, appointment_id)
    telling.staff(connection, appointment, {appointment.site_code}, event, now)
    return appointment


def _tell(
    connection: Connection, appointment: Appointment, sites: set[str], event: int, by: str, now: datetime
) -> None:
    if by != RESIDENT:
        telling.resident(connection, appointment, event, now)
    telling.staff(connection, appointment, sites, event, now)
