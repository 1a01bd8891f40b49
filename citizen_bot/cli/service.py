"""`citizen-bot up`, `web`, `worker` and `release`: the processes of the service."""

import asyncio
import functools
import gc
import multiprocessing
import os
import signal
import sys
from typing import NoReturn

import click
import structlog
from flask import Flask

from citizen_bot.platform.telemetry.folder import share_metrics
from citizen_bot.platform.telemetry.logs import GRANIAN_LOGGING, configure_logging
from citizen_bot.settings import Settings

WEB_STOP_TIMEOUT_S = 15
JOB_STOP_TIMEOUT_S = 15


@click.command()
def up() -> None:
    """Start everything: engines, database, web and worker. Ctrl-C stops it."""
    from citizen_bot.platform import supervisor

    settings = _settings()
    try:
        supervisor.run(settings)
    except supervisor.CannotStart as error:
        _give_up(str(error))


@click.command()
def web() -> None:
    """Serve HTTP with WEB_WORKERS processes."""
    from granian.constants import HTTPModes, Interfaces
    from granian.server import Server

    from citizen_bot.platform import supervisor

    settings = _settings("DATABASE_URL", "REDIS_URL")
    # Before anything imports prometheus_client.
    share_metrics(settings.home / "run" / "metrics")
    try:
        supervisor.check_port(settings)
    except supervisor.CannotStart as error:
        _give_up(str(error))

    from sqlalchemy.exc import SQLAlchemyError

    from citizen_bot.app import NothingPublished, preload

    try:
        preloaded = preload(settings)
    except NothingPublished:
        _give_up("no catalogue has been published: run `citizen-bot release` first")
    except SQLAlchemyError as error:
        _give_up(f"the database cannot be read: {_first_line(error)}")
    # What is loaded now is shared by the workers as long as nobody writes to it; the collector would.
    gc.collect()
    gc.freeze()
    multiprocessing.set_start_method("fork")

    def load(parent: int) -> Flask:
        """Runs in each worker, after the fork: connections and threads are its own."""
        from citizen_bot.app import create_app
        from citizen_bot.platform.processes import die_with_parent

        die_with_parent(parent, signal.SIGTERM)
        configure_logging(settings.log_level)
        return create_app(settings, preloaded=preloaded)

    Server(
        "citizen_bot.app:create_app",
        address=supervisor.host_of(settings),
        port=settings.port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=settings.web_workers,
        blocking_threads=settings.web_threads,
        respawn_failed_workers=True,
        workers_kill_timeout=WEB_STOP_TIMEOUT_S,
        log_dictconfig=GRANIAN_LOGGING,
    ).serve(target_loader=functools.partial(load, os.getpid()), wrap_loader=False)


@click.command()
def worker() -> None:
    """Work off background jobs."""
    from citizen_bot.cli.parts import task_context
    from citizen_bot.platform.clock import SystemClock
    from citizen_bot.platform.database import create_engine
    from citizen_bot.platform.jobs import create_job_app

    settings = _settings("DATABASE_URL", "REDIS_URL")
    url = settings.database_url or ""
    # A task may hold one connection and need another for a moment.
    engine = create_engine(url, pool_size=settings.worker_concurrency + 1)
    job_app = create_job_app(url, task_context(settings, engine, SystemClock()))

    async def work() -> None:
        async with job_app.open_async():
            await job_app.run_worker_async(
                concurrency=settings.worker_concurrency, shutdown_graceful_timeout=JOB_STOP_TIMEOUT_S
            )

    asyncio.run(work())


@click.command()
def release() -> None:
    """Prepare the database: migrate, publish the catalogue, take over the group robot's key and, in development, add
    sample people."""
    from sqlalchemy.exc import SQLAlchemyError

    from citizen_bot.catalog import store
    from citizen_bot.catalog.loader import load
    from citizen_bot.notifications import endpoints
    from citizen_bot.platform.clock import SystemClock
    from citizen_bot.platform.database import create_engine, migrate
    from citizen_bot.platform.privacy import Privacy

    settings = _settings("DATABASE_URL")
    url = settings.database_url or ""
    try:
        catalogue = load(settings.guides_dir)
        migrate(url)
        engine = create_engine(url)
        with engine.begin() as connection:
            store.publish(connection, catalogue, by="release", at=SystemClock().now())
            endpoints.set_default_robot(connection, Privacy(settings.privacy_keys), settings.wecom_robot_key)
        if not settings.production:
            from citizen_bot.sandbox import sample

            sample.load(engine)
        engine.dispose()
    except SQLAlchemyError as error:
        _give_up(f"the database cannot be prepared: {_first_line(error)}")


def _settings(*needed: str) -> Settings:
    """The settings, with this process's logs set up. Ends the process where one is wrong or one of `needed` missing."""
    settings = Settings.from_environment(os.environ)
    configure_logging(settings.log_level)
    for warning in settings.warnings:
        structlog.get_logger(__name__).warning("setting", warning=warning)
    missing = [name for name in needed if getattr(settings, name.lower()) is None]
    if missing:
        _give_up(f"{' and '.join(missing)} must be set; only `citizen-bot up` brings its own")
    return settings


def _first_line(error: Exception) -> str:
    """The database's own words, without the statement."""
    cause = getattr(error, "orig", None) or error
    return (str(cause).splitlines() or [type(error).__name__])[0]


def _give_up(message: str) -> NoReturn:
    click.echo(message, err=True)
    sys.exit(1)
