"""What the talk can do for the resident of one turn, within that turn's transaction.

The flows decide and speak; the services hold the rules. Nothing here is kept between two turns.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection

from citizen_bot.appointments import service as appointments
from citizen_bot.appointments.service import Appointment, Hour
from citizen_bot.catalog.model import Catalogue, Division, Guide, Site
from citizen_bot.people import agents
from citizen_bot.rules import Office
from citizen_bot.visits import service as visits
from citizen_bot.visits.service import Visit


@dataclass(frozen=True, slots=True)
class Desk:
    """`appointment_link` is the address of an appointment's page with its QR code."""

    connection: Connection
    office: Office
    catalogue: Catalogue
    resident_id: int
    now: datetime
    appointment_link: Callable[[int], str]

    def bookable_days(self) -> tuple[date, date]:
        return appointments.bookable_days(self.office, self.now)

    def free_hours(self, site: Site, guide: Guide, first: date, last: date, limit: int | None = None) -> list[Hour]:
        window = self.office.rules.appointments.window_of(guide)
        return appointments.free_hours(
            self.connection,
            self.office,
            site=site,
            window_id=window.id,
            first=first,
            last=last,
            now=self.now,
            limit=limit,
        )

    def closed_because(self, site: Site, guide: Guide, day: date) -> str | None:
        """Why the office takes nobody on a day on which it would be open; None where it is not closed."""
        window = self.office.rules.appointments.window_of(guide)
        closed = appointments.closures(self.connection, first=day, last=day, site_code=site.code)
        return next((closure.reason for closure in closed if closure.window_id in (None, window.id)), None)

    def hold(self, site: Site, guide: Guide, starts_at: datetime) -> Appointment:
        """Raises NotBookable."""
        return appointments.hold(
            self.connection,
            self.office,
            resident_id=self.resident_id,
            guide=guide,
            site=site,
            starts_at=starts_at,
            catalogue_hash=self.catalogue.hash,
            now=self.now,
        )

    def confirm(self, name: str, phone: str) -> Appointment:
        """Raises NotBookable."""
        return appointments.confirm(
            self.connection, self.office, resident_id=self.resident_id, name=name, phone=phone, now=self.now
        )

    def release(self) -> None:
        appointments.release(self.connection, resident_id=self.resident_id, now=self.now)

    def open_appointments(self) -> list[Appointment]:
        return appointments.open_of(self.connection, self.office, self.resident_id, now=self.now)

    def move(self, appointment: Appointment, site: Site, starts_at: datetime) -> Appointment:
        """Raises NotBookable."""
        return appointments.move(
            self.connection,
            self.office,
            appointment.id,
            guide=self.catalogue.guides.get(appointment.item),
            site=site,
            starts_at=starts_at,
            by="resident",
            now=self.now,
        )

    def cancel(self, appointment: Appointment) -> Appointment:
        """Raises NotBookable."""
        return appointments.cancel(
            self.connection, self.office, appointment.id, by="resident", reason=None, now=self.now
        )

    def open_visits(self) -> list[Visit]:
        return visits.open_of(self.connection, self.office, self.resident_id)

    def ask_visit(
        self,
        *,
        guide: Guide | None,
        help: visits.Help,
        home: Division | Site,
        address: str,
        name: str,
        phone: str,
        relation: str | None,
        priority: visits.Priority | None,
        wish: visits.Wish,
        mandate: str,
    ) -> Visit:
        """Raises visits.NotPossible."""
        return visits.ask(
            self.connection,
            self.office,
            self.catalogue,
            resident_id=self.resident_id,
            guide=guide,
            help=help,
            home=home,
            address=address,
            name=name,
            phone=phone,
            relation=relation,
            priority=priority,
            wish=wish,
            mandate=mandate,
            by="resident",
            now=self.now,
        )

    def agent_name(self, visit: Visit) -> str | None:
        return agents.name_of(self.connection, visit.agent_id) if visit.agent_id else None

    def cancel_visit(self, visit: Visit) -> Visit:
        """Raises visits.NotPossible."""
        actor = visits.Actor("resident")
        return visits.cancel(self.connection, self.office, visit.id, actor=actor, reason=None, now=self.now)

    def answer_receipts(self, visit: Visit, *, confirmed: bool) -> Visit:
        """Raises visits.NotPossible."""
        return visits.answer_receipts(self.connection, self.office, visit.id, confirmed=confirmed, now=self.now)
