"""The state in a file, shared by the processes of a development service."""

import subprocess
import sys
from pathlib import Path

import pytest

from citizen_bot.sandbox.state import FakeState, SqliteStore

ADD_MANY = """
import sys
from pathlib import Path
from citizen_bot.sandbox.state import SqliteStore
store = SqliteStore(Path(sys.argv[1]), lambda state: None)
for n in range(40):
    with store.open() as state:
        state.next_number()
        state.say("openid", "resident", "text", f"{sys.argv[2]}-{n}", 0.0)
"""


def nothing(state: FakeState) -> None:
    pass


def test_two_processes_take_turns_and_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "home" / "state.sqlite3"
    children = [subprocess.Popen([sys.executable, "-c", ADD_MANY, str(path), name]) for name in ("a", "b")]
    assert [child.wait(60) for child in children] == [0, 0]
    with SqliteStore(path, nothing).open() as state:
        texts = [entry["text"] for entry in state.chats["openid"]]
        ids = [entry["id"] for entry in state.chats["openid"]]
        assert state.serial == 160
    assert sorted(texts) == sorted(f"{name}-{n}" for name in ("a", "b") for n in range(40))
    assert ids == sorted(set(ids))


def test_what_fails_leaves_no_trace(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "state.sqlite3", nothing)
    with store.open() as state:
        state.serial = 7

    def spoil() -> None:
        with store.open() as state:
            state.serial = 99
            raise RuntimeError

    with pytest.raises(RuntimeError):
        spoil()
    with store.open() as state:
        assert state.serial == 7


def test_every_opening_is_prepared(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite3"
    for secret in ("old", "new"):
        with SqliteStore(path, lambda state, secret=secret: state.apps.update(wx1=secret)).open() as state:
            assert state.apps == {"wx1": secret}


def test_a_state_of_another_version_can_be_read() -> None:
    state = FakeState.from_json('{"serial": 3, "no_longer_known": []}')
    assert (state.serial, state.calls) == (3, [])
