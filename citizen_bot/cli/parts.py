"""What the worker's tasks work with, made once per process."""

import functools
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import Engine

from citizen_bot.catalog.published import Published
from citizen_bot.notifications.composing import Compositions, load_composers
from citizen_bot.notifications.robots import Robots
from citizen_bot.notifications.sending import Sender
from citizen_bot.notifications.templates import Templates, load_templates
from citizen_bot.notifications.ways import Channels, Ways
from citizen_bot.platform.clock import Clock
from citizen_bot.platform.jobs import TaskContext
from citizen_bot.platform.privacy import Privacy
from citizen_bot.platform.redis import create_redis
from citizen_bot.rules import Office, load_office
from citizen_bot.settings import Settings, data_folder
from citizen_bot.wordings import load_wordings


def task_context(settings: Settings, engine: Engine, clock: Clock) -> TaskContext:
    """A context with Office, Compositions, Channels, Sender and Robots. Raises FaultyFiles with every fault of a file
    that it reads."""
    load_composers()
    office = load_office(settings.guides_dir, Privacy(settings.privacy_keys))
    say = load_wordings(settings.intents_dir, data_folder("intents"))
    link = functools.partial(_address, settings.public_url)
    compositions = Compositions(office, Published(), say, link, settings.secret_key)
    redis = None if settings.redis_url is None else create_redis(settings.redis_url)
    channels = Channels.of(settings, redis, clock)
    parts: Mapping[type, object] = {
        Office: office,
        Compositions: compositions,
        Channels: channels,
        Sender: Sender(engine, compositions, Ways(channels, _templates(settings)), clock),
        Robots: Robots(engine, compositions, channels, clock),
    }
    return TaskContext(engine, settings, clock, parts)


def _address(public_url: str, path: str) -> str:
    return f"{public_url}{path}"


def _templates(settings: Settings) -> Templates:
    """The account's own; in the sandbox, where it has none, those that the fake knows."""
    own = load_templates(settings.intents_dir)
    if own.all() or not settings.sandbox:
        return own
    from citizen_bot import sandbox

    return load_templates(Path(sandbox.__file__).parent)
