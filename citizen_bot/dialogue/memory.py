"""A conversation as plain JSON, as it is kept between two messages."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from citizen_bot.dialogue.model import Conversation, Pending


def dump(conversation: Conversation) -> dict[str, Any]:
    pending = conversation.pending
    return {
        "item": conversation.item,
        "facet": conversation.facet,
        "topics": list(conversation.topics),
        "pending": None
        if pending is None
        else {
            "items": list(pending.items),
            "facet": pending.facet,
            "asked": pending.asked,
            "likely": pending.likely,
        },
        "misses": conversation.misses,
        "soothed": conversation.soothed,
        "last_at": None if conversation.last_at is None else conversation.last_at.isoformat(),
    }


def load(stored: Mapping[str, Any]) -> Conversation:
    """The conversation that `dump` gave; an empty mapping is a new one. Keys of older versions are ignored."""
    pending = stored.get("pending")
    last_at = stored.get("last_at")
    return Conversation(
        item=stored.get("item"),
        facet=stored.get("facet"),
        topics=tuple(stored.get("topics", ())),
        pending=None if pending is None else Pending(**{**pending, "items": tuple(pending["items"])}),
        misses=stored.get("misses", 0),
        soothed=stored.get("soothed", False),
        last_at=None if last_at is None else datetime.fromisoformat(last_at),
    )
