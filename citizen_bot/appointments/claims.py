"""An hour that somebody wants: whether it can be booked, and a seat in it."""

from datetime import datetime

import structlog
from sqlalchemy import Connection

from citizen_bot.appointments import seats
from citizen_bot.appointments.hours import Opening, judge, opening_at, openings
from citizen_bot.appointments.records import NotBookable
from citizen_bot.catalog.model import Guide, Site
from citizen_bot.platform.clock import SHANGHAI
from citizen_bot.rules import Office

log = structlog.get_logger(__name__)


def wanted(office: Office, guide: Guide, site: Site, starts_at: datetime, now: datetime) -> tuple[str, Opening]:
    """The window that takes the item and the hour at it. Raises NotBookable."""
    window = window_at(office, guide, site)
    return window, bookable(office, site, window, starts_at, now)


def window_at(office: Office, guide: Guide, site: Site) -> str:
    """The window that takes the item at the site. Raises NotBookable (not_here)."""
    rules = office.rules.appointments
    if guide.id in rules.not_bookable or site.level not in guide.levels:
        raise NotBookable("not_here")
    return rules.window_of(guide).id


def bookable(office: Office, site: Site, window: str, starts_at: datetime, now: datetime) -> Opening:
    """Raises NotBookable for an hour that the window does not have or that cannot be booked now."""
    if starts_at <= now:
        raise NotBookable("past")
    opening = opening_at(office, starts_at)
    if opening is None or seats.capacity(office, site, window, opening) == 0:
        day = starts_at.astimezone(SHANGHAI).date()
        raise NotBookable("no_such_hour" if openings(office, day) else "closed")
    reason = judge(office, now)(opening)
    if reason is not None:
        raise NotBookable(reason)
    return opening


def claim(
    connection: Connection,
    office: Office,
    site: Site,
    window: str,
    opening: Opening,
    now: datetime,
    *,
    also: int | None = None,
    keep: int | None = None,
) -> int:
    """Makes and locks the hour, with the hour `also` that is given up, and gives back what has run out there except the
    appointment `keep`. Raises NotBookable (closed)."""
    day = opening.starts_at.date()
    seats.make(connection, office, site, [window], [day])
    slot_id = seats.slot_of(connection, site.code, window, opening.starts_at)
    touched = [slot_id] if also is None else [slot_id, also]
    seats.lock(connection, touched)
    check_open(connection, opening.starts_at, site.code, window)
    seats.expire(connection, now, touched, but=keep)
    return slot_id


def check_open(connection: Connection, starts_at: datetime, site_code: str, window: str) -> None:
    """A statement of its own, after the lock on the hour: it sees the closure that the lock had to wait for."""
    day = starts_at.astimezone(SHANGHAI).date()
    if seats.closed(connection, day, day, site_code=site_code, window=window):
        raise NotBookable("closed")


def free_seat(connection: Connection, office: Office, site: Site, window: str, opening: Opening, slot_id: int) -> int:
    """The lowest free seat of the locked hour. Raises NotBookable (full)."""
    most = seats.capacity(office, site, window, opening)
    free = seats.free_seats(connection, {slot_id: most})[slot_id]
    log.info("seat", slot=slot_id, seats=most, free=len(free))
    if not free:
        raise NotBookable("full")
    return free[0]
