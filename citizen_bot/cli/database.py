"""The database of the settings, for commands that need one."""

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from citizen_bot.platform.database import create_engine
from citizen_bot.settings import Settings

DATABASE = click.option(
    "--database-url", help="The database; DATABASE_URL or that of a running `citizen-bot up` by default."
)


@contextmanager
def database(settings: Settings, url: str | None, doing: str) -> Iterator[Engine]:
    """The database of `url`, of the settings, or of a running `citizen-bot up`.

    Raises click.ClickException, in one line, when there is none or it does not answer; `doing` says what failed.
    """
    with explained(doing):
        engine = create_engine(url or address(settings))
        try:
            yield engine
        finally:
            engine.dispose()


@contextmanager
def explained(doing: str) -> Iterator[None]:
    """Turns the database's errors into one line for people."""
    try:
        yield
    except SQLAlchemyError as error:
        raise click.ClickException(f"cannot {doing}: {_first_line(error)}") from error


@contextmanager
def transaction(settings: Settings, url: str | None, doing: str) -> Iterator[Connection]:
    """One transaction in `database`."""
    with database(settings, url, doing) as engine, engine.begin() as connection:
        yield connection


def user() -> str:
    """Who runs the command."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def address(settings: Settings) -> str:
    """The address of the settings' database, or of that of a running `citizen-bot up`. Raises click.ClickException."""
    if settings.database_url is not None:
        return settings.database_url
    try:
        return (settings.home / "run" / "database-url").read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        message = f"no database: set DATABASE_URL, or start `citizen-bot up` (nothing runs in {settings.home})"
        raise click.ClickException(message) from None


def _first_line(error: SQLAlchemyError) -> str:
    """The database's own words, without the statement."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return (str(cause).splitlines() or [type(error).__name__])[0]
