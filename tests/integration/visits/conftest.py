"""A town with its staff, a village with its agents, and short ways to act; each in a transaction of its own."""

import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection, Engine, text

from citizen_bot.catalog import loader, store
from citizen_bot.catalog.model import Catalogue
from citizen_bot.notifications.composing import Composition, Message, Recipient, compose
from citizen_bot.people import agents, staff
from citizen_bot.people import service as people
from citizen_bot.platform.calendar import WorkingCalendar
from citizen_bot.platform.clock import SHANGHAI
from citizen_bot.platform.database import create_engine, retrying
from citizen_bot.platform.privacy import Privacy
from citizen_bot.rules import Office, load_rules
from citizen_bot.settings import DEVELOPMENT_PRIVACY_KEY, Settings, data_folder
from citizen_bot.visits import messages, service
from citizen_bot.visits.service import Actor, NotPossible, Taken, Visit, Wish
from citizen_bot.wordings import load_wordings
from tests.conftest import _administer, _database

assert messages  # registers how notifications of visits read

# A Monday, 10:00 in Asia/Shanghai.
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
TOWN, OTHER_TOWN, VILLAGE, OTHER_VILLAGE = "371083001", "371083100", "371083001001", "371083001002"
ITEM, OTHER_ITEM = "elderly-age-allowance", "resident-pension-claim"
NAME, PHONE, ADDRESS = "王秀英", "13800001234", "村东头第三排红门"
MANDATE = "请代办员替王秀英办高龄津贴，免费。"
BOOK = Taken("户口簿", pieces=1)
FEE = Taken("工本费", amount=Decimal("20.00"))
SECRET = "a key for links"

T = TypeVar("T")


def at(moment: str) -> datetime:
    """A moment of Asia/Shanghai: "2026-12-02 09:30"."""
    return datetime.fromisoformat(moment).replace(tzinfo=SHANGHAI)


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(NotPossible) as caught:
        call()
    return caught.value.reason


@dataclass
class Town:
    """`agent` and `helper` are agents of VILLAGE, the helper one who takes OTHER_ITEM only; `window` and `manager` the
    town's staff, of whom WeCom reaches the manager."""

    engine: Engine
    office: Office
    catalogue: Catalogue
    agent: Actor
    helper: Actor
    window: Actor
    manager: Actor

    def do(self, work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        return retrying(self.engine, lambda connection: work(connection, *args, **kwargs))

    def resident(self, openid: str = "daughter") -> int:
        def enter(connection: Connection) -> int:
            return people.enter(connection, self.office.privacy, account="gh", openid=openid, at=NOW).id

        return self.do(enter)

    def ask(self, *, now: datetime = NOW, home: str = VILLAGE, item: str | None = ITEM, **more: Any) -> Visit:
        values: dict[str, Any] = {
            "resident_id": self.resident(),
            "guide": None if item is None else self.catalogue.guides[item],
            "help": "act",
            "home": self.catalogue.divisions.get(home) or self.catalogue.sites.get(home),
            "address": ADDRESS,
            "name": NAME,
            "phone": PHONE,
            "relation": "女儿",
            "priority": None,
            "wish": Wish(),
            "mandate": MANDATE,
            "by": "resident",
            **more,
        }
        return self.do(service.ask, self.office, self.catalogue, now=now, **values)

    def act(self, step: Callable[..., Visit], visit: Visit, *, now: datetime = NOW, **more: Any) -> Visit:
        return self.do(step, self.office, visit.id, now=now, **more)

    def accept(self, visit: Visit, *, actor: Actor | None = None, coming: str = "2026-11-24 09:00") -> Visit:
        return self.act(service.accept, visit, actor=actor or self.agent, coming_at=at(coming))

    def until(self, state: str, **asked: Any) -> Visit:
        """A new visit, brought into `state` by the agent."""
        visit = self.ask(**asked)
        if state == "declined":
            return self.act(service.decline, visit, actor=self.window, reason="地方太远")
        if state == "cancelled":
            return self.act(service.cancel, visit, actor=Actor("resident"), reason=None)
        steps: dict[str, Callable[[Visit], Visit]] = {
            "accepted": self.accept,
            "on_the_way": lambda visit: self.act(service.set_out, visit, actor=self.agent),
            "taken_over": lambda visit: self.act(service.take_over, visit, actor=self.agent, taken=[BOOK, FEE]),
            "handed_in": lambda visit: self.act(service.hand_in, visit, actor=self.agent),
            "done": lambda visit: self.act(service.finish, visit, actor=self.agent),
        }
        for reached, step in steps.items():
            if visit.state == state:
                break
            visit = step(visit)
            assert visit.state == reached
        return visit

    def found(self, visit: Visit) -> Visit:
        found = self.do(service.find, self.office, visit.id)
        assert found is not None
        return found

    def events(self, visit: Visit) -> list[str]:
        return [event.event for event in self.do(service.history, self.office, visit.id)]

    def told(self, visit: Visit) -> list[tuple[str, str, int, str]]:
        """Whoever was told of it, in that order, with what became of it: (kind, recipient, its id, state)."""
        query = text(
            "SELECT kind, recipient, recipient_id, state FROM notifications WHERE subject_id = :id ORDER BY id"
        )
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(query, {"id": visit.id})]  # type: ignore[misc]

    def message(self, kind: str, visit: Visit, recipient: Recipient, *, now: datetime = NOW) -> Message | None:
        say = load_wordings(data_folder("intents"), data_folder("intents"))
        with self.engine.begin() as connection:
            composition = Composition(
                connection, self.office, self.catalogue, say, lambda path: f"https://city.test{path}", now, SECRET
            )
            return compose(kind, composition, visit.id, recipient)

    def text_to(self, kind: str, visit: Visit, recipient: Recipient) -> str:
        message = self.message(kind, visit, recipient)
        assert message is not None
        assert not re.search(r"[{}]|None", message.text)
        return message.text


def endpoint(engine: Engine, privacy: Privacy, site: str | None) -> int:
    """A group's robot of a town or of the city."""
    row = text(
        "INSERT INTO endpoints (kind, name, site_code, address_sealed) "
        "VALUES ('robot', :name, :site, :sealed) RETURNING id"
    )
    with engine.begin() as connection:
        values = {"name": f"robot of {site}", "site": site, "sealed": privacy.seal("key")}
        return int(connection.execute(row, values).scalar_one())


@pytest.fixture(scope="session")
def shipped_catalogue() -> Catalogue:
    return loader.load(Settings.from_environment({}).guides_dir)


@pytest.fixture(scope="session")
def visits_database(server_url: str, migrated_template: str, shipped_catalogue: Catalogue) -> Iterator[str]:
    """One database for all tests here, emptied before each: making one takes longer than a test."""
    name = f"visits_{secrets.token_hex(4)}"
    _administer(server_url, f"CREATE DATABASE {name} TEMPLATE {migrated_template}")
    url = _database(server_url, name)
    engine = create_engine(url)
    with engine.begin() as connection:
        store.publish(connection, shipped_catalogue, by="test", at=NOW)
    engine.dispose()
    yield url
    _administer(server_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database_url(visits_database: str) -> str:
    visits = ("visit_events", "visit_receipts", "visits")
    others = ("deliveries", "notifications", "agents", "staff", "endpoints", "residents", "procrastinate_jobs")
    _administer(visits_database, ";".join(f"DELETE FROM {table}" for table in (*visits, *others)))
    return visits_database


@pytest.fixture
def town(engine: Engine, shipped_catalogue: Catalogue) -> Town:
    office = Office(load_rules(data_folder("guides")), WorkingCalendar(), Privacy((DEVELOPMENT_PRIVACY_KEY,)))
    with engine.begin() as connection:
        agent = agents.add(
            connection, office.privacy, name="于大姐", division_code=VILLAGE, phone="0631-6651234", wecom_userid="yu"
        )
        helper = agents.add(
            connection,
            office.privacy,
            name="宋师傅",
            division_code=VILLAGE,
            items=[OTHER_ITEM],
            wecom_userid="song",
        )
        window = staff.add(connection, name="小于", role="window", site_code=TOWN)
        manager = staff.add(connection, name="老姜", role="site_manager", site_code=TOWN, wecom_userid="jiang")
    return Town(
        engine,
        office,
        shipped_catalogue,
        Actor("agent", agent.id),
        Actor("agent", helper.id),
        Actor("staff", window.id),
        Actor("staff", manager.id),
    )
