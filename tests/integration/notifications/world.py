"""A small city for these tests: real PostgreSQL, the fake WeChat and WeCom in process, and a clock to move."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from sqlalchemy import Engine, text
from structlog.testing import LogCapture

from citizen_bot.notifications import service, tasks
from citizen_bot.notifications.composing import Composition, Compositions, Message, Recipient, composes
from citizen_bot.people import service as people
from citizen_bot.platform.clock import FixedClock
from citizen_bot.platform.jobs import TaskContext
from citizen_bot.platform.privacy import Privacy
from citizen_bot.rules import Office
from citizen_bot.sandbox import allowances
from citizen_bot.sandbox.state import FakeState

# A Monday, 10:00 in Asia/Shanghai.
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
APP, SECRET = "wx1a2b3c4d5e6f7a8b", "secret-of-the-account"
CORP, AGENT, CORP_SECRET = "ww1a2b3c4d5e6f7a8b", 1000002, "secret-of-the-application"
OPENID = "oABCD1234567890abcdefghijklm"
KIND = "tests.told"
SITE = "371083100"
TASKS: Mapping[str, Callable[..., None]] = {
    service.SEND_TASK: tasks.send,
    service.FLUSH_TASK: tasks.flush_robot,
    service.REPORT_TASK: tasks.note_report,
}

# What a notification of KIND says, by its subject; an exception breaks its composer.
present: dict[int, Message | Exception | None] = {}


@composes(KIND)
def _composer(composition: Composition, subject_id: int, recipient: Recipient) -> Message | None:
    found = present.get(subject_id, says(subject_id))
    if isinstance(found, Exception):
        raise found
    return found


def says(subject_id: int, **changes: Any) -> Message:
    values: dict[str, Any] = {
        "title": f"第{subject_id}号",
        "text": f"第{subject_id}号有消息",
        "lines": (("编号", str(subject_id)), ("事项", "低保")),
        "url": f"https://city.example/{subject_id}",
        "template": "appointment_reminder",
        "fields": {"item": "低保", "time": "2026年11月24日 09:30"},
        "payload": {"code": f"Y{subject_id}"},
    }
    return Message(**{**values, **changes})


@dataclass
class Hook:
    """A server that takes events. It answers with the next of `statuses`, then 204; 0 drops the connection."""

    received: list[tuple[dict[str, str], Any]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)


@dataclass
class World:
    engine: Engine
    clock: FixedClock
    state: FakeState
    context: TaskContext
    session: requests.Session
    hook: Hook
    log: LogCapture

    @property
    def privacy(self) -> Privacy:
        return self.context.part(Office).privacy

    @contextmanager
    def logged(self) -> Iterator[list[Any]]:
        """What is logged within, whatever other tests have made of the process's logs."""
        lines: list[Any] = []
        before = len(self.log.entries)
        yield lines
        lines += self.log.entries[before:]

    def wait(self, **time: float) -> None:
        self.clock.instant += timedelta(**time)

    def execute(self, statement: str, **values: Any) -> list[Any]:
        with self.engine.begin() as connection:
            result = connection.execute(text(statement), values)
            return list(result.all()) if result.returns_rows else []

    def resident(self, openid: str = OPENID, *, wrote: bool = True) -> Recipient:
        """Somebody who follows the account and has just written, or never has."""
        self.state.meet(openid, APP, "居民")
        if wrote:
            allowances.allow(self.state, openid, "message", self.clock.now().timestamp())
        with self.engine.begin() as connection:
            found = people.enter(connection, self.privacy, account=APP, openid=openid, at=self.clock.now(), wrote=wrote)
        return Recipient("resident", found.id)

    def staff(self, name: str, role: str = "window", site: str | None = SITE) -> Recipient:
        row = self.execute(
            "INSERT INTO staff (name, role, site_code, wecom_userid) VALUES (:name, :role, :site, :name) RETURNING id",
            name=name,
            role=role,
            site=site,
        )
        return Recipient("staff", row[0].id)

    def agent(self, *, resident: Recipient | None = None, userid: str | None = None) -> Recipient:
        row = self.execute(
            "INSERT INTO agents (name, division_code, resident_id, wecom_userid) VALUES ('帮办', '1', :to, :userid) "
            "RETURNING id",
            to=resident and resident.id,
            userid=userid,
        )
        return Recipient("agent", row[0].id)

    def robot(self, key: str = "key-of-the-group", site: str | None = None) -> Recipient:
        self.state.robots.setdefault(key, [])
        row = self.execute(
            "INSERT INTO endpoints (kind, name, site_code, address_sealed) VALUES ('robot', :key, :site, :sealed) "
            "RETURNING id",
            key=key,
            site=site,
            sealed=self.privacy.seal(key),
        )
        return Recipient("endpoint", row[0].id)

    def tell(self, *recipients: Recipient, subject: int = 1, **options: Any) -> None:
        with self.engine.begin() as connection:
            options = {"occasion": "first", **options}
            service.tell(connection, KIND, subject, recipients, at=self.clock.now(), **options)

    def work(self) -> int:
        """Runs every job that is due by this world's clock, also those that come of it; returns how many."""
        done = 0
        while job := self.execute(
            "DELETE FROM procrastinate_jobs WHERE id = (SELECT id FROM procrastinate_jobs WHERE status = 'todo' "
            "AND (scheduled_at IS NULL OR scheduled_at <= :now) ORDER BY id LIMIT 1) RETURNING task_name, args",
            now=self.clock.now(),
        ):
            arguments = {name: value for name, value in job[0].args.items() if name != "request_id"}
            TASKS[job[0].task_name](self.context, **arguments)
            done += 1
        return done

    def work_until_quiet(self) -> None:
        """Runs jobs, and moves the clock to each that is scheduled."""
        self.work()
        while scheduled := self.execute("SELECT min(scheduled_at) FROM procrastinate_jobs WHERE status = 'todo'")[0][0]:
            self.clock.instant = max(self.clock.instant, scheduled)
            self.work()

    def states(self) -> list[str]:
        return [row.state for row in self.execute("SELECT state FROM notifications ORDER BY id")]

    def channels(self, notification_id: int = 1) -> dict[str, str]:
        rows = self.execute(
            "SELECT channel, state FROM deliveries WHERE notification_id = :id ORDER BY id", id=notification_id
        )
        return {row.channel: row.state for row in rows}

    def read(self, openid: str = OPENID) -> list[str]:
        """What the resident was shown, by the way it came."""
        return [f"{entry['detail']['via']}：{entry['text']}" for entry in self.state.chats.get(openid, [])]

    def texts(self, resident: Recipient) -> list[str]:
        """What the resident is told with the answer to a message of now."""
        with self.engine.begin() as connection:
            composition = self.context.part(Compositions).at(connection, self.clock.now())
            return service.waiting_texts(connection, composition, resident.id, 2048)
