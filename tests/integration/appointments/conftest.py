"""A city with its guides and rules, and short ways to book in it; each in a transaction of its own."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import psycopg
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url

from citizen_bot.appointments import service
from citizen_bot.appointments.service import Appointment, Hour, NotBookable
from citizen_bot.catalog import loader, snapshot
from citizen_bot.catalog.model import Catalogue, Guide, Site
from citizen_bot.people import service as people
from citizen_bot.platform.calendar import WorkingCalendar
from citizen_bot.platform.clock import SHANGHAI
from citizen_bot.platform.database import retrying
from citizen_bot.platform.privacy import Privacy
from citizen_bot.rules import Office, Seats, load_rules
from citizen_bot.settings import DEVELOPMENT_PRIVACY_KEY, Settings

# A Monday, 10:00 in Asia/Shanghai; booking is open until Monday, 7 December.
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
TOWN, OTHER_TOWN, VILLAGE = "371083001", "371083100", "371083001200"
ITEM, OTHER_ITEM, THIRD_ITEM, FOURTH_ITEM = (
    "agricultural-insurance",
    "animal-quarantine",
    "assistive-devices",
    "birth-registration",
)
NAME, PHONE = "王秀英", "13800001234"

# What these tests write to, in the order of the foreign keys.
FILLED = (
    "appointment_events",
    "appointments",
    "seats",
    "slots",
    "closures",
    "deliveries",
    "notifications",
    "endpoints",
    "residents",
    "procrastinate_jobs",
    "catalogue_current",
    "catalogue_versions",
)

T = TypeVar("T")


def at(moment: str) -> datetime:
    """A moment of Asia/Shanghai: "2026-12-02 09:30"."""
    return datetime.fromisoformat(moment).replace(tzinfo=SHANGHAI)


@dataclass
class City:
    engine: Engine
    office: Office
    catalogue: Catalogue

    def with_rules(self, **figures: Any) -> "City":
        """The same city by other rules."""
        rules = replace(self.office.rules, appointments=replace(self.office.rules.appointments, **figures))
        return replace(self, office=replace(self.office, rules=rules))

    def with_seats(self, seats: int, *, site: str = TOWN) -> "City":
        return self.with_rules(site_seats={site: Seats(general=seats, dedicated=seats, extended=1)})

    def do(self, work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        return retrying(self.engine, lambda connection: work(connection, *args, **kwargs))

    def site(self, code: str) -> Site:
        return self.catalogue.sites[code]

    def guide(self, item: str) -> Guide:
        return self.catalogue.guides[item]

    def resident(self, openid: str = "resident", *, now: datetime = NOW) -> int:
        def enter(connection: Any) -> int:
            return people.enter(connection, self.office.privacy, account="gh", openid=openid, at=now).id

        return self.do(enter)

    def hold(
        self,
        *,
        resident: int,
        hour: str,
        now: datetime = NOW,
        item: str = ITEM,
        site: str = TOWN,
    ) -> Appointment:
        return self.do(
            service.hold,
            self.office,
            resident_id=resident,
            guide=self.guide(item),
            site=self.site(site),
            starts_at=at(hour),
            catalogue_hash=self.catalogue.hash,
            now=now,
        )

    def confirm(self, *, resident: int, name: str = NAME, phone: str = PHONE, now: datetime = NOW) -> Appointment:
        return self.do(service.confirm, self.office, resident_id=resident, name=name, phone=phone, now=now)

    def booked(
        self, *, resident: int, hour: str, name: str = NAME, item: str = ITEM, site: str = TOWN, now: datetime = NOW
    ) -> Appointment:
        self.hold(resident=resident, hour=hour, item=item, site=site, now=now)
        return self.confirm(resident=resident, name=name, now=now)

    def by_phone(
        self,
        *,
        hour: str,
        name: str = NAME,
        phone: str = PHONE,
        item: str = ITEM,
        site: str = TOWN,
        now: datetime = NOW,
    ) -> Appointment:
        return self.do(
            service.book,
            self.office,
            guide=self.guide(item),
            site=self.site(site),
            starts_at=at(hour),
            name=name,
            phone=phone,
            via="phone",
            by="staff-1",
            catalogue_hash=self.catalogue.hash,
            now=now,
        )

    def move(
        self, appointment: Appointment, *, hour: str, by: str = "resident", site: str = TOWN, now: datetime = NOW
    ) -> Appointment:
        return self.do(
            service.move,
            self.office,
            appointment.id,
            guide=self.guide(appointment.item),
            site=self.site(site),
            starts_at=at(hour),
            by=by,
            now=now,
        )

    def cancel(
        self, appointment: Appointment, *, by: str = "resident", reason: str | None = None, now: datetime = NOW
    ) -> Appointment:
        return self.do(service.cancel, self.office, appointment.id, by=by, reason=reason, now=now)

    def missed(self, *, resident: int, hour: str, item: str = ITEM) -> Appointment:
        """Booked three days before, and nobody came."""
        start = at(hour)
        made = self.booked(resident=resident, hour=hour, item=item, now=start.replace(day=start.day - 3))
        return self.do(service.miss, self.office, made.id, by="staff-1", now=start)

    def find(self, appointment: Appointment) -> Appointment:
        found = self.do(service.find, self.office, appointment.id)
        assert found
        return found

    def hours(
        self, first: str, last: str | None = None, *, site: str = TOWN, window: str = "general", now: datetime = NOW
    ) -> list[Hour]:
        return self.do(
            service.free_hours,
            self.office,
            site=self.site(site),
            window_id=window,
            first=date.fromisoformat(first),
            last=date.fromisoformat(last or first),
            now=now,
        )

    def free(self, hour: str, *, site: str = TOWN, now: datetime = NOW) -> int:
        """How many can still have this hour; 0 where it is not offered."""
        offered = {found.starts_at: found.free for found in self.hours(hour[:10], site=site, now=now)}
        return offered.get(at(hour), 0)

    def close(
        self, day: str, *, window: str | None = None, action: str = "move", site: str = TOWN, now: datetime = NOW
    ) -> list[service.Hit]:
        return list(
            self.do(
                service.close_day,
                self.office,
                site=self.site(site),
                window_id=window,
                day=date.fromisoformat(day),
                reason="停电检修",
                action=action,
                by="staff-1",
                now=now,
            )
        )

    def events(self, appointment: Appointment) -> list[str]:
        return [happened.event for happened in self.do(service.history, self.office.privacy, appointment.id)]

    def rows(self, query: str) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.execute(text(query)))

    def overbooked(self) -> list[Any]:
        """Hours of which more seats are pointed to than they have; and seats that two have."""
        return self.rows(
            """
            SELECT slot_id FROM appointments WHERE seat_no IS NOT NULL GROUP BY slot_id
            HAVING count(*) > (SELECT count(*) FROM seats WHERE seats.slot_id = appointments.slot_id)
                OR count(*) > count(DISTINCT seat_no)
            """
        )


def refused(work: Callable[[], object]) -> NotBookable:
    """What `work` is refused with."""
    with pytest.raises(NotBookable) as caught:
        work()
    return caught.value


@pytest.fixture(scope="session")
def own_database(server_url: str, migrated_template: str) -> Iterator[str]:
    """One database for all tests of this folder: a new one for each would take longer than most of them."""
    name = f"appointments_{secrets.token_hex(6)}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {migrated_template}".encode())
    yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def database_url(own_database: str) -> Iterator[str]:
    yield own_database
    with psycopg.connect(own_database, autocommit=True) as connection:
        for table in FILLED:
            connection.execute(f"DELETE FROM {table}".encode())


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return loader.load(Settings.from_environment({}).guides_dir)


@pytest.fixture(scope="session")
def small_catalogue(catalogue: Catalogue) -> Catalogue:
    """What a few tests need to have published, quickly read back."""
    guides = {item: catalogue.guides[item] for item in (ITEM, OTHER_ITEM, "birth-certificate")}
    small = Catalogue("", guides, {TOWN: catalogue.sites[TOWN]}, {})
    return replace(small, hash=snapshot.hash_of(snapshot.dumps(small)))


@pytest.fixture
def city(engine: Engine, catalogue: Catalogue) -> City:
    with engine.begin() as connection:
        # Appointments point to the version that they were booked by; here nobody reads it back.
        connection.execute(
            text("INSERT INTO catalogue_versions VALUES (:hash, '', :at, 'test')"), {"hash": catalogue.hash, "at": NOW}
        )
    rules = load_rules(Settings.from_environment({}).guides_dir)
    return City(engine, Office(rules, WorkingCalendar(), Privacy((DEVELOPMENT_PRIVACY_KEY,))), catalogue)
