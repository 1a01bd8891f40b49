"""`citizen-bot talk`: the conversation in the terminal, typed or replayed. Needs no service and no database."""

import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any, TextIO

import click
from marshmallow import EXCLUDE, fields

from citizen_bot import documents
from citizen_bot.app import Language
from citizen_bot.catalog import loader
from citizen_bot.dialogue.model import Conversation, Incoming
from citizen_bot.dialogue.talk import Talk
from citizen_bot.dialogue.turn import Turn
from citizen_bot.platform.clock import SHANGHAI
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
    bot = Language.load(settings).talk(
        loader.load(settings.guides_dir),
        notice_link=lambda label, subject, number: f"（{label}：/notices/{subject}）",
        unverified_sites=not settings.production,
    )
    start = datetime.combine(today.date(), time(9), SHANGHAI).astimezone(UTC) if today else datetime.now(UTC)
    if script is None:
        _chat(bot, start, sys.stdin, moving=today is None)
        return
    for dialogue in _dialogues(script):
        for line in _replay(bot, dialogue, start):
            click.echo(json.dumps(line, ensure_ascii=False) if as_json else f"> {line['user']}\n{line['reply']}\n")


def _dialogues(script: Path) -> list[dict[str, Any]]:
    dialogues: list[dict[str, Any]] = documents.load(script, script.name, _DialogueSchema(many=True))
    return dialogues


def _replay(bot: Talk, dialogue: dict[str, Any], start: datetime) -> Iterator[dict[str, Any]]:
    conversation = Conversation()
    for number, spoken in enumerate(dialogue["turns"], 1):
        turn = bot.respond(conversation, _incoming(spoken["user"], start, number), start + timedelta(minutes=number))
        conversation = turn.conversation or Conversation()
        yield {
            "name": dialogue["name"],
            "turn": number,
            "user": spoken["user"],
            **_understood(turn),
            "slots": {},
            "flow": _flow(conversation),
            "reply": bot.render(turn.reply) or "",
        }


def _flow(conversation: Conversation) -> str | None:
    """What the bot has asked and waits for."""
    if conversation.checklist:
        return "checklist"
    if conversation.where:
        return "place"
    return "clarify" if conversation.pending else None


def _understood(turn: Turn) -> dict[str, str | None]:
    """The item counts as settled only when it was answered; a question back leaves it open."""
    understood = turn.understood
    return {
        "intent": understood.intent,
        "item": understood.item if understood.decision == "answer" else None,
        "facet": understood.facet,
    }


def _chat(bot: Talk, start: datetime, lines: TextIO, *, moving: bool) -> None:
    """`moving`: the clock goes on from now; else it stands at `start`."""
    conversation = Conversation()
    for number, line in enumerate(lines, 1):
        turn = bot.respond(conversation, _incoming(line.strip(), start, number), datetime.now(UTC) if moving else start)
        conversation = turn.conversation or Conversation()
        click.echo(f"{bot.render(turn.reply) or ''}\n")


def _incoming(said: str, at: datetime, number: int) -> Incoming:
    """`[图片]` in a line stands for a photo."""
    text = said.replace(PHOTO, "").strip()
    kind = "image" if PHOTO in said and not text else "text"
    return Incoming("terminal", "terminal", str(number), kind, at, text=text)  # type: ignore[arg-type]
