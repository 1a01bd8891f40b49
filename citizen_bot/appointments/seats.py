"""Seats as rows: made before they are looked for, locked, and taken.

Locks, in this order in every transaction, so that no two wait for each other:

1. who books: the resident's row, or an advisory lock on the person (service.py);
2. hours that have to be made first, by site, window and time (a second maker waits at the unique key);
3. all hours that the act touches, at once, by their id;
4. appointments, by their id.

Hours are locked FOR NO KEY UPDATE: it keeps two acts on one hour apart, as FOR UPDATE does, but lets pass the check
of the foreign key when somebody who already has an appointment's row (3 is behind him) writes its history.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, time, timedelta

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from citizen_bot.appointments import states
from citizen_bot.appointments.hours import Opening, openings
from citizen_bot.appointments.models import appointments, closures, seats, slots
from citizen_bot.appointments.records import Closure
from citizen_bot.appointments.states import SYSTEM
from citizen_bot.catalog.model import Site
from citizen_bot.platform.clock import SHANGHAI
from citizen_bot.rules import Office


def make(connection: Connection, office: Office, site: Site, windows: Collection[str], days: Collection[date]) -> None:
    """Makes the hours and seats of these windows and days that are not there yet."""
    wanted = {
        (window, opening.starts_at): opening
        for window in sorted(windows)
        for day in sorted(days)
        for opening in openings(office, day)
        if capacity(office, site, window, opening) > 0
    }
    if not wanted:
        return
    found = _made(connection, site, windows, days)
    missing = [
        {
            "site_code": site.code,
            "window_id": window,
            "starts_at": opening.starts_at,
            "ends_at": opening.ends_at,
            "extended": opening.extended,
        }
        for (window, _), opening in wanted.items()
        if (window, opening.starts_at) not in found
    ]
    if missing:
        connection.execute(insert(slots).values(missing).on_conflict_do_nothing())
        found = _made(connection, site, windows, days)
    # Also where the office has given an hour more seats than it had.
    lacking = [
        {"slot_id": slot_id, "seat_no": seat_no}
        for slot_id, window, opening, has in sorted(
            (found[key][0], key[0], opening, found[key][1]) for key, opening in wanted.items() if key in found
        )
        for seat_no in range(has + 1, capacity(office, site, window, opening) + 1)
    ]
    if lacking:
        connection.execute(insert(seats).values(lacking).on_conflict_do_nothing())


def capacity(office: Office, site: Site, window: str, opening: Opening) -> int:
    """How many people the hour takes by the rules of now."""
    return office.rules.appointments.seats_of(site, window, extended=opening.extended)


def slot_of(connection: Connection, site_code: str, window: str, starts_at: datetime) -> int:
    """Raises sqlalchemy.exc.NoResultFound for an hour that was not made."""
    query = select(slots.c.id).where(
        slots.c.site_code == site_code, slots.c.window_id == window, slots.c.starts_at == starts_at
    )
    slot_id: int = connection.execute(query).scalar_one()
    return slot_id


def lock(connection: Connection, slot_ids: Iterable[int]) -> None:
    query = select(slots.c.id).where(slots.c.id.in_(set(slot_ids))).order_by(slots.c.id)
    connection.execute(query.with_for_update(key_share=True)).all()


def lock_days(
    connection: Connection, site_code: str, window: str | None, first: date, last: date
) -> dict[int, Opening]:
    """Locks all hours of a site, or of one window of it, on these days (both inside)."""
    query = select(slots).where(slots.c.site_code == site_code, *within(first, last)).order_by(slots.c.id)
    if window is not None:
        query = query.where(slots.c.window_id == window)
    rows = connection.execute(query.with_for_update(key_share=True))
    return {
        row.id: Opening(row.starts_at.astimezone(SHANGHAI), row.ends_at.astimezone(SHANGHAI), row.extended)
        for row in rows
    }


def expire(connection: Connection, now: datetime, slot_ids: Collection[int], *, but: int | None = None) -> None:
    """Gives back the holds on these locked hours that have run out, except the appointment `but`."""
    run_out = (
        select(appointments.c.id)
        .where(
            appointments.c.slot_id.in_(slot_ids),
            appointments.c.state == "pending",
            appointments.c.held_until <= now,
            appointments.c.id != (but or 0),
        )
        .order_by(appointments.c.id)
        .with_for_update()
    )
    for appointment_id in connection.execute(run_out).scalars().all():
        states.apply(connection, appointment_id, "expired", by=SYSTEM, now=now)


def free_seats(connection: Connection, most: Mapping[int, int | None]) -> dict[int, list[int]]:
    """The free seats of locked hours, lowest first; `most` is how many people each takes, None for all its seats.

    A free seat is one to which no appointment points. Where the office has taken seats away from an hour, those who
    have them keep them, and count.
    """
    rows = connection.execute(
        select(seats.c.slot_id, seats.c.seat_no, appointments.c.id.label("taken_by"))
        .join_from(
            seats,
            appointments,
            and_(appointments.c.slot_id == seats.c.slot_id, appointments.c.seat_no == seats.c.seat_no),
            isouter=True,
        )
        .where(seats.c.slot_id.in_(most.keys()))
        .order_by(seats.c.slot_id, seats.c.seat_no)
    ).all()
    free: dict[int, list[int]] = {slot_id: [] for slot_id in most}
    taken = dict.fromkeys(most, 0)
    for row in rows:
        if row.taken_by is None:
            free[row.slot_id].append(row.seat_no)
        else:
            taken[row.slot_id] += 1
    return {
        slot_id: free[slot_id] if limit is None else free[slot_id][: max(0, limit - taken[slot_id])]
        for slot_id, limit in most.items()
    }


def taken(
    connection: Connection, site_code: str, window: str, first: date, last: date, now: datetime
) -> dict[datetime, int]:
    """How many seats of each hour are taken, by its start; holds that have run out are not."""
    rows = connection.execute(
        select(slots.c.starts_at, func.count())
        .join_from(slots, appointments, appointments.c.slot_id == slots.c.id)
        .where(
            slots.c.site_code == site_code,
            slots.c.window_id == window,
            *within(first, last),
            appointments.c.seat_no.is_not(None),
            or_(appointments.c.state != "pending", appointments.c.held_until > now),
        )
        .group_by(slots.c.starts_at)
    )
    return {starts_at: count for starts_at, count in rows}  # noqa: C416 - rows are no pairs to a type checker


def closed(
    connection: Connection, first: date, last: date, *, site_code: str | None = None, window: str | None = None
) -> list[Closure]:
    """What is closed on these days (both inside), by day; with a `window` only what closes that one."""
    query = select(closures).where(closures.c.day.between(first, last))
    if site_code is not None:
        query = query.where(closures.c.site_code == site_code)
    if window is not None:
        query = query.where(or_(closures.c.window_id.is_(None), closures.c.window_id == window))
    rows = connection.execute(query.order_by(closures.c.day, closures.c.site_code, closures.c.id))
    return [Closure(row.site_code, row.window_id, row.day, row.reason, row.closed_by) for row in rows]


def _made(
    connection: Connection, site: Site, windows: Collection[str], days: Collection[date]
) -> dict[tuple[str, datetime], tuple[int, int]]:
    """The hours that are there, by window and start: their ids and how many seats they have."""
    rows = connection.execute(
        select(slots.c.id, slots.c.window_id, slots.c.starts_at, func.count(seats.c.seat_no).label("seats"))
        .join_from(slots, seats, seats.c.slot_id == slots.c.id, isouter=True)
        .where(slots.c.site_code == site.code, slots.c.window_id.in_(windows), *within(min(days), max(days)))
        .group_by(slots.c.id)
    )
    return {(row.window_id, row.starts_at): (row.id, row.seats) for row in rows}


def within(first: date, last: date) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """The condition that an hour is on one of these days (both inside) of Asia/Shanghai."""
    begin, end = (datetime.combine(day, time(), SHANGHAI) for day in (first, last + timedelta(days=1)))
    return slots.c.starts_at >= begin, slots.c.starts_at < end
