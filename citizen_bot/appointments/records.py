"""What the service gives out: hours, appointments, and why something cannot be booked."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import Connection, Select, select

from citizen_bot.appointments.models import appointments, slots
from citizen_bot.platform.clock import SHANGHAI
from citizen_bot.platform.numbers import APPOINTMENT
from citizen_bot.platform.privacy import Privacy

State = Literal["pending", "booked", "arrived", "done", "no_show", "cancelled", "expired"]
Via = Literal["wechat", "window", "phone"]
Reason = Literal[
    "full", "closed", "past", "too_late", "too_early", "no_such_hour", "extended_too_late", "same_item", "person_limit",
    "account_limit", "paused", "moves", "hold_ended", "not_open", "not_here",
]  # fmt: skip


class NotBookable(Exception):
    """The rules say no.

    `reason`: full; closed (the day, or the site or window on it); past; too_late (shortly before it begins); too_early
    (not open for booking yet, or, of what happens at the window, not the day or hour yet); no_such_hour;
    extended_too_late; same_item, person_limit, account_limit, paused (limits); moves; hold_ended (and the seat is
    gone); not_open (nothing there that this can be done with); not_here (the item is not taken here).
    `until`: the first day on which a paused person can book again. `existing`: the appointment that is in the way.
    """

    def __init__(self, reason: Reason, *, until: date | None = None, existing: "Appointment | None" = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.until = until
        self.existing = existing


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour that can be booked. `starts_at` and `ends_at` are aware, in Asia/Shanghai; `free` is at least 1."""

    site_code: str
    window_id: str
    starts_at: datetime
    ends_at: datetime
    extended: bool
    free: int


@dataclass(frozen=True, slots=True)
class Appointment:
    """`code` is what people say; times are aware, in Asia/Shanghai. `name` and `phone` are None while it is pending,
    and once it is made anonymous. `moves` counts the resident's own."""

    id: int
    code: str
    state: State
    item: str
    site_code: str
    window_id: str
    starts_at: datetime
    ends_at: datetime
    extended: bool
    name: str | None
    phone: str | None
    resident_id: int | None
    catalogue_hash: str
    via: Via
    moves: int
    held_until: datetime | None


@dataclass(frozen=True, slots=True)
class Closure:
    """A day on which a site, or one window of it (`window_id`), takes nobody."""

    site_code: str
    window_id: str | None
    day: date
    reason: str
    closed_by: str


@dataclass(frozen=True, slots=True)
class Hit:
    """An appointment on a day that is closed, as it was before, and where it went: None is cancelled, or not yet
    decided."""

    appointment: Appointment
    moved_to: datetime | None


def select_appointments() -> Select[Any]:
    """Appointments with their hours: the rows that `read` takes, without an order."""
    hour = (slots.c.site_code, slots.c.window_id, slots.c.starts_at, slots.c.ends_at, slots.c.extended)
    return select(appointments, *hour).join_from(appointments, slots, appointments.c.slot_id == slots.c.id)


def read(privacy: Privacy, row: Any) -> Appointment:
    return Appointment(
        id=row.id,
        code=APPOINTMENT.spell(row.id),
        state=row.state,
        item=row.item,
        site_code=row.site_code,
        window_id=row.window_id,
        starts_at=row.starts_at.astimezone(SHANGHAI),
        ends_at=row.ends_at.astimezone(SHANGHAI),
        extended=row.extended,
        name=None if row.name_sealed is None else privacy.open(row.name_sealed),
        phone=None if row.phone_sealed is None else privacy.open(row.phone_sealed),
        resident_id=row.resident_id,
        catalogue_hash=row.catalogue_hash,
        via=row.via,
        moves=row.moves,
        held_until=None if row.held_until is None else row.held_until.astimezone(SHANGHAI),
    )


def get(connection: Connection, privacy: Privacy, appointment_id: int) -> Appointment:
    """Raises sqlalchemy.exc.NoResultFound."""
    row = connection.execute(select_appointments().where(appointments.c.id == appointment_id)).one()
    return read(privacy, row)
