"""How much one person and one account may book. The caller holds the lock of whoever books (seats.py)."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from citizen_bot.appointments.models import appointments, slots
from citizen_bot.appointments.records import NotBookable, read, select_appointments
from citizen_bot.platform.clock import SHANGHAI
from citizen_bot.rules import Office


def check_person(connection: Connection, office: Office, *, person: bytes, item: str, now: datetime) -> None:
    """Raises NotBookable: same_item, person_limit or paused."""
    rules = office.rules.appointments
    query = (
        select_appointments()
        .where(appointments.c.person_index == person, appointments.c.state == "booked", slots.c.ends_at > now)
        .order_by(slots.c.starts_at, appointments.c.id)
    )
    booked = connection.execute(query).all()
    same = [row for row in booked if row.item == item]
    if len(same) >= rules.most_of_same_item:
        raise NotBookable("same_item", existing=read(office.privacy, same[0]))
    if len(booked) >= rules.most_of_person:
        raise NotBookable("person_limit", existing=read(office.privacy, booked[0]))
    _check_pause(connection, office, person, now)


def check_account(connection: Connection, office: Office, *, resident_id: int, now: datetime) -> None:
    """Raises NotBookable (account_limit)."""
    query = (
        select(func.count())
        .select_from(appointments)
        .join(slots, appointments.c.slot_id == slots.c.id)
        .where(appointments.c.resident_id == resident_id, appointments.c.state == "booked", slots.c.ends_at > now)
    )
    if connection.execute(query).scalar_one() >= office.rules.appointments.most_of_account:
        raise NotBookable("account_limit")


def _check_pause(connection: Connection, office: Office, person: bytes, now: datetime) -> None:
    """Who did not come too often within some days cannot book for a while after the last of these times."""
    rules = office.rules.appointments
    within, pause = timedelta(days=rules.no_shows_within_days), timedelta(days=rules.pause_days)
    query = (
        select(slots.c.starts_at)
        .join_from(appointments, slots, appointments.c.slot_id == slots.c.id)
        .where(
            appointments.c.person_index == person,
            appointments.c.state == "no_show",
            slots.c.starts_at >= now - within - pause,
        )
        .order_by(slots.c.starts_at)
    )
    missed = connection.execute(query).scalars().all()
    runs = zip(missed, missed[rules.no_shows - 1 :], strict=False)
    last = max((last for first, last in runs if last - first <= within), default=None)
    if last is None:
        return
    until = last.astimezone(SHANGHAI).date() + pause
    if now.astimezone(SHANGHAI).date() < until:
        raise NotBookable("paused", until=until)
