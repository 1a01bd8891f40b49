"""Background work: rows of PostgreSQL, written in the transaction of what they tell of, worked off by Procrastinate.

A job carries ids, never names or texts: its arguments stand in the database and in the worker's logs. It may run twice
(a worker that dies is replaced), so a task looks at the present state first.
"""

import importlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

import procrastinate
import psycopg.conninfo
import structlog
from procrastinate import BaseRetryStrategy, JobContext, RetryStrategy
from prometheus_client.registry import Collector
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import IntegrityError

from citizen_bot.platform.clock import Clock
from citizen_bot.platform.database import APPLICATION_ROLE, CONNECT_TIMEOUT_S
from citizen_bot.platform.telemetry import metrics
from citizen_bot.platform.telemetry.requests import bind_request_id, current_request_id, new_request_id
from citizen_bot.settings import Settings

# Every module that registers tasks with `task`.
TASK_MODULES = ("citizen_bot.appointments.tasks", "citizen_bot.notifications.tasks", "citizen_bot.visits.tasks")
KEPT_HOURS = 7 * 24
# 3 s, 9 s, 27 s … 5.5 h: over a night's outage of somebody else's server, then the job counts as failed.
DEFAULT_RETRY = RetryStrategy(max_attempts=9, exponential_wait=3)

log = structlog.get_logger(__name__)

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TaskContext:
    """What a task works with. The engine is the worker's own; `parts` are what the services need besides, each under
    its class."""

    engine: Engine
    settings: Settings
    clock: Clock
    parts: Mapping[type, object] = field(default_factory=dict)

    def part(self, kind: type[T]) -> T:
        """`context.part(Office)`. Raises KeyError for what the worker was not given."""
        return cast(T, self.parts[kind])


TaskFunction = Callable[Concatenate[TaskContext, P], None]


@dataclass(frozen=True, slots=True)
class _Task:
    function: Callable[..., None]
    queue: str
    cron: str | None
    retry: BaseRetryStrategy


_tasks: dict[str, _Task] = {}


def task(
    name: str, *, queue: str, cron: str | None = None, retry: BaseRetryStrategy = DEFAULT_RETRY
) -> Callable[[TaskFunction[P]], TaskFunction[P]]:
    """Registers a function `(context, *, …) -> None` under `name`; it runs in a thread of the worker.

    An exception is a failed attempt: `retry` says when the next one comes. With `cron` (UTC) it also runs by itself,
    without arguments.
    """

    def register(function: TaskFunction[P]) -> TaskFunction[P]:
        if name in _tasks:
            raise ValueError(f"two tasks are named {name}")
        _tasks[name] = _Task(function, queue, cron, retry)
        return function

    return register


def defer(
    connection: Connection,
    task_name: str,
    *,
    queue: str,
    args: Mapping[str, Any],
    lock: str | None = None,
    queueing_lock: str | None = None,
    schedule_at: datetime | None = None,
    priority: int = 0,
) -> int | None:
    """Enqueues a job in the caller's transaction: it exists when and only when that transaction is committed.

    `args` must fit into JSON and hold ids only. Jobs of one `lock` run one after the other. Of one `queueing_lock` at
    most one waits: where one does already, nothing is enqueued and None returned. Else returns the job's number. The
    present request's id goes with the job into the worker's logs.
    """
    values = {
        "task": task_name,
        "queue": queue,
        "priority": priority,
        "lock": lock,
        "queueing_lock": queueing_lock,
        "args": json.dumps({**args, "request_id": current_request_id()}),
        "at": schedule_at,
    }
    if queueing_lock is None:
        return int(connection.execute(_DEFER, values).scalar_one())
    try:
        with connection.begin_nested():
            return int(connection.execute(_DEFER, values).scalar_one())
    except IntegrityError:
        return None


_DEFER = text(
    """
    SELECT unnest(procrastinate_defer_jobs_v1(ARRAY[
        ROW(:queue, :task, :priority, :lock, :queueing_lock, CAST(:args AS jsonb), CAST(:at AS timestamptz))
    ]::procrastinate_job_to_defer_v1[]))
    """
)

_OLDEST = text(
    """
    SELECT coalesce(extract(epoch FROM max(now() - coalesce(job.scheduled_at, event.at))), 0)
      FROM procrastinate_jobs job
      LEFT JOIN procrastinate_events event ON event.job_id = job.id AND event.type = 'deferred'
     WHERE job.status = 'todo' AND (job.scheduled_at IS NULL OR job.scheduled_at <= now())
    """
)


def oldest_job_age(engine: Engine) -> Collector:
    """The gauge citizen_bot_oldest_job_age_seconds: how long the oldest job that could run has waited; 0 for none."""

    def read() -> Iterator[tuple[Sequence[str], float]]:
        with engine.connect() as connection:
            yield (), float(connection.execute(_OLDEST).scalar_one())

    return metrics.read_at_scrape("citizen_bot_oldest_job_age_seconds", "Wait of the oldest runnable job", (), read)


def create_job_app(database_url: str, context: TaskContext) -> procrastinate.App:
    """Procrastinate's application with every task of TASK_MODULES, for the worker process and tests."""
    for module in TASK_MODULES:
        importlib.import_module(module)
    conninfo = psycopg.conninfo.make_conninfo(
        database_url,
        options=f"-c role={APPLICATION_ROLE} -c timezone=UTC",
        connect_timeout=CONNECT_TIMEOUT_S,
        application_name="citizen-bot-worker",
    )
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=conninfo, min_size=1, max_size=4))
    for name, registered in _tasks.items():
        wrapped = app.task(name=name, queue=registered.queue, retry=registered.retry)(
            _runner(name, registered, context)
        )
        if registered.cron is not None:
            app.periodic(cron=registered.cron)(wrapped)
    _register_housekeeping(app)
    return app


def _runner(name: str, registered: _Task, context: TaskContext) -> Callable[..., None]:
    def run(*, request_id: str = "", timestamp: int | None = None, **args: Any) -> None:
        bind_request_id(request_id or new_request_id())
        log.info("job started", task=name)
        try:
            registered.function(context, **args)
        except Exception:
            log.warning("job attempt failed", task=name, exc_info=True)
            raise
        log.info("job done", task=name)

    return run


def _register_housekeeping(app: procrastinate.App) -> None:
    @app.periodic(cron="7 19 * * *")
    @app.task(name="jobs.purge", queue="housekeeping", pass_context=True)
    async def purge(context: JobContext, timestamp: int) -> None:
        """Finished jobs go after a week. Failed ones stay: somebody has to look at them."""
        await context.app.job_manager.delete_old_jobs(KEPT_HOURS, include_cancelled=True, include_aborted=True)

    @app.periodic(cron="* * * * *")
    @app.task(name="jobs.take_over", queue="housekeeping", queueing_lock="jobs.take_over", pass_context=True)
    async def take_over(context: JobContext, timestamp: int) -> None:
        """Jobs of a worker that was killed in their midst are given to another."""
        for job in await context.app.job_manager.get_stalled_jobs():
            log.warning("job of a dead worker taken over", task=job.task_name, job=job.id)
            await context.app.job_manager.retry_job(job)
