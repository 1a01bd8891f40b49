import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from citizen_bot.platform.processes import Child, end_leftover, runs_with

SLEEP = "import time; print('up', flush=True); time.sleep(600)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEP}"


def child(folder: Path, code: str, name: str = "sleeper") -> Child:
    return Child(name, [sys.executable, "-c", code, str(folder)], folder=folder, marker=str(folder), log=folder / "log")


def started(folder: Path, code: str = SLEEP) -> Child:
    made = child(folder, code)
    made.start()
    deadline = time.monotonic() + 20
    while "up" not in (folder / "log").read_text() and time.monotonic() < deadline:
        time.sleep(0.01)
    return made


def test_a_child_stops_decently_and_leaves_no_pid_file(tmp_path: Path) -> None:
    sleeper = started(tmp_path)
    assert sleeper.running
    assert (tmp_path / "sleeper.pid").exists()
    assert sleeper.stop(within=20)
    assert sleeper.exit_code == -signal.SIGTERM
    assert not (tmp_path / "sleeper.pid").exists()


def test_a_child_that_will_not_stop_is_ended_by_force(tmp_path: Path) -> None:
    stubborn = started(tmp_path, STUBBORN)
    assert not stubborn.stop(within=0.1)
    assert stubborn.exit_code == -signal.SIGKILL


def test_a_leftover_is_found_by_its_pid_file_and_ended(tmp_path: Path) -> None:
    sleeper = started(tmp_path)
    assert end_leftover(tmp_path / "sleeper.pid")
    assert sleeper.exit_code == -signal.SIGTERM
    assert not end_leftover(tmp_path / "sleeper.pid")


@pytest.mark.parametrize("change", [{"started": "another boot:1"}, {"marker": "another"}, {"pid": 2**22 + 1}])
def test_another_process_of_the_same_number_is_left_alone(tmp_path: Path, change: dict[str, object]) -> None:
    sleeper = started(tmp_path)
    pid_file = tmp_path / "sleeper.pid"
    pid_file.write_text(json.dumps(json.loads(pid_file.read_text()) | change))
    try:
        assert not end_leftover(pid_file)
        assert sleeper.running
        assert not pid_file.exists()
    finally:
        sleeper.kill()


@pytest.mark.parametrize("content", ["", "12345", "[]", '{"pid": "x"}'])
def test_a_damaged_pid_file_ends_nobody(tmp_path: Path, content: str) -> None:
    pid_file = tmp_path / "x.pid"
    pid_file.write_text(content)
    assert not end_leftover(pid_file)
    assert not pid_file.exists()


def test_a_child_ends_with_its_parent(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from citizen_bot.platform.processes import Child\n"
        f"folder = Path({str(tmp_path)!r})\n"
        f"Child('sleeper', [sys.executable, '-c', {SLEEP!r}, str(folder)], folder=folder, marker=str(folder)).start()\n"
        "print('up', flush=True); time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        assert parent.stdout.readline() == "up\n"
        pid = json.loads((tmp_path / "sleeper.pid").read_text())["pid"]
        assert runs_with(pid, str(tmp_path))
        parent.kill()
    deadline = time.monotonic() + 20
    while runs_with(pid, str(tmp_path)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not runs_with(pid, str(tmp_path))
