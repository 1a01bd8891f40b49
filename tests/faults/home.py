"""One `citizen-bot up` in a home of its own, with everything that a test may reach of it from outside."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psycopg
import redis
import requests
from psycopg.rows import dict_row

from citizen_bot.settings import data_folder
from tests.conftest import CLEAN_ENVIRONMENT, free_port, wait_until_ready

PROGRAM = Path(sys.executable).parent / "citizen-bot"
STOP_TIMEOUT_S = 60


class Home:
    """`seats`: how many people an hour takes at these towns' general windows."""

    def __init__(self, folder: Path, seats: Mapping[str, int], **environment: str) -> None:
        self.path = folder / "home"
        self.log = folder / "up.log"
        guides = _guides(folder / "guides", seats)
        self.path.mkdir(mode=0o700)
        own = {"CITIZEN_BOT_HOME": str(self.path), "PORT": str(free_port()), "GUIDES_DIR": str(guides)}
        self._environment = {**CLEAN_ENVIRONMENT, **own, **environment}
        self._process: subprocess.Popen[bytes] | None = None
        self.ready: dict[str, Any] = {}
        self.database = ""

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [PROGRAM, "up"], env=self._environment, stdout=subprocess.DEVNULL, stderr=log
            )
        self.ready = wait_until_ready(self.path, self._process, self.log)
        self.database = (self.path / "run" / "database-url").read_text("utf-8").strip()

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(STOP_TIMEOUT_S)

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def is_ready(self) -> bool:
        try:
            return requests.get(f"{self.ready['url']}/readyz", timeout=3).status_code == 200
        except requests.RequestException:
            return False

    def pid_of(self, name: str) -> int | None:
        """Of web, worker, postgres or valkey; None while it is down."""
        try:
            pid: int = self._written(name)["pid"]
        except (FileNotFoundError, ValueError):
            return None
        return pid

    def children_of(self, name: str) -> list[int]:
        pid = self.pid_of(name)
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                fields = (folder / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == pid and fields[0] not in "ZX":
                found.append(int(folder.name))
        return sorted(found)

    def signal(self, name: str, number: signal.Signals) -> int:
        """Returns the process that got it."""
        pid = self.pid_of(name)
        assert pid is not None, f"{name} does not run"
        os.kill(pid, number)
        return pid

    def sql(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        with psycopg.connect(self.database, row_factory=dict_row, connect_timeout=5) as connection:
            found = connection.execute(statement.encode(), values)
            return found.fetchall() if found.description else []

    def redis(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=self._written("valkey")["marker"], socket_timeout=3)

    def command(self, *words: str) -> str:
        """What `citizen-bot …` says on this home."""
        ended = subprocess.run(
            [PROGRAM, *words], env=self._environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def _written(self, name: str) -> dict[str, Any]:
        written: dict[str, Any] = json.loads((self.path / "run" / f"{name}.pid").read_text("utf-8"))
        return written


def eventually(holds: Callable[[], bool], within: float, pause: float = 0.1) -> bool:
    until = time.monotonic() + within
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(pause)
    return True


def _guides(folder: Path, seats: Mapping[str, int]) -> Path:
    """The shipped guides, with more seats."""
    shutil.copytree(data_folder("guides"), folder)
    rules = folder / "rules.yaml"
    own = ", ".join(f'"{code}": {{general: {count}, dedicated: 1, extended: 1}}' for code, count in seats.items())
    shipped = rules.read_text("utf-8")
    changed = shipped.replace("  site_seats: {}", f"  site_seats: {{{own}}}")
    assert changed != shipped
    rules.write_text(changed, "utf-8")
    return folder
