"""Everything the fake WeChat and WeCom remember, and where that is kept.

All of it is plain JSON data, so that one object serves a test in memory and the several web processes of a
development service alike. Whoever needs the state opens its `Store`, reads or changes it, and leaves:

    with store.open() as state:
        state.robots["key"] = []

A `FakeState` is its own store in memory. `SqliteStore` shares one between processes. A store is never held open
while a request is under way.
"""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Protocol, TypedDict

# The newest that are kept of each list: a development service runs for days.
CALLS_KEPT = 300
CHAT_KEPT = 300
MEDIA_KEPT = 12


class Resident(TypedDict):
    """Somebody with WeChat. `app` is the AppID whose openid this is; `seen_at` the last mini-program login."""

    name: str
    app: str
    following: bool
    seen_at: float


class Allowance(TypedDict):
    """How many customer-service messages an action still allows, until when (unix seconds)."""

    left: int
    until: float


class Token(TypedDict):
    app: str
    kind: str
    expires: float


class LoginCode(TypedDict):
    """A mini-program or OAuth2 code: good once, for five minutes."""

    app: str
    openid: str
    unionid: str | None
    expires: float
    used: bool
    refused: int
    snapshot: bool


class Media(TypedDict):
    type: str
    filename: str
    data: str
    expires: float


class Entry(TypedDict):
    """One line of a chat. `who` is resident, account or note; what else `detail` has depends on `kind`."""

    id: int
    who: str
    kind: str
    text: str
    at: float
    detail: dict[str, Any]


class Call(TypedDict):
    """One request that the fake got. `errcode` is what it answered (0 for success, None where there is none)."""

    method: str
    path: str
    query: dict[str, str]
    json: Any
    files: list[str]
    at: float
    status: int
    errcode: int | None


class Fault(TypedDict):
    """Made by the functions of faults.py. `times` None means for ever."""

    kind: str
    path: str
    times: int | None
    detail: dict[str, Any]


class Store(Protocol):
    def open(self) -> AbstractContextManager["FakeState"]:
        """Gives the state to one user at a time; changes are kept unless the block raises (in memory: always)."""
        ...


@dataclass
class FakeState:
    """See each TypedDict above. Keys of `residents`, `chats` and `allowances` are openids."""

    apps: dict[str, str] = field(default_factory=dict)
    corps: dict[str, dict[str, str]] = field(default_factory=dict)
    residents: dict[str, Resident] = field(default_factory=dict)
    chats: dict[str, list[Entry]] = field(default_factory=dict)
    allowances: dict[str, dict[str, Allowance]] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    tickets: dict[str, dict[str, Any]] = field(default_factory=dict)
    counters: dict[str, list[float]] = field(default_factory=dict)
    templates: dict[str, list[str]] = field(default_factory=dict)
    consents: dict[str, int] = field(default_factory=dict)
    client_msg_ids: dict[str, dict[str, Any]] = field(default_factory=dict)
    reports: list[dict[str, Any]] = field(default_factory=list)
    menu: dict[str, Any] | None = None
    media: dict[str, Media] = field(default_factory=dict)
    qrcodes: dict[str, dict[str, Any]] = field(default_factory=dict)
    codes: dict[str, LoginCode] = field(default_factory=dict)
    visitor: str | None = None
    robots: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    robot_per_minute: int = 20
    members: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    invalid_members: list[str] = field(default_factory=list)
    invalid_parties: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    serial: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.RLock()

    @contextmanager
    def open(self) -> Iterator["FakeState"]:
        with self._lock:
            yield self

    def next_number(self) -> int:
        """A number that was never given before."""
        self.serial += 1
        return self.serial

    def say(self, openid: str, who: str, kind: str, text: str, at: float, **detail: Any) -> Entry:
        """Appends a line to the chat of `openid`."""
        entry = Entry(id=self.next_number(), who=who, kind=kind, text=text, at=at, detail=detail)
        append(self.chats.setdefault(openid, []), entry, CHAT_KEPT)
        return entry

    def meet(self, openid: str, app: str, name: str = "", following: bool = True) -> Resident:
        """The resident of that openid, made known where new."""
        return self.residents.setdefault(openid, Resident(name=name, app=app, following=following, seen_at=0.0))

    def grant(self, openid: str, template_id: str, times: int = 1) -> None:
        """The resident agrees to get `times` more notifications of a template."""
        key = f"{openid} {template_id}"
        self.consents[key] = self.consents.get(key, 0) + times

    def new_login_code(
        self,
        openid: str,
        unionid: str | None = None,
        *,
        app: str,
        at: float,
        refused: int = 0,
        snapshot: bool = False,
    ) -> str:
        """A code for jscode2session or OAuth2. `refused` is an errcode to answer with instead (40226 …)."""
        code = f"code{self.next_number():028d}"
        self.codes[code] = LoginCode(
            app=app, openid=openid, unionid=unionid, expires=at + 300, used=False, refused=refused, snapshot=snapshot
        )
        return code

    def record(self, call: Call) -> None:
        append(self.calls, call, CALLS_KEPT)

    def allowed_again(self, key: str, limit: int, seconds: float, at: float) -> bool:
        """Counts one use of `key`; False, and not counted, if `limit` were used within the last `seconds`."""
        recent = [moment for moment in self.counters.get(key, []) if moment > at - seconds]
        self.counters[key] = recent
        if len(recent) >= limit:
            return False
        recent.append(at)
        return True

    def to_json(self) -> str:
        return json.dumps({f.name: getattr(self, f.name) for f in fields(self)}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "FakeState":
        """Reads what `to_json` wrote. Fields that this version does not know are dropped, missing ones are empty."""
        known = {f.name for f in fields(cls)}
        return cls(**{name: value for name, value in json.loads(text).items() if name in known})


def append(things: list[Any], newest: Any, kept: int) -> None:
    """Puts `newest` at the end and drops the oldest above `kept`."""
    things.append(newest)
    del things[:-kept]


class SqliteStore:
    """Keeps the state in one row of a file, for the several processes of a development service.

    Each opening is one SQLite transaction that has the write lock from its beginning, so that processes take turns.
    `prepare` is called on each state that is opened and puts in what must always be there (the own account, say).
    """

    def __init__(self, path: Path, prepare: Callable[[FakeState], None]) -> None:
        self.path = path
        self.prepare = prepare

    @contextmanager
    def open(self) -> Iterator[FakeState]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self.path, timeout=10, isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE")
            database.execute("CREATE TABLE IF NOT EXISTS state (id INTEGER PRIMARY KEY, document TEXT NOT NULL)")
            row = database.execute("SELECT document FROM state WHERE id = 1").fetchone()
            before = row[0] if row else "{}"
            state = FakeState.from_json(before)
            self.prepare(state)
            try:
                yield state
            except BaseException:
                database.execute("ROLLBACK")
                raise
            after = state.to_json()
            if after != before:
                database.execute("INSERT OR REPLACE INTO state (id, document) VALUES (1, ?)", (after,))
            database.execute("COMMIT")
