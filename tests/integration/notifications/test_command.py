"""`citizen-bot notifications`, and the worker as it runs in the service."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from werkzeug.serving import make_server
from world import KIND, World

from citizen_bot.catalog import store
from citizen_bot.catalog.model import Catalogue
from citizen_bot.cli import main
from citizen_bot.cli.parts import task_context
from citizen_bot.handovers import service as handovers
from citizen_bot.notifications import endpoints
from citizen_bot.platform import jobs
from citizen_bot.platform.clock import SystemClock
from citizen_bot.sandbox import create_fake, faults
from citizen_bot.sandbox.state import FakeState
from citizen_bot.settings import DEVELOPMENT_APP_ID, DEVELOPMENT_APP_SECRET, Settings

Run = Callable[..., Result]


@pytest.fixture
def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("CITIZEN_BOT_HOME", str(tmp_path))
    return lambda *arguments: CliRunner().invoke(main, ["notifications", *arguments])


def _listed(run: Run, *arguments: str) -> list[dict[str, Any]]:
    result = run("list", "--json", *arguments)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_the_list_tells_what_came_of_each_and_of_no_person(world: World, run: Run) -> None:
    world.state.faults.append(faults.errcode(45015, path="*custom/send"))
    world.tell(world.resident(), world.staff("laojiang"))
    world.work()
    first, second = _listed(run)
    assert first["recipient"] == "resident"
    assert first["state"] == "waiting"
    assert [(c["channel"], c["state"], c["code"]) for c in first["channels"]] == [
        ("service", "refused", 45015),
        ("template:tmpl", "failed", 40037),
    ]
    assert (second["id"], second["kind"], second["subject"], second["state"]) == (2, KIND, 1, "told")
    assert second["channels"][0]["attempts"] == 1
    assert [one["id"] for one in _listed(run, "--state", "waiting")] == [1]
    assert [one["id"] for one in _listed(run, "--limit", "1")] == [2]
    plain = run("list").stdout
    assert "service refused×1" in plain
    assert "laojiang" not in plain


def test_what_has_failed_is_sent_again_or_dropped(world: World, run: Run) -> None:
    world.state.invalid_members.append("gone")
    to = world.staff("gone")
    for subject in (1, 2, 3):
        world.tell(to, subject=subject)
    world.work()
    world.state.invalid_members.clear()
    assert "sent again: 1" in run("retry", "1").output
    refused = run("retry", "1", "99")
    assert (refused.exit_code, "1, 99: not found, or have not failed" in refused.output) == (1, True)
    world.work()
    assert world.states() == ["told", "failed", "failed"]
    assert run("drop", "2").exit_code == 0
    assert run("drop", "2").exit_code == 1
    assert "sent again: 1" in run("retry", "--all").output
    world.work()
    assert world.states() == ["told", "dropped", "told"]
    assert run("retry").exit_code == run("retry", "1", "--all").exit_code == 2


def test_somebody_takes_a_matter_on(world: World, run: Run) -> None:
    world.tell(world.staff("laojiang"), answer_by=world.clock.now())
    assert "taken on" in run("answered", KIND, "1").output
    assert run("answered", KIND, "1").exit_code == 1
    assert _listed(run)[0]["answered_at"]


def test_endpoints_are_added_listed_without_secrets_and_removed(world: World, run: Run) -> None:
    address = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=key-of-the-group"
    world.state.robots["key-of-the-group"] = []
    assert run("endpoint", "add", "--robot", address, "--name", "大厅群", "--site", "371083").exit_code == 0
    added = run("endpoint", "add", "--webhook", "https://screen.example/in", "--name", "大屏").output
    assert "secret: whsec_" in added
    assert "already" in run("endpoint", "add", "--robot", "another", "--name", "大屏").output
    for wrong in (["--webhook", "ftp://x"], ["--robot", "https://x/?y=z"], [], ["--robot", "a", "--webhook", "b"]):
        assert run("endpoint", "add", "--name", "x", *wrong).exit_code > 0
    shown = run("endpoint", "list").output + run("endpoint", "list", "--json").output
    assert "大厅群  371083" in shown
    assert "the whole city" in shown
    for secret in ("key-of-the-group", "screen.example", "whsec_"):
        assert secret not in shown
    with world.engine.connect() as connection:
        robot = endpoints.everything(connection)[0]
    world.tell(endpoint := _recipient(robot.id))
    assert "with 1 unsent messages" in run("endpoint", "remove", "大厅群").output
    assert run("endpoint", "remove", "大厅群").exit_code == 1
    world.work()
    assert (world.states(), world.state.robots["key-of-the-group"]) == (["dropped"], [])
    assert run("endpoint", "add", "--robot", address, "--name", "大厅群").exit_code == 0
    world.tell(endpoint, subject=2)
    world.work()
    assert world.states() == ["dropped", "told"]


def _recipient(endpoint_id: int) -> Any:
    from citizen_bot.notifications.composing import Recipient

    return Recipient("endpoint", endpoint_id)


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[tuple[FakeState, str]]:
    """The fake on a socket, with the development account."""
    state = FakeState(apps={DEVELOPMENT_APP_ID: DEVELOPMENT_APP_SECRET}, robots={"development-robot": []})
    server = make_server("127.0.0.1", 0, create_fake(state), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield state, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_worker_of_the_service_tells_the_group(
    world: World, database_url: str, catalogue: Catalogue, fake: tuple[FakeState, str]
) -> None:
    state, url = fake
    settings = Settings.from_environment({"WECHAT_API_BASE": url, "WECOM_API_BASE": f"{url}/wecom"})
    clock = SystemClock()
    with world.engine.begin() as connection:
        store.publish(connection, catalogue, by="test", at=clock.now())
        endpoints.set_default_robot(connection, world.privacy, settings.wecom_robot_key)
    resident = world.resident()
    with world.engine.begin() as connection:
        handovers.request(
            connection,
            world.privacy,
            resident_id=resident.id,
            question=None,
            item=None,
            asked_at=clock.now(),
            promised_at=clock.now(),
        )
    app = jobs.create_job_app(database_url, task_context(settings, world.engine, clock))

    async def work() -> None:
        async with app.open_async():
            await app.run_worker_async(queues=["notifications"], wait=False, install_signal_handlers=False)

    asyncio.run(work())
    (message,) = state.robots["development-robot"]
    assert "有居民请人工答复" in message["markdown"]["content"]
    assert world.states() == ["told"]
    assert world.execute("SELECT status FROM procrastinate_jobs WHERE queue_name = 'notifications'") == [("succeeded",)]
