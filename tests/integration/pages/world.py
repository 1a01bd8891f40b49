"""A town with its people, and the pages over it, at a time that the tests set."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, Engine, text

from citizen_bot.appointments import service as appointments
from citizen_bot.appointments.links import AppointmentLinks
from citizen_bot.appointments.service import Appointment
from citizen_bot.catalog import store
from citizen_bot.catalog.model import Catalogue
from citizen_bot.notices.links import NoticeLinks
from citizen_bot.pages.appointment import AppointmentPages, create_appointment_blueprint
from citizen_bot.pages.routes import NoticePages, create_pages_blueprint
from citizen_bot.pages.task import TaskPages, create_task_blueprint
from citizen_bot.people import agents, staff
from citizen_bot.people import service as people
from citizen_bot.platform.clock import SHANGHAI, FixedClock
from citizen_bot.platform.database import retrying
from citizen_bot.rules import Office
from citizen_bot.visits import service as visits
from citizen_bot.visits.links import TaskLinks
from citizen_bot.visits.service import Actor, Taken, Visit, Wish
from citizen_bot.wordings import Wordings

SECRET = "a key for links"
# A Monday, 10:00 in Asia/Shanghai.
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
TOWN, OTHER_TOWN, VILLAGE = "371083001", "371083100", "371083001001"
ITEM = "elderly-age-allowance"
NAME, PHONE, ADDRESS = "姜桂兰", "13800001234", "村东头第三排红门"
MANDATE = f"请代办员替{NAME}办高龄津贴，免费。"
OPENID = "oDaughterOfJiang"


def at(moment: str) -> datetime:
    """A moment of Asia/Shanghai: "2026-12-02 09:30"."""
    return datetime.fromisoformat(moment).replace(tzinfo=SHANGHAI)


@dataclass
class World:
    """`agent` and `other_agent` are of VILLAGE; only the first can be reached, and so gets the visits. `window` is of
    TOWN, `stranger` of another town."""

    engine: Engine
    office: Office
    catalogue: Catalogue
    say: Wordings
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOW))

    def __post_init__(self) -> None:
        privacy = self.office.privacy
        with self.engine.begin() as connection:
            store.publish(connection, self.catalogue, by="test", at=NOW)
            first = agents.add(connection, privacy, name="于大姐", division_code=VILLAGE, wecom_userid="yu")
            other = agents.add(connection, privacy, name="宋师傅", division_code=VILLAGE)
            window = staff.add(connection, name="小于", role="window", site_code=TOWN)
            stranger = staff.add(connection, name="小王", role="window", site_code=OTHER_TOWN)
            self.resident = people.enter(connection, privacy, account="gh", openid=OPENID, at=NOW).id
        self.agent, self.other_agent = Actor("agent", first.id), Actor("agent", other.id)
        self.window, self.stranger = Actor("staff", window.id), Actor("staff", stranger.id)
        self.notice_links = NoticeLinks(SECRET, "")
        self.appointment_links = AppointmentLinks(SECRET, lambda path: path)
        self.task_links = TaskLinks(SECRET, "", self.clock)

    def app(self, *, catalogue: Catalogue | None = None) -> Flask:
        """The pages alone. `catalogue` is what is answered from now, where that has changed."""
        current = catalogue or self.catalogue

        def by_prefix(prefix: str) -> Catalogue | None:
            return next((c for c in (current, self.catalogue) if c.hash.startswith(prefix)), None)

        notices = NoticePages(
            self.engine, self.office.privacy, by_prefix, lambda: current, self.notice_links, self.say, self.clock
        )
        appointment_pages = AppointmentPages(
            self.engine,
            self.office,
            catalogue=by_prefix,
            current=lambda: current,
            links=self.appointment_links,
            notices=self.notice_links,
            wordings=self.say,
            clock=self.clock,
        )
        tasks = TaskPages(
            self.engine,
            self.office,
            current=lambda: current,
            links=self.task_links,
            secret_key=SECRET,
            wordings=self.say,
            clock=self.clock,
        )
        app = Flask("test", static_folder=None)
        app.register_blueprint(create_pages_blueprint(notices))
        app.register_blueprint(create_appointment_blueprint(appointment_pages))
        app.register_blueprint(create_task_blueprint(tasks))
        return app

    def client(self, *, catalogue: Catalogue | None = None) -> FlaskClient:
        return self.app(catalogue=catalogue).test_client()

    def do(self, work: Any, *args: Any, **kwargs: Any) -> Any:
        return retrying(self.engine, lambda connection: work(connection, *args, **kwargs))

    def booked(self, hour: str = "2026-11-24 09:30", *, name: str = NAME, item: str = ITEM) -> Appointment:
        def book(connection: Connection) -> Appointment:
            guide, site = self.catalogue.guides[item], self.catalogue.sites[TOWN]
            more = {"resident_id": self.resident, "now": self.clock.now()}
            made = {"guide": guide, "site": site, "starts_at": at(hour), "catalogue_hash": self.catalogue.hash}
            appointments.hold(connection, self.office, **made, **more)
            return appointments.confirm(connection, self.office, name=name, phone=PHONE, **more)

        made: Appointment = self.do(book)
        return made

    def ask(self, **more: Any) -> Visit:
        values: dict[str, Any] = {
            "resident_id": self.resident,
            "guide": self.catalogue.guides[ITEM],
            "help": "act",
            "home": self.catalogue.divisions[VILLAGE],
            "address": ADDRESS,
            "name": NAME,
            "phone": PHONE,
            "relation": "女儿",
            "priority": "age",
            "wish": Wish(words="早上都在家"),
            "mandate": MANDATE,
            "by": "resident",
            **more,
        }
        made: Visit = self.do(visits.ask, self.office, self.catalogue, now=self.clock.now(), **values)
        return made

    def until(self, state: str, **asked: Any) -> Visit:
        """A new visit, brought into `state` by the agent, by the staff or by the resident."""
        visit = self.ask(**asked)
        if state == "declined":
            return self.act(visits.decline, visit, actor=self.window, reason="路断了")
        if state == "cancelled":
            return self.act(visits.cancel, visit, actor=Actor("resident"), reason=None)
        steps: list[tuple[str, Any, dict[str, Any]]] = [
            ("accepted", visits.accept, {"coming_at": at("2026-11-24 09:00")}),
            ("on_the_way", visits.set_out, {}),
            ("taken_over", visits.take_over, {"taken": [Taken("户口簿", 1), Taken("工本费", amount=Decimal("20.00"))]}),
            ("handed_in", visits.hand_in, {}),
            ("done", visits.finish, {}),
        ]
        for reached, step, values in steps:
            if visit.state == state:
                break
            visit = self.act(step, visit, actor=self.agent, **values)
            assert visit.state == reached
        return visit

    def act(self, step: Any, visit: Visit, **more: Any) -> Visit:
        changed: Visit = self.do(step, self.office, visit.id, now=self.clock.now(), **more)
        return changed

    def found(self, visit: Visit) -> Visit:
        found = self.do(visits.find, self.office, visit.id)
        assert found is not None
        return found  # type: ignore[no-any-return]

    def everything(self) -> list[str]:
        """All rows of what the pages could change."""
        tables = ("visits", "visit_events", "visit_receipts", "notifications", "appointments", "appointment_events")
        with self.engine.connect() as connection:
            return [
                str(row)
                for table in tables
                for row in connection.execute(text(f"SELECT t::text FROM {table} t ORDER BY 1"))
            ]
