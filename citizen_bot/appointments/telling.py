"""Who is told of what happens to an appointment. The last thing in every act: telling waits for others who tell too."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from citizen_bot.appointments.records import Appointment
from citizen_bot.notifications import service as notifications

STAFF = "appointment.staff"
CHANGED = "appointment.changed"
REMINDER = "appointment.reminder"


def staff(connection: Connection, appointment: Appointment, sites: Iterable[str], event: int, now: datetime) -> None:
    """The staff of these sites, of the line `event` of the appointment's history."""
    recipients = [found for code in sorted(set(sites)) for found in notifications.site_recipients(connection, code)]
    notifications.tell(connection, STAFF, appointment.id, recipients, occasion=str(event), at=now)


def resident(connection: Connection, appointment: Appointment, event: int, now: datetime) -> None:
    """The resident, of what others did; who booked without WeChat has to be called."""
    if appointment.resident_id is not None:
        _resident(connection, CHANGED, appointment.id, appointment.resident_id, str(event), now)


def reminder(connection: Connection, appointment_id: int, resident_id: int, starts_at: datetime, now: datetime) -> None:
    """Told again of the same hour, a resident gets nothing more."""
    _resident(connection, REMINDER, appointment_id, resident_id, starts_at.isoformat(), now)


def _resident(
    connection: Connection, kind: str, appointment_id: int, resident_id: int, occasion: str, now: datetime
) -> None:
    to = notifications.Recipient("resident", resident_id)
    notifications.tell(connection, kind, appointment_id, [to], occasion=occasion, at=now)
