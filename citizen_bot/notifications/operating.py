"""What an operator sees of notifications and does about those that failed. Public: Attempted, Listed, listed, retry,
drop."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from citizen_bot.notifications.models import deliveries, notifications
from citizen_bot.notifications.service import UNFINISHED, reopen

__all__ = ["Attempted", "Listed", "drop", "listed", "retry"]


@dataclass(frozen=True, slots=True)
class Attempted:
    """What one channel did. `code` and `reason` are those of its last failure."""

    channel: str
    state: str
    attempts: int
    code: int | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Listed:
    """A notification without anything that tells of a person. `recipient` is the kind of it."""

    id: int
    kind: str
    subject: int
    occasion: str
    recipient: str
    state: str
    attempts: int
    created_at: datetime
    changed_at: datetime
    next_at: datetime | None
    answer_by: datetime | None
    answered_at: datetime | None
    channels: tuple[Attempted, ...]


def listed(connection: Connection, *, state: str | None, limit: int) -> list[Listed]:
    """The newest `limit` of them (of a state), oldest first."""
    newest = select(notifications).order_by(notifications.c.id.desc()).limit(limit)
    if state is not None:
        newest = newest.where(notifications.c.state == state)
    rows = connection.execute(newest).all()[::-1]
    by_channel: dict[int, list[Attempted]] = {row.id: [] for row in rows}
    of_these = (
        select(deliveries).where(deliveries.c.notification_id.in_([row.id for row in rows])).order_by(deliveries.c.id)
    )
    for one in connection.execute(of_these):
        attempted = Attempted(one.channel, one.state, one.attempts, one.code, one.reason)
        by_channel[one.notification_id].append(attempted)
    return [
        Listed(
            row.id,
            row.kind,
            row.subject_id,
            row.occasion,
            row.recipient,
            row.state,
            row.attempts,
            row.created_at,
            row.changed_at,
            row.next_at,
            row.answer_by,
            row.answered_at,
            tuple(by_channel[row.id]),
        )
        for row in rows
    ]


def retry(connection: Connection, ids: Collection[int] | None, at: datetime) -> list[int]:
    """Sends those of `ids` (None: all) that have failed again, by every channel; returns which."""
    failed = select(notifications.c.id).where(notifications.c.state == "failed").order_by(notifications.c.id)
    if ids is not None:
        failed = failed.where(notifications.c.id.in_(ids))
    found = list(connection.execute(failed.with_for_update(key_share=True)).scalars())
    ended = deliveries.c.state.in_(["failed", "refused"])
    connection.execute(
        update(deliveries)
        .where(deliveries.c.notification_id.in_(found), ended)
        .values(state="trying", unclear=0, changed_at=at)
    )
    reopen(connection, found, at)
    return found


def drop(connection: Connection, ids: Collection[int], at: datetime) -> list[int]:
    """Gives up on those of `ids` that are not over; returns which."""
    dropped = (
        update(notifications)
        .where(notifications.c.id.in_(ids), notifications.c.state.in_(UNFINISHED))
        .values(state="dropped", changed_at=at, next_at=None, sending_until=None)
        .returning(notifications.c.id)
    )
    return sorted(connection.execute(dropped).scalars())
