"""`citizen-bot up` as a whole: real engines, real processes, real signals."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

ENVIRONMENT = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
COMMAND = [str(Path(sys.executable).with_name("citizen-bot")), "up"]
PATIENCE_S = 120


class Up:
    """One home and the `citizen-bot up` that was last started on it. The home lies below a closed folder."""

    def __init__(self, folder: Path) -> None:
        closed = folder / "closed"
        closed.mkdir(mode=0o700)
        self.home = closed / "home"
        self.errors = folder / "stderr"
        self.port = free_port()
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        (self.home / "run" / "ready.json").unlink(missing_ok=True)
        self.process = subprocess.Popen(
            COMMAND, env=self.environment(), stdout=subprocess.PIPE, stderr=self.errors.open("a"), text=True
        )
        await_that(lambda: self.ready_file.exists() or self.ended, "ready.json")
        assert not self.ended, self.errors.read_text()[-3000:]

    def environment(self, **more: str) -> dict[str, str]:
        return {**ENVIRONMENT, "CITIZEN_BOT_HOME": str(self.home), "PORT": str(self.port), "WEB_WORKERS": "1", **more}

    @property
    def ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    @property
    def ready_file(self) -> Path:
        return self.home / "run" / "ready.json"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def pid_of(self, name: str) -> int | None:
        try:
            pid: int = json.loads((self.home / "run" / f"{name}.pid").read_text())["pid"]
        except (FileNotFoundError, ValueError):
            return None
        return pid

    def signal(self, number: signal.Signals) -> None:
        assert self.process
        self.process.send_signal(number)

    def wait(self) -> int:
        assert self.process
        return self.process.wait(PATIENCE_S)

    def processes(self) -> list[str]:
        """The command lines of all processes that work for this home."""
        found = []
        for folder in Path("/proc").iterdir():
            try:
                environment = (folder / "environ").read_bytes()
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if str(self.home) in command or f"CITIZEN_BOT_HOME={self.home}\0".encode() in environment:
                found.append(command)
        return found


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    service = Up(tmp_path)
    yield service
    if not service.ended:
        service.signal(signal.SIGTERM)
        service.wait()


def await_that(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def modes(folder: Path) -> dict[Path, tuple[int, int, int]]:
    """Mode, owner and group of every folder from the root to `folder`, and of the programs' folders."""
    watched = [*folder.parents, *Path(sys.executable).parents, *Path(pytest.__file__).parents]
    return {path: (path.stat().st_mode, path.stat().st_uid, path.stat().st_gid) for path in watched}


def refused(environment: dict[str, str]) -> str:
    """What `citizen-bot up` says in ending with exit code 1. Nothing may be on stdout."""
    ended = subprocess.run(COMMAND, env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert ended.returncode == 1, ended.stderr
    assert ended.stdout == ""
    assert "Traceback" not in ended.stderr
    return ended.stderr.strip()


def test_it_serves_refuses_a_second_start_mends_itself_and_stops_without_a_trace(up: Up) -> None:
    up.home.parent.chmod(0o700)
    before = modes(up.home)
    up.start()

    # It serves, and tells where.
    assert requests.get(f"{up.url}/readyz", timeout=10).status_code == 200
    assert stat.S_IMODE(up.ready_file.stat().st_mode) == 0o600
    ready = json.loads(up.ready_file.read_text())
    assert set(ready) == {*("url", "wechat_path", "wechat_mode", "wechat_token", "encoding_aes_key", "app_id", "pid")}
    assert up.process
    assert (ready["url"], ready["pid"]) == (up.url, up.process.pid)
    assert up.process.stdout
    greeting = [up.process.stdout.readline() for _ in range(3)]
    assert any(f"{up.url}/simulator" in line for line in greeting)

    # A second start is refused and harms nothing.
    message = refused(up.environment(PORT=str(free_port())))
    assert message == f"citizen-bot is already running in {up.home}; stop it first"
    assert up.ready_file.exists()

    # Children that die are started again, and that is said.
    for name in ("web", "worker", "valkey", "postgres"):
        killed = up.pid_of(name)
        assert killed
        os.kill(killed, signal.SIGKILL)
        await_that(lambda name=name, killed=killed: up.pid_of(name) not in (killed, None), f"another {name}")  # type: ignore[misc]
        assert re.search(rf'"process": "{name}".*"event": "process ended', up.errors.read_text())
    await_that(lambda: is_ready(up), "readiness")

    # SIGTERM ends it all.
    up.signal(signal.SIGTERM)
    assert up.wait() == 0
    assert up.processes() == []
    assert not up.ready_file.exists()
    assert modes(up.home) == before


def is_ready(up: Up) -> bool:
    try:
        return requests.get(f"{up.url}/readyz", timeout=10).status_code == 200
    except requests.RequestException:
        return False


def test_after_a_killed_supervisor_the_next_start_works_and_data_are_kept(up: Up) -> None:
    up.start()
    up.signal(signal.SIGKILL)
    up.wait()
    up.start()
    assert is_ready(up)
    up.signal(signal.SIGINT)
    assert up.wait() == 0
    assert up.processes() == []


def test_a_stop_while_starting_leaves_nothing(up: Up) -> None:
    up.process = subprocess.Popen(COMMAND, env=up.environment(), stderr=up.errors.open("a"))  # type: ignore[assignment]
    await_that(lambda: (up.home / "run" / "postgres.pid").exists(), "PostgreSQL")
    up.signal(signal.SIGTERM)
    assert up.wait() == 0
    assert up.processes() == []


def test_a_taken_port_is_told_in_one_sentence(up: Up) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", up.port))
        other.listen()
        said = refused(up.environment())
    assert said == f"port {up.port} is taken by another program; choose another with PORT"
    assert up.processes() == []


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("DATABASE_URL", "postgresql://someone:secret@127.0.0.1:{port}/nothing"),
        ("REDIS_URL", "redis://:secret@127.0.0.1:{port}/0"),
    ],
)
def test_an_unreachable_store_is_told_in_one_sentence_without_its_password(up: Up, name: str, url: str) -> None:
    said = refused(up.environment(**{name: url.format(port=free_port())}))
    assert len(said.splitlines()) == 1
    assert said.startswith(f"{name}: ")
    assert "secret" not in said
    assert up.processes() == []


@pytest.mark.parametrize("home", ["/proc/citizen-bot", "/dev/full/home", "{file}/home"])
def test_a_home_that_cannot_be_written_to_is_told_in_one_sentence(up: Up, tmp_path: Path, home: str) -> None:
    (tmp_path / "file").write_text("")
    path = home.format(file=tmp_path / "file")
    said = refused(up.environment(CITIZEN_BOT_HOME=path))
    assert said.splitlines() == [said]
    assert said.startswith(f"CITIZEN_BOT_HOME {path} cannot be written to: ")


def test_a_full_disk_is_told_in_one_sentence(up: Up) -> None:
    """A limit on the size of files is what stands in for the full disk: writing fails in the same place."""
    limited = ["sh", "-c", 'ulimit -f 100; trap "" XFSZ; exec "$@"', "sh", *COMMAND]
    ended = subprocess.run(
        limited, env=up.environment(), capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr.strip() == f"CITIZEN_BOT_HOME {up.home} cannot be written to: File too large"


def test_all_faults_of_the_settings_are_told_at_once(up: Up) -> None:
    said = refused(up.environment(PORT="many", WEB_THREADS="0", WECHAT_MODE="open"))
    assert [line.split(":")[0] for line in said.splitlines()] == ["PORT", "WECHAT_MODE", "WEB_THREADS"]
    assert not up.home.exists()
