"""`citizen-bot talk`: the conversation in the terminal, typed or replayed. Needs no service: it brings a database of
its own, which is gone afterwards."""

import functools
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any, TextIO

import click
import psycopg
from marshmallow import EXCLUDE, fields

from citizen_bot import documents
from citizen_bot.app import Language
from citizen_bot.appointments.links import AppointmentLinks
from citizen_bot.catalog import loader, store
from citizen_bot.catalog.model import Catalogue
from citizen_bot.dialogue.model import Conversation, Incoming
from citizen_bot.dialogue.turn import Turn
from citizen_bot.dialogue.turns import Turns
from citizen_bot.notifications import endpoints
from citizen_bot.notifications.composing import Compositions, load_composers
from citizen_bot.platform.clock import SHANGHAI, Clock, FixedClock, SystemClock
from citizen_bot.platform.database import create_engine, migrate
from citizen_bot.platform.embedded import OWNER, EmbeddedError, Engines
from citizen_bot.settings import Settings

PHOTO = "[图片]"


class _UserTurnSchema(documents.FileSchema):
    class Meta:
        unknown = EXCLUDE

    user = fields.String(required=True)


class _DialogueSchema(documents.FileSchema):
    class Meta:
        unknown = EXCLUDE

    name = fields.String(required=True)
    turns = fields.List(fields.Nested(_UserTurnSchema), required=True)


@click.command()
@click.option("--script", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Replay these dialogues.")
@click.option("--json", "as_json", is_flag=True, help="One JSON line a turn.")
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="The day on which the talk takes place.")
def talk(script: Path | None, as_json: bool, today: datetime | None) -> None:
    """Chat with the bot, or replay dialogues from a YAML file."""
    settings = Settings.from_environment(os.environ)
    start = datetime.combine(today.date(), time(9), SHANGHAI).astimezone(UTC) if today else datetime.now(UTC)
    dialogues = _dialogues(script) if script else []
    with _stage(settings) as stage:
        if script is None:
            _chat(stage, FixedClock(start) if today else SystemClock(), sys.stdin)
        for dialogue in dialogues:
            for line in _replay(stage, dialogue, start):
                click.echo(json.dumps(line, ensure_ascii=False) if as_json else f"> {line['user']}\n{line['reply']}\n")


class _Stage:
    """The talk over the guides in the files, and a database for each dialogue: seats that one takes are free in the
    next."""

    def __init__(self, settings: Settings, engines: Engines) -> None:
        language = Language.load(settings)
        catalogue = loader.load(settings.guides_dir)
        self._settings = settings
        self._url = functools.partial(engines.postgres.url_of, OWNER)
        self._talk = language.talk(
            catalogue,
            notice_link=lambda label, subject, number: f"（{label}：/notices/{subject}）",
            unverified_sites=not settings.production,
        )
        load_composers()
        self._compositions = Compositions(
            language.office, lambda _: catalogue, language.wordings, lambda path: path, settings.secret_key
        )
        self._made = 0
        self._prepare(catalogue)

    @contextmanager
    def turns(self, clock: Clock) -> Iterator[Turns]:
        self._made += 1
        name = f"dialogue_{self._made}"
        self._administer(f"CREATE DATABASE {name} TEMPLATE prepared")
        engine = create_engine(self._url(name))
        try:
            links = AppointmentLinks(self._settings.secret_key, lambda path: path)
            yield Turns(engine, lambda: self._talk, self._compositions, links, clock)
        finally:
            engine.dispose()

    def _prepare(self, catalogue: Catalogue) -> None:
        self._administer("CREATE DATABASE prepared")
        migrate(self._url("prepared"))
        engine = create_engine(self._url("prepared"))
        with engine.begin() as connection:
            store.publish(connection, catalogue, by="talk", at=datetime.now(UTC))
            # Whoever is told of bookings here is nobody: there is no worker.
            endpoints.set_default_robot(connection, self._compositions.office.privacy, "talk")
        engine.dispose()

    def _administer(self, statement: str) -> None:
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def _stage(settings: Settings) -> Iterator[_Stage]:
    """Raises click.ClickException where no PostgreSQL can be started."""
    with tempfile.TemporaryDirectory(prefix="citizen-bot-talk-") as folder:
        try:
            engines = Engines(Path(folder))
            engines.postgres.start()
        except EmbeddedError as error:
            raise click.ClickException(f"talk needs a PostgreSQL of its own: {error}") from error
        try:
            yield _Stage(settings, engines)
        finally:
            engines.stop()


def _dialogues(script: Path) -> list[dict[str, Any]]:
    dialogues: list[dict[str, Any]] = documents.load(script, script.name, _DialogueSchema(many=True))
    return dialogues


def _replay(stage: _Stage, dialogue: dict[str, Any], start: datetime) -> Iterator[dict[str, Any]]:
    clock = FixedClock(start)
    with stage.turns(clock) as turns:
        for number, spoken in enumerate(dialogue["turns"], 1):
            clock.instant = start + timedelta(minutes=number)
            outcome, turn = turns.take(_incoming(spoken["user"], clock.instant, number))
            if turn is None:
                raise ValueError("each line of a dialogue is a message of its own")
            conversation = turn.conversation or Conversation()
            yield {
                "name": dialogue["name"],
                "turn": number,
                "user": spoken["user"],
                **_understood(turn),
                "slots": dict(turn.slots),
                "flow": _flow(conversation),
                "reply": outcome.text or "",
            }


def _flow(conversation: Conversation) -> str | None:
    """What the bot has asked and waits for."""
    if conversation.checklist:
        return "checklist"
    if conversation.where:
        return "place"
    if conversation.pending:
        return "clarify"
    return conversation.task.kind if conversation.task else None


def _understood(turn: Turn) -> Mapping[str, str | None]:
    """The item counts as settled only when it was answered; a question back leaves it open."""
    understood = turn.understood
    return {
        "intent": understood.intent,
        "item": understood.item if understood.decision == "answer" else None,
        "facet": understood.facet,
    }


def _chat(stage: _Stage, clock: Clock, lines: TextIO) -> None:
    with stage.turns(clock) as turns:
        for number, line in enumerate(lines, 1):
            outcome, _ = turns.take(_incoming(line.strip(), clock.now(), number))
            click.echo(f"{outcome.text or ''}\n")


def _incoming(said: str, at: datetime, number: int) -> Incoming:
    """`[图片]` in a line stands for a photo."""
    text = said.replace(PHOTO, "").strip()
    kind = "image" if PHOTO in said and not text else "text"
    return Incoming("terminal", "terminal", str(number), kind, at, text=text)  # type: ignore[arg-type]
