"""Residents come and go here. Public: enter, remember, forget."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, update
from sqlalchemy.dialects.postgresql import insert

from citizen_bot.people.models import residents
from citizen_bot.platform.privacy import Privacy

__all__ = ["Resident", "enter", "forget", "remember"]


# What WeChat allows after a message: so many customer-service messages, for so long (rule of 2023).
SERVICE_MESSAGES, SERVICE_FOR = 5, timedelta(hours=48)

_NEW = insert(residents)
# An event (a tap, a report) leaves the allowance of the last message as it is.
_ENTER = _NEW.on_conflict_do_update(
    index_elements=[residents.c.lookup],
    set_={
        "last_message_at": _NEW.excluded.last_message_at,
        "service_left": func.coalesce(func.nullif(_NEW.excluded.service_left, 0), residents.c.service_left),
        "service_until": func.coalesce(_NEW.excluded.service_until, residents.c.service_until),
    },
).returning(residents.c.id, residents.c.conversation_sealed)
_REMEMBER = update(residents).where(residents.c.id == bindparam("of_id"))


@dataclass(frozen=True, slots=True)
class Resident:
    id: int
    conversation: dict[str, Any]


def enter(
    connection: Connection, privacy: Privacy, *, account: str, openid: str, at: datetime, wrote: bool = True
) -> Resident:
    """The resident's row, made when new, and locked until the transaction ends: one person, one turn at a time.

    `wrote`: it was a message of the person's own, which lets us write back for 48 hours.
    """
    values = {
        "lookup": privacy.index(account, openid),
        "account": account,
        "openid_sealed": privacy.seal(openid),
        "first_message_at": at,
        "last_message_at": at,
        "service_left": SERVICE_MESSAGES if wrote else 0,
        "service_until": at + SERVICE_FOR if wrote else None,
    }
    found = connection.execute(_ENTER, values).one()
    sealed = found.conversation_sealed
    return Resident(id=found.id, conversation={} if sealed is None else json.loads(privacy.open(sealed)))


def remember(connection: Connection, privacy: Privacy, resident_id: int, conversation: dict[str, Any]) -> None:
    """Keeps the state of the talk, sealed."""
    sealed = privacy.seal(json.dumps(conversation, ensure_ascii=False))
    connection.execute(_REMEMBER, {"of_id": resident_id, "conversation_sealed": sealed})


def forget(connection: Connection, resident_id: int) -> None:
    """Removes the person: who it was and what the talk remembered (Personal Information Protection Law, art. 47).

    What is kept for other reasons loses its link to the person by foreign key.
    """
    connection.execute(delete(residents).where(residents.c.id == resident_id))
