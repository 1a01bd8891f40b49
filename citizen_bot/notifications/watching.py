"""What is left behind: lost jobs, matters that nobody takes on, and what is stuck."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from prometheus_client.registry import Collector
from sqlalchemy import Connection, Engine, Row, Select, and_, func, or_, select, text, update

from citizen_bot.notifications.composing import Compositions, Recipient, compose
from citizen_bot.notifications.models import endpoints, notifications
from citizen_bot.notifications.service import NOBODY, chain, close, enqueue_flush, enqueue_send, tell
from citizen_bot.people.models import staff
from citizen_bot.platform.clock import Clock
from citizen_bot.platform.telemetry import metrics

LOST_AFTER = timedelta(minutes=5)
STUCK_AFTER = timedelta(minutes=10)
PASSED_ON = "/next-"
AT_ONCE = 200

log = structlog.get_logger(__name__)

_base = func.split_part(notifications.c.occasion, PASSED_ON, 1)
_first = func.min(notifications.c.id)


@dataclass(frozen=True, slots=True)
class Stuck:
    """How many notifications are open for longer than ten minutes, were given up, or should have been answered by
    somebody while there is nobody left to tell."""

    open: int
    failed: int
    unanswered: int

    def __bool__(self) -> bool:
        return bool(self.open or self.failed or self.unanswered)


def stuck(connection: Connection, now: datetime) -> Stuck:
    old = and_(notifications.c.state == "open", notifications.c.changed_at < now - STUCK_AFTER)
    unfinished = notifications.c.state.in_(["open", "waiting", "failed"])
    query = select(func.count().filter(old), func.count().filter(notifications.c.state == "failed")).where(unfinished)
    open_count, failed = connection.execute(query).one()
    unanswered = select(func.count()).select_from(_overdue(now - STUCK_AFTER).subquery())
    return Stuck(open_count, failed, connection.execute(unanswered).scalar_one())


def gauges(engine: Engine, clock: Clock) -> list[Collector]:
    """For /metrics: citizen_bot_notifications{state} of those that are not over, and citizen_bot_notifications_stuck
    {reason} of those that somebody has to look after."""

    def by_state() -> Iterator[tuple[Sequence[str], float]]:
        counted = (
            select(notifications.c.state, func.count().label("number"))
            .where(notifications.c.state.in_(["open", "waiting", "failed"]))
            .group_by(notifications.c.state)
        )
        with engine.connect() as connection:
            found = {row.state: row.number for row in connection.execute(counted)}
        for state in ("open", "waiting", "failed"):
            yield [state], found.get(state, 0)

    def by_reason() -> Iterator[tuple[Sequence[str], float]]:
        with engine.connect() as connection:
            found = stuck(connection, clock.now())
        yield ["open"], found.open
        yield ["failed"], found.failed
        yield ["unanswered"], found.unanswered

    return [
        metrics.read_at_scrape("citizen_bot_notifications", "Notifications that are not over", ["state"], by_state),
        metrics.read_at_scrape("citizen_bot_notifications_stuck", "Notifications to look after", ["reason"], by_reason),
    ]


_LOST = text(
    """
    SELECT id FROM notifications
     WHERE state = 'open' AND changed_at < :before AND (sending_until IS NULL OR sending_until <= :now)
       AND NOT (recipient = 'endpoint' AND recipient_id IN (SELECT id FROM endpoints WHERE kind = 'robot'))
       AND NOT EXISTS (SELECT FROM procrastinate_jobs job
                        WHERE job.lock = 'notification-' || notifications.id AND job.status IN ('todo', 'doing'))
     ORDER BY id LIMIT :most
    """
)


def find_lost(connection: Connection, now: datetime) -> int:
    """Notifications that are open and have no job any more get one; returns how many."""
    values = {"now": now, "before": now - LOST_AFTER, "most": AT_ONCE}
    lost = connection.execute(_LOST, values).scalars().all()
    for notification_id in lost:
        enqueue_send(connection, notification_id)
    due = (
        select(notifications.c.recipient_id)
        .join(endpoints, and_(endpoints.c.id == notifications.c.recipient_id, endpoints.c.kind == "robot"))
        .where(notifications.c.recipient == "endpoint", notifications.c.state == "open")
        .where(notifications.c.changed_at < now - timedelta(minutes=1))
        .where(or_(notifications.c.next_at.is_(None), notifications.c.next_at <= now))
        .where(or_(notifications.c.sending_until.is_(None), notifications.c.sending_until <= now))
        .distinct()
    )
    for endpoint_id in connection.execute(due).scalars().all():
        enqueue_flush(connection, endpoint_id)
    if lost:
        log.warning("notifications without a job enqueued again", notifications=len(lost))
    return len(lost)


def pass_on(engine: Engine, compositions: Compositions, clock: Clock) -> int:
    """What nobody took on in time is told to the next person; returns how many were told. Where nobody is left, the
    matter counts as stuck, and a person who is new there is told."""
    now, told, after = clock.now(), 0, 0
    while groups := _next_overdue(engine, now, after):
        for group in groups:
            try:
                with engine.begin() as connection:
                    told += _pass_on(connection, compositions, group, clock.now())
            except Exception:
                log.exception("notification not passed on", kind=group.kind, subject=group.subject_id)
        after = groups[-1].first
    return told


def _next_overdue(engine: Engine, now: datetime, after: int) -> Sequence[Row[Any]]:
    """So many at a time, oldest first, of all: those that nobody is left for keep no others waiting."""
    query = _overdue(now).having(_first > after).order_by(_first).limit(AT_ONCE)
    with engine.connect() as connection:
        return connection.execute(query).all()


def _overdue(now: datetime) -> Select[Any]:
    """Matters of which everybody who was told last has had their time, or could not be told."""
    return (
        select(notifications.c.kind, notifications.c.subject_id, _base.label("occasion"), _first.label("first"))
        .where(
            notifications.c.answer_by.is_not(None),
            notifications.c.answered_at.is_(None),
            notifications.c.passed_on_at.is_(None),
            notifications.c.state != "dropped",
        )
        .group_by(notifications.c.kind, notifications.c.subject_id, _base)
        .having(func.bool_and(or_(notifications.c.answer_by <= now, notifications.c.state == "failed")))
    )


def _pass_on(connection: Connection, compositions: Compositions, group: Row[Any], now: datetime) -> bool:
    of_group = and_(
        notifications.c.kind == group.kind,
        notifications.c.subject_id == group.subject_id,
        _base == group.occasion,
        notifications.c.answer_by.is_not(None),
    )
    lock = select(notifications).where(of_group).order_by(notifications.c.id).with_for_update(key_share=True)
    rows = connection.execute(lock).all()
    if any(row.answered_at is not None for row in rows):
        return False
    told = [Recipient(row.recipient, row.recipient_id) for row in rows]
    following = (person for person in chain(connection, _site_of(connection, told)) if person not in told)
    person = next(following, None)
    asked = person or told[0]
    if compose(group.kind, compositions.at(connection, now), group.subject_id, asked) is None:
        connection.execute(update(notifications).where(of_group).values(answered_at=now))
        return False
    if person is None:
        return False
    minutes = compositions.office.rules.notifications.acknowledge_minutes
    answer_by = compositions.office.calendar.add_working_minutes(now, minutes)
    passed_on = len({row.occasion for row in rows if PASSED_ON in row.occasion}) + 1
    connection.execute(
        update(notifications).where(of_group, notifications.c.passed_on_at.is_(None)).values(passed_on_at=now)
    )
    nobody = [row.id for row, recipient in zip(rows, told, strict=True) if recipient == NOBODY]
    close(connection, nobody, "dropped", now)
    occasion = f"{group.occasion}{PASSED_ON}{passed_on}"
    tell(connection, group.kind, group.subject_id, [person], occasion=occasion, at=now, answer_by=answer_by)
    log.warning("matter passed on, nobody took it on", kind=group.kind, subject=group.subject_id, time=passed_on)
    return True


def _site_of(connection: Connection, told: Sequence[Recipient]) -> str | None:
    """The site that a matter is of: that of those who were told."""
    for kind, known in (("endpoint", endpoints.c), ("staff", staff.c)):
        ids = [person.id for person in told if person.kind == kind]
        query = select(known.site_code).where(known.id.in_(ids), known.site_code.is_not(None)).order_by(known.id)
        if site := connection.execute(query.limit(1)).scalar():
            return str(site)
    return None
