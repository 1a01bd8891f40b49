import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog
from sqlalchemy import Engine, text

from citizen_bot.platform import jobs
from citizen_bot.platform.clock import SystemClock
from citizen_bot.platform.telemetry import metrics
from citizen_bot.platform.telemetry.requests import bind_request_id, current_request_id
from citizen_bot.settings import Settings

seen: list[tuple[int, str, str]] = []


@jobs.task("tests.remember", queue="tests")
def remember(context: jobs.TaskContext, *, number: int) -> None:
    with context.engine.connect() as connection:
        seen.append((number, current_request_id(), connection.execute(text("SELECT current_user")).scalar_one()))


def waiting(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(text("SELECT task_name, queue_name, args FROM procrastinate_jobs ORDER BY id")))


def test_a_job_exists_when_its_transaction_is_committed_and_carries_the_request(engine: Engine) -> None:
    bind_request_id("a" * 20)
    with engine.begin() as connection:
        assert jobs.defer(connection, "some.task", queue="some", args={"id": 7})
        assert waiting(engine) == []
    assert waiting(engine) == [("some.task", "some", {"id": 7, "request_id": "a" * 20})]


def test_a_job_vanishes_with_its_transaction(engine: Engine) -> None:
    with engine.connect() as connection:
        jobs.defer(connection, "some.task", queue="some", args={})
        connection.rollback()
    assert waiting(engine) == []


def test_of_one_queueing_lock_only_one_waits_and_the_transaction_goes_on(engine: Engine) -> None:
    with engine.begin() as connection:
        assert jobs.defer(connection, "some.task", queue="some", args={}, queueing_lock="once")
        assert jobs.defer(connection, "some.task", queue="some", args={}, queueing_lock="once") is None
        assert jobs.defer(connection, "other.task", queue="some", args={})
    assert [row.task_name for row in waiting(engine)] == ["some.task", "other.task"]


@pytest.mark.parametrize(("minutes", "age"), [(-10, 600), (10, 0)])
def test_the_oldest_job_is_as_old_as_it_could_have_run(engine: Engine, minutes: int, age: int) -> None:
    at = datetime.now(UTC) + timedelta(minutes=minutes)
    with engine.begin() as connection:
        jobs.defer(connection, "some.task", queue="some", args={}, schedule_at=at)
    told = metrics.exposition([jobs.oldest_job_age(engine)]).decode()
    (line,) = [line for line in told.splitlines() if line.startswith("citizen_bot_oldest_job_age_seconds ")]
    assert age <= float(line.split()[1]) < age + 300


def test_the_worker_runs_a_job_under_the_request_that_enqueued_it(engine: Engine, database_url: str) -> None:
    bind_request_id("b" * 20)
    with engine.begin() as connection:
        jobs.defer(connection, "tests.remember", queue="tests", args={"number": 7})
    structlog.contextvars.clear_contextvars()
    app = jobs.create_job_app(database_url, jobs.TaskContext(engine, Settings.from_environment({}), SystemClock()))

    async def work() -> None:
        async with app.open_async():
            await app.run_worker_async(queues=["tests"], wait=False, install_signal_handlers=False)

    asyncio.run(work())
    assert seen == [(7, "b" * 20, "citizen_bot_app")]
