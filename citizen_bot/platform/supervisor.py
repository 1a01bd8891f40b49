"""`citizen-bot up`: the whole service of one home, engines to web processes, started and stopped in order."""

import contextlib
import errno
import fcntl
import json
import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import psycopg
import redis
import structlog

from citizen_bot.platform.embedded import EmbeddedError, Engines
from citizen_bot.platform.processes import Child, end_leftover
from citizen_bot.platform.redis import create_redis
from citizen_bot.platform.telemetry.folder import MULTIPROC_VARIABLE, share_metrics
from citizen_bot.settings import Settings

WECHAT_PATH = "/webhooks/wechat"
READY_TIMEOUT_S = 120
CONNECT_TIMEOUT_S = 3
STOP_TIMEOUT_S = 20
FIRST_BACKOFF_S = 1.0
LONGEST_BACKOFF_S = 30.0
# A child that lived this long was well: the next fault starts again with the first backoff.
PROVEN_S = 60.0

log = structlog.get_logger(__name__)


class CannotStart(Exception):
    """The service does not start; the message is one sentence for the operator."""


class _StopRequested(Exception):
    """SIGINT, SIGTERM or SIGHUP came."""


def host_of(settings: Settings) -> str:
    """Where the web processes listen: in development only this machine, because the sandbox is open to everybody who
    reaches it; in production every address, because the balancer is another machine or another network namespace."""
    return "0.0.0.0" if settings.production else "127.0.0.1"  # noqa: S104


def check_port(settings: Settings) -> None:
    """Raises CannotStart where somebody listens already. Granian itself would share the port with them."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host_of(settings), settings.port))
        except OSError as error:
            reason = "is taken by another program" if error.errno == errno.EADDRINUSE else f"is refused: {error}"
            raise CannotStart(f"port {settings.port} {reason}; choose another with PORT") from None


def run(settings: Settings, output: TextIO = sys.stdout) -> None:
    """Serves until SIGINT or SIGTERM, then stops everything in order. `output` gets the addresses.

    Raises CannotStart; nothing is left running then.
    """
    waiting = _Signals()
    with _locked_home(settings.home) as run_folder:
        service = _Service(settings, run_folder, waiting)
        try:
            service.start(output)
            service.watch()
        except _StopRequested:
            log.info("stopping")
        finally:
            service.stop()


class _Signals:
    """Signals are blocked and taken only while waiting, so that none interrupts a step half done."""

    STOPPING = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})

    def __init__(self) -> None:
        self._taken = self.STOPPING | {signal.SIGCHLD}
        signal.pthread_sigmask(signal.SIG_BLOCK, self._taken)
        self._hurry = False

    def pause(self, seconds: float) -> None:
        """Waits, at most until a child ends. Raises _StopRequested."""
        taken = signal.sigtimedwait(self._taken, max(0.0, seconds))
        if taken is not None and taken.si_signo in self.STOPPING:
            raise _StopRequested

    def pause_while_stopping(self, seconds: float) -> None:
        """Waits likewise; a second request to stop makes `hurried` true."""
        taken = signal.sigtimedwait(self._taken, max(0.0, seconds))
        if taken is not None and taken.si_signo in self.STOPPING:
            self._hurry = True
            log.warning("stopping at once")

    @property
    def hurried(self) -> bool:
        return self._hurry


@dataclass
class _Watched:
    """A child that is started again when it ends."""

    child: Child
    start: Callable[[], None]
    started_at: float
    backoff: float = FIRST_BACKOFF_S
    restart_at: float | None = None


class _Service:
    def __init__(self, settings: Settings, folder: Path, signals: _Signals) -> None:
        self._settings = settings
        self._folder = folder
        self._signals = signals
        self._ready_file = folder / "ready.json"
        self._database_file = folder / "database-url"
        self._engines: Engines | None = None
        self._children: list[_Watched] = []
        self._starting: Child | None = None
        self._environment = dict(os.environ)

    def start(self, output: TextIO) -> None:
        self._forget_addresses()
        self._end_leftovers()
        check_port(self._settings)
        database_url, redis_url = self._stores()
        self._environment |= {
            "CITIZEN_BOT_HOME": str(self._settings.home),
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
        }
        share_metrics(self._folder / "metrics")
        self._environment[MULTIPROC_VARIABLE] = os.environ[MULTIPROC_VARIABLE]
        self._release()
        self._watch_over(self._command("web"))
        self._watch_over(self._command("worker"))
        self._await_ready()
        _write_private(self._database_file, database_url + "\n")
        _write_private(self._ready_file, json.dumps(self._addresses(), indent=2) + "\n")
        log.info("ready", port=self._settings.port)
        self._greet(output)

    def watch(self) -> None:
        """Starts again what ends, until a stop is requested."""
        while True:
            now = time.monotonic()
            for watched in self._children:
                self._look_after(watched, now)
            due = [w.restart_at for w in self._children if w.restart_at is not None]
            self._signals.pause(max(0.0, min(due) - time.monotonic()) if due else 60.0)

    def stop(self) -> None:
        """Web (no new requests, the running ones are finished), worker, Valkey, PostgreSQL. Safe at any stage."""
        self._ready_file.unlink(missing_ok=True)
        self._database_file.unlink(missing_ok=True)
        if self._starting is not None:
            self._stop_child(self._starting)
        for name in ("web", "worker", "valkey", "postgres"):
            for watched in self._children:
                if watched.child.name == name:
                    self._stop_child(watched.child)
        if self._engines is not None:
            self._engines.stop()

    def _stop_child(self, child: Child) -> None:
        child.ask_to_stop()
        until = time.monotonic() + STOP_TIMEOUT_S
        while child.running and not self._signals.hurried and time.monotonic() < until:
            self._signals.pause_while_stopping(0.2)
        if child.running:
            log.warning("ended by force", process=child.name)
            child.kill()
        child.stop(within=0)

    def _forget_addresses(self) -> None:
        self._ready_file.unlink(missing_ok=True)
        self._database_file.unlink(missing_ok=True)

    def _end_leftovers(self) -> None:
        """A supervisor that was killed leaves at most these."""
        for name in ("web", "worker", "release"):
            if end_leftover(self._folder / f"{name}.pid"):
                log.warning("ended what a killed supervisor had left", process=name)

    def _stores(self) -> tuple[str, str]:
        settings = self._settings
        if settings.database_url is not None:
            _check_database(settings.database_url)
        if settings.redis_url is not None:
            _check_redis(settings.redis_url)
        if settings.database_url is not None and settings.redis_url is not None:
            return settings.database_url, settings.redis_url
        try:
            self._engines = Engines(settings.home)
            if settings.database_url is None:
                self._start_engine(self._engines.postgres.child, self._engines.postgres.start)
            if settings.redis_url is None:
                self._start_engine(self._engines.valkey.child, self._engines.valkey.start)
        except EmbeddedError as error:
            raise CannotStart(str(error)) from None
        return settings.database_url or self._engines.postgres.url, settings.redis_url or self._engines.valkey.url

    def _start_engine(self, child: Child, start: Callable[[Callable[[float], None]], None]) -> None:
        start(self._signals.pause)
        again = _Watched(child, lambda: start(self._signals.pause), time.monotonic())
        self._children.append(again)

    def _release(self) -> None:
        """Migrates and publishes in a process of its own: what it loads does not stay in this one's memory."""
        self._starting = child = self._command("release")
        child.start()
        while child.running:
            self._signals.pause(1.0)
        child.pid_file.unlink(missing_ok=True)
        self._starting = None
        if child.exit_code != 0:
            raise CannotStart("the database could not be prepared; the lines above say why")

    def _command(self, name: str) -> Child:
        argv = [sys.executable, "-m", "citizen_bot", name]
        return Child(name, argv, folder=self._folder, marker=name, environment=self._environment)

    def _watch_over(self, child: Child) -> None:
        child.start()
        self._children.append(_Watched(child, child.start, time.monotonic()))

    def _look_after(self, watched: _Watched, now: float) -> None:
        if watched.child.running:
            return
        if watched.restart_at is None:
            if now - watched.started_at >= PROVEN_S:
                watched.backoff = FIRST_BACKOFF_S
            name, code = watched.child.name, watched.child.exit_code
            log.error("process ended, starting it again", process=name, exit_code=code, in_seconds=watched.backoff)
            watched.restart_at = now + watched.backoff
            watched.backoff = min(LONGEST_BACKOFF_S, watched.backoff * 2)
        elif now >= watched.restart_at:
            watched.restart_at = None
            watched.started_at = now
            try:
                watched.start()
            except (EmbeddedError, OSError) as error:
                log.error("process does not start", process=watched.child.name, error=str(error))
            else:
                log.info("process started again", process=watched.child.name, pid=watched.child.pid)

    def _await_ready(self) -> None:
        until = time.monotonic() + READY_TIMEOUT_S
        while not _is_ready(self._settings.port):
            for watched in self._children:
                if not watched.child.running:
                    name = watched.child.name
                    raise CannotStart(f"the {name} process ended while starting; the lines above say why")
            if time.monotonic() > until:
                raise CannotStart(f"the web process is not ready after {READY_TIMEOUT_S} s; see /readyz and the log")
            self._signals.pause(0.1)

    def _addresses(self) -> dict[str, object]:
        settings = self._settings
        return {
            "url": f"http://127.0.0.1:{settings.port}",
            "wechat_path": WECHAT_PATH,
            "wechat_mode": settings.wechat_mode,
            "wechat_token": settings.wechat_token,
            "encoding_aes_key": settings.wechat_encoding_aes_key,
            "app_id": settings.wechat_app_id,
            "pid": os.getpid(),
        }

    def _greet(self, output: TextIO) -> None:
        url = f"http://127.0.0.1:{self._settings.port}"
        lines = ["citizen-bot is ready.", f"  Service            {url}"]
        if self._settings.sandbox:
            lines += [f"  WeChat simulator   {url}/simulator", f"  Sent messages      {url}/simulator/outbox"]
        lines.append("Ctrl-C stops it.")
        print("\n".join(lines), file=output, flush=True)


@contextlib.contextmanager
def _locked_home(home: Path) -> Iterator[Path]:
    """The home's `run` folder, held by this process alone. Raises CannotStart."""
    folder = home / "run"
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        _prove_writable(folder)
        lock = (folder / "lock").open("a")
    except OSError as error:
        raise CannotStart(f"CITIZEN_BOT_HOME {home} cannot be written to: {error.strerror or error}") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotStart(f"citizen-bot is already running in {home}; stop it first") from None
        yield folder


def _prove_writable(folder: Path) -> None:
    """A full disk still makes empty files, so some bytes have to reach it. Raises OSError."""
    probe = folder / "probe"
    try:
        with probe.open("wb") as file:
            file.write(bytes(2**20))
            os.fsync(file.fileno())
    finally:
        with contextlib.suppress(OSError):
            probe.unlink(missing_ok=True)


def _check_database(url: str) -> None:
    try:
        psycopg.connect(url, connect_timeout=CONNECT_TIMEOUT_S).close()
    except psycopg.Error as error:
        lines = str(error).strip().splitlines()
        raise CannotStart(f"DATABASE_URL: PostgreSQL cannot be reached: {lines[0] if lines else error!r}") from None


def _check_redis(url: str) -> None:
    client = create_redis(url)
    try:
        client.ping()
    except redis.RedisError as error:
        raise CannotStart(f"REDIS_URL: Redis cannot be reached: {error}") from None
    finally:
        client.close()


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _write_private(path: Path, text: str) -> None:
    """Whole or not at all, readable by the owner only."""
    unfinished = path.with_name(path.name + ".unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
