"""What commands at the counter share: the office's rules, the published catalogue, and one transaction."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import click
from sqlalchemy import Connection

from citizen_bot.catalog import store
from citizen_bot.catalog.model import Catalogue
from citizen_bot.cli.database import database
from citizen_bot.platform.clock import SystemClock
from citizen_bot.platform.database import retrying
from citizen_bot.platform.privacy import Privacy
from citizen_bot.rules import Office, load_office
from citizen_bot.settings import Settings, data_folder
from citizen_bot.wordings import Wordings, load_wordings

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Counter:
    """What a command works with, within its transaction."""

    connection: Connection
    office: Office
    catalogue: Catalogue
    say: Wordings
    now: datetime

    def fail(self, key: str, **values: object) -> click.ClickException:
        return click.ClickException(self.say(key, **values))


C = TypeVar("C", bound=Counter)


def at_counter(counter: type[C], database_url: str | None, doing: str, work: Callable[[C], T]) -> T:
    """What `work` returns, from a transaction that is repeated after a deadlock. `doing` says what failed."""
    settings = Settings.from_environment(os.environ)
    say = load_wordings(settings.intents_dir, data_folder("intents"))
    office = load_office(settings.guides_dir, Privacy(settings.privacy_keys))

    def within(connection: Connection) -> T:
        return work(counter(connection, office, published(connection), say, SystemClock().now()))

    with database(settings, database_url, doing) as engine:
        return retrying(engine, within)


def published(connection: Connection) -> Catalogue:
    """The catalogue that is answered from. Raises click.ClickException where there is none yet."""
    version = store.current_hash(connection)
    if version is None:
        raise click.ClickException("no catalogue has been published: run `citizen-bot catalog publish`")
    return store.load(connection, version)
