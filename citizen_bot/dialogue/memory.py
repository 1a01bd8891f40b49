"""A conversation as plain JSON, as it is kept between two messages."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from citizen_bot.dialogue.model import Checklist, Conversation, Pending


def dump(conversation: Conversation) -> dict[str, Any]:
    last_at = conversation.last_at
    return {**asdict(conversation), "last_at": None if last_at is None else last_at.isoformat()}


def load(stored: Mapping[str, Any]) -> Conversation:
    """The conversation that `dump` gave; an empty mapping is a new one. Keys of other versions are ignored."""
    values = _known(Conversation, stored)
    for key, kind in (("pending", Pending), ("checklist", Checklist)):
        if values.get(key) is not None:
            values[key] = kind(**_known(kind, values[key]))
    if values.get("last_at") is not None:
        values["last_at"] = datetime.fromisoformat(values["last_at"])
    return Conversation(**values)


def _known(kind: Any, stored: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the fields that `kind` has; JSON's lists are tuples there."""
    names = {field.name for field in fields(kind)}
    return {key: tuple(value) if isinstance(value, list) else value for key, value in stored.items() if key in names}
