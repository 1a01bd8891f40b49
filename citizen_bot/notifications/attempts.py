"""How often and when a notification is tried, and what is kept of each attempt."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

import structlog
from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert

from citizen_bot.notifications.models import deliveries, notifications
from citizen_bot.notifications.service import close

# 5 s, 20 s, 80 s, … 1 h: over a night's outage of somebody else's server.
MOST_ATTEMPTS = 12
FIRST_WAIT_S = 5.0
FACTOR = 4
LONGEST_WAIT_S = 3600.0
# So that what failed together does not come back together.
JITTER = 0.2
# Longer than any attempt may last: after it, whoever made the attempt is dead.
LEASE = timedelta(minutes=5)

DeliveryState = Literal["trying", "sent", "refused", "failed"]

log = structlog.get_logger(__name__)


def wait_after(attempts: int, told_s: float | None = None) -> timedelta:
    """Until the next attempt, after the `attempts`th; `told_s` is what the channel itself asked for."""
    grown = min(FIRST_WAIT_S * FACTOR ** (attempts - 1), LONGEST_WAIT_S)
    seconds = max(grown, told_s or 0.0)
    return timedelta(seconds=seconds * random.uniform(1, 1 + JITTER))  # noqa: S311


def start(connection: Connection, notification_id: int, channel: str, at: datetime) -> None:
    """An attempt by this channel begins."""
    row = insert(deliveries).values(
        notification_id=notification_id, channel=channel, state="trying", attempts=1, unclear=0, changed_at=at
    )
    connection.execute(
        row.on_conflict_do_update(
            index_elements=[deliveries.c.notification_id, deliveries.c.channel],
            set_={"state": "trying", "attempts": deliveries.c.attempts + 1, "changed_at": at},
        )
    )


def note(
    connection: Connection,
    ids: Sequence[int],
    channel: str,
    state: DeliveryState,
    at: datetime,
    *,
    code: int | None = None,
    reason: str | None = None,
    unclear: bool = False,
    remote_id: str | None = None,
) -> None:
    """What came of the attempt."""
    connection.execute(
        update(deliveries)
        .where(deliveries.c.notification_id.in_(ids), deliveries.c.channel == channel)
        .values(
            state=state,
            code=code,
            reason=reason,
            unclear=deliveries.c.unclear + int(unclear),
            remote_id=remote_id,
            changed_at=at,
        )
    )


def postpone(connection: Connection, ids: Sequence[int], now: datetime, told_s: float | None = None) -> datetime | None:
    """The next attempt of those of `ids` that are open and have one left, the others are given up; returns when."""
    query = (
        select(notifications.c.id, notifications.c.attempts)
        .where(notifications.c.id.in_(ids), notifications.c.state == "open")
        .order_by(notifications.c.id)
        .with_for_update(key_share=True)
    )
    rows = connection.execute(query).all()
    spent = [row.id for row in rows if row.attempts >= MOST_ATTEMPTS]
    if spent:
        close(connection, spent, "failed", now)
        log.error("notifications given up", notifications=spent, attempts=MOST_ATTEMPTS)
    left = [row for row in rows if row.attempts < MOST_ATTEMPTS]
    if not left:
        return None
    next_at = now + wait_after(max(1, *(row.attempts for row in left)), told_s)
    connection.execute(
        update(notifications)
        .where(notifications.c.id.in_([row.id for row in left]))
        .values(next_at=next_at, sending_until=None)
    )
    return next_at
