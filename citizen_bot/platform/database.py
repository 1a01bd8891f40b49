"""The PostgreSQL database: engines for the application, and the schema's way up.

The application never works as the tables' owner. `migrate` runs as whoever DATABASE_URL names, and makes the role
`citizen_bot_app`; every engine made here works as that role, which owns nothing and gets only what a migration grants.
"""

from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import TypeVar, cast

import psycopg
import structlog
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, MetaData, text
from sqlalchemy import create_engine as sqlalchemy_engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError

APPLICATION_ROLE = "citizen_bot_app"
CONNECT_TIMEOUT_S = 3
# WeChat waits 5 s for an answer: nothing in a request may wait longer than this for a lock or a statement.
REQUEST_TIMEOUT_MS = 4000
# serialization_failure, deadlock_detected: https://www.postgresql.org/docs/current/errcodes-appendix.html
_GIVEN_UP = ("40001", "40P01")

T = TypeVar("T")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

log = structlog.get_logger(__name__)


def database_url(url: str) -> URL:
    """`url` with the driver that the application uses. Raises sqlalchemy.exc.ArgumentError for a malformed one."""
    return make_url(url).set(drivername="postgresql+psycopg")


def create_engine(url: str, *, pool_size: int = 4, timeout_ms: int = REQUEST_TIMEOUT_MS) -> Engine:
    """An engine that works as the application's role. Connects at its first use, so it may be made before a fork.

    Waiting for a connection, a lock or a statement ends after `timeout_ms` with an OperationalError. Errors never
    carry the statement's parameters.
    """
    options = (
        f"-c role={APPLICATION_ROLE} -c timezone=UTC -c lock_timeout={timeout_ms}"
        # Longer, so that a wait for a lock ends as one.
        f" -c statement_timeout={timeout_ms + 500}"
    )
    return sqlalchemy_engine(
        database_url(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=timeout_ms / 1000,
        pool_pre_ping=False,
        pool_recycle=1800,
        hide_parameters=True,
        connect_args={"options": options, "connect_timeout": CONNECT_TIMEOUT_S, "application_name": "citizen-bot"},
    )


def ping(engine: Engine) -> None:
    """Raises sqlalchemy.exc.SQLAlchemyError unless the database answers."""
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))


def retrying(engine: Engine, work: Callable[[Connection], T], attempts: int = 3) -> T:
    """What `work` returns, done in a transaction of its own; done again, up to `attempts` times in all, when PostgreSQL
    gave it up for another one's sake (a deadlock, or a serialization failure).

    `work` must leave nothing outside the database behind that a repetition would do twice.
    """
    for attempt in range(1, attempts + 1):
        try:
            with engine.begin() as connection:
                return work(connection)
        except OperationalError as error:
            state = getattr(error.orig, "sqlstate", None)
            if state not in _GIVEN_UP or attempt == attempts:
                raise
            log.warning("transaction repeated", sqlstate=state, attempt=attempt)
    raise ValueError("attempts must be at least 1")


def migrate(url: str) -> None:
    """Brings the schema to this version: the application's tables and Procrastinate's. Safe to run at any time,
    also by two processes at once.

    Raises sqlalchemy.exc.SQLAlchemyError when the database cannot be reached or the login may not create tables.
    """
    engine = sqlalchemy_engine(database_url(url), connect_args={"connect_timeout": CONNECT_TIMEOUT_S})
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(371083)"))
            _ensure_role(connection)
            _upgrade_job_queue(connection)
            config = Config()
            config.set_main_option("script_location", str(Path(__file__).parent.parent / "migrations"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()


def _ensure_role(connection: Connection) -> None:
    """Roles belong to the whole cluster: another database's migration may make it at the same moment."""
    connection.execute(
        text(
            f"""
            DO $$ BEGIN
                IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{APPLICATION_ROLE}') THEN
                    CREATE ROLE {APPLICATION_ROLE} NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;
                END IF;
                IF NOT pg_has_role(current_user, '{APPLICATION_ROLE}', 'SET') THEN
                    EXECUTE format('GRANT {APPLICATION_ROLE} TO %I', current_user);
                END IF;
            EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
            END $$
            """
        )
    )


def _upgrade_job_queue(connection: Connection) -> None:
    """Procrastinate brings its own SQL: the whole schema for a new database, numbered steps for an old one.

    The last step applied is kept in `job_queue_schema`, because Procrastinate itself keeps no record.
    """
    connection.execute(text("CREATE TABLE IF NOT EXISTS job_queue_schema (step text PRIMARY KEY)"))
    applied = connection.scalar(text("SELECT max(step) FROM job_queue_schema"))
    sql = resources.files("procrastinate.sql")
    steps = sorted(f.name for f in sql.joinpath("migrations").iterdir() if f.name.endswith(".sql"))
    if applied is None:
        _run_script(connection, sql.joinpath("schema.sql").read_text(encoding="utf-8"))
    else:
        for step in (s for s in steps if s > applied):
            _run_script(connection, sql.joinpath("migrations", step).read_text(encoding="utf-8"))
    if applied != steps[-1]:
        log.info("job queue schema upgraded", step=steps[-1])
        connection.execute(text("INSERT INTO job_queue_schema VALUES (:step)"), {"step": steps[-1]})
    connection.execute(
        text(
            f"""
            GRANT SELECT, INSERT, UPDATE, DELETE ON procrastinate_jobs, procrastinate_events,
                procrastinate_periodic_defers, procrastinate_workers TO {APPLICATION_ROLE};
            GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {APPLICATION_ROLE};
            """
        )
    )


def _run_script(connection: Connection, script: str) -> None:
    """Runs many statements at once, which only the driver's own connection can."""
    driver = cast(psycopg.Connection, connection.connection.driver_connection)
    driver.execute(script.encode())
