"""Real parts, started once and shared: PostgreSQL, the talk over the shipped guides, and the whole service."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from citizen_bot.app import Language
from citizen_bot.appointments.links import AppointmentLinks
from citizen_bot.catalog import loader, store
from citizen_bot.dialogue.talk import Talk
from citizen_bot.dialogue.turns import Turns
from citizen_bot.notifications.composing import Compositions, load_composers
from citizen_bot.platform.clock import Clock
from citizen_bot.platform.database import create_engine, migrate
from citizen_bot.platform.embedded import OWNER, Engines
from citizen_bot.settings import Settings

# Colours and other people's settings must not reach the commands under test.
CLEAN_ENVIRONMENT = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
START_TIMEOUT_S = 90


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a PostgreSQL server of the tests' own, with the login that owns its databases."""
    engines = Engines(tmp_path_factory.mktemp("postgres"))
    try:
        engines.postgres.start()
        yield engines.postgres.url_of(OWNER, "postgres")
    finally:
        engines.stop()


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Valkey of the tests' own."""
    engines = Engines(tmp_path_factory.mktemp("valkey"))
    try:
        engines.valkey.start()
        yield engines.valkey.url
    finally:
        engines.stop()


@pytest.fixture(scope="session")
def migrated_template(server_url: str) -> str:
    """The name of a database with the whole schema, to be copied."""
    name = f"template_{secrets.token_hex(4)}"
    _administer(server_url, f"CREATE DATABASE {name}")
    migrate(_database(server_url, name))
    return name


@pytest.fixture
def new_database(server_url: str, migrated_template: str) -> Iterator[Callable[[], str]]:
    """Makes fresh databases with the whole schema; each call gives the address of another one."""
    made: list[str] = []

    def make() -> str:
        name = f"test_{secrets.token_hex(6)}"
        _administer(server_url, f"CREATE DATABASE {name} TEMPLATE {migrated_template}")
        made.append(name)
        return _database(server_url, name)

    yield make
    for name in made:
        _administer(server_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database_url(new_database: Callable[[], str]) -> str:
    return new_database()


@pytest.fixture(scope="session")
def office_database(server_url: str, migrated_template: str, talk: Talk) -> Iterator[str]:
    """One database with the shipped catalogue published, for `emptied_database`."""
    name = f"office_{secrets.token_hex(4)}"
    _administer(server_url, f"CREATE DATABASE {name} TEMPLATE {migrated_template}")
    url = _database(server_url, name)
    engine = create_engine(url)
    with engine.begin() as connection:
        store.publish(connection, talk.catalogue, by="test", at=datetime(2026, 11, 23, tzinfo=UTC))
    engine.dispose()
    yield url
    _administer(server_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def emptied_database(office_database: str) -> str:
    """That database without anybody in it: making one takes longer than most tests."""
    _administer(office_database, _EMPTY)
    return office_database


# Deleting is quicker than TRUNCATE for a few rows. What others still point to goes in a later round.
_EMPTY = """
    DO $$ DECLARE name text; left_over boolean := true; BEGIN
        WHILE left_over LOOP
            left_over := false;
            FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public'
                AND tablename NOT IN ('catalogue_versions', 'catalogue_current', 'alembic_version', 'job_queue_schema')
            LOOP
                BEGIN EXECUTE format('DELETE FROM %I', name);
                EXCEPTION WHEN foreign_key_violation THEN left_over := true; END;
            END LOOP;
        END LOOP;
    END $$;
"""


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """The application's engine on a fresh database."""
    engine = create_engine(database_url)
    yield engine
    engine.dispose()


def _database(server_url: str, name: str) -> str:
    return make_url(server_url).set(database=name).render_as_string(hide_password=False)


def _administer(server_url: str, statement: str) -> None:
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(statement.encode())


@pytest.fixture(scope="session")
def language() -> Language:
    """What intents/ and the office's own files bring, with the development's keys."""
    return Language.load(Settings.from_environment({}))


@pytest.fixture(scope="session")
def talk(language: Language) -> Talk:
    """The talk over the shipped guides."""
    return language.talk(
        loader.load(Settings.from_environment({}).guides_dir),
        notice_link=lambda label, subject, number: f"{label}：{number or subject}",
        unverified_sites=True,
    )


@pytest.fixture(scope="session")
def make_turns(language: Language, talk: Talk) -> Callable[[Engine, Clock], Turns]:
    """Turns of that talk on a database, at the time of a clock."""
    load_composers()
    compositions = Compositions(
        language.office, lambda _: talk.catalogue, language.wordings, lambda path: path, "secret"
    )
    links = AppointmentLinks("secret", compositions.link)
    return lambda engine, clock: Turns(engine, lambda: talk, compositions, links, clock)


@dataclass(frozen=True)
class Service:
    """A running `citizen-bot up`. `ready` is what its ready.json says, `home` its CITIZEN_BOT_HOME."""

    url: str
    ready: dict[str, Any]
    home: Path
    process: subprocess.Popen[bytes]
    log: Path


@pytest.fixture(scope="session")
def start_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Service]]:
    """Starts `citizen-bot up` in a home of its own and waits until it serves; all are stopped at the end."""
    started: list[Service] = []

    def start(**environment: str) -> Service:
        home = tmp_path_factory.mktemp("home")
        log = home.parent / f"{home.name}.log"
        port = free_port()
        process = subprocess.Popen(
            [Path(sys.executable).parent / "citizen-bot", "up"],
            env={**CLEAN_ENVIRONMENT, "CITIZEN_BOT_HOME": str(home), "PORT": str(port), **environment},
            stdout=subprocess.DEVNULL,
            stderr=log.open("wb"),
        )
        service = Service(f"http://127.0.0.1:{port}", wait_until_ready(home, process, log), home, process, log)
        started.append(service)
        return service

    yield start
    for service in started:
        service.process.send_signal(signal.SIGTERM)
    for service in started:
        service.process.wait(30)


@pytest.fixture(scope="session")
def service(start_service: Callable[..., Service]) -> Service:
    """The whole service, shared by all tests that only talk to it."""
    return start_service()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def wait_until_ready(home: Path, process: subprocess.Popen[bytes], log: Path) -> dict[str, Any]:
    """What ready.json says, once it is there and /readyz agrees."""
    file = home / "run" / "ready.json"
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"citizen-bot up ended with {process.returncode}:\n{log.read_text('utf-8')[-4000:]}")
        if file.exists():
            ready: dict[str, Any] = json.loads(file.read_text("utf-8"))
            if requests.get(f"{ready['url']}/readyz", timeout=5).status_code == 200:
                return ready
        time.sleep(0.1)
    process.kill()
    pytest.fail(f"citizen-bot up did not become ready:\n{log.read_text('utf-8')[-4000:]}")
