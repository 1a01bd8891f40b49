"""A conversation as plain JSON, as it is kept between two messages."""

import dataclasses
from collections.abc import Mapping
from datetime import date, datetime, time
from functools import cache
from typing import Any, get_args, get_type_hints

from citizen_bot.dialogue.model import Conversation

_MOMENTS = (datetime, date, time)


def dump(conversation: Conversation) -> dict[str, Any]:
    stored: dict[str, Any] = _plain(conversation)
    return stored


def load(stored: Mapping[str, Any]) -> Conversation:
    """The conversation that `dump` gave; an empty mapping is a new one. Keys of other versions are ignored."""
    conversation: Conversation = _build(Conversation, stored)
    return conversation


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return value.isoformat() if isinstance(value, _MOMENTS) else value


def _build(model: Any, stored: Mapping[str, Any]) -> Any:
    kinds = _kinds(model)
    return model(**{key: _value(kinds[key], value) for key, value in stored.items() if key in kinds})


def _value(kind: Any, value: Any) -> Any:
    """JSON's lists are tuples here, and moments are texts there."""
    if isinstance(value, list):
        return tuple(value)
    if dataclasses.is_dataclass(kind) and isinstance(value, Mapping):
        return _build(kind, value)
    if kind in _MOMENTS and isinstance(value, str):
        return kind.fromisoformat(value)
    return value


@cache
def _kinds(model: Any) -> Mapping[str, Any]:
    """The type of each field; of an optional one, what it is when it is there."""
    return {name: next(iter(get_args(hint) or ()), hint) if _optional(hint) else hint for name, hint in _hints(model)}


def _hints(model: Any) -> list[tuple[str, Any]]:
    return list(get_type_hints(model).items())


def _optional(hint: Any) -> bool:
    return type(None) in get_args(hint)
