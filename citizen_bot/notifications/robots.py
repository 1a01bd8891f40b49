"""Groups of staff are told by their robot: all that is open at once, in one message, and not too often."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, Row, func, or_, select, update

from citizen_bot.channels.errors import ChannelError
from citizen_bot.channels.wecom import CARD_LINES, MARKDOWN_LIMIT, GroupRobot, inert_markdown
from citizen_bot.notifications import attempts
from citizen_bot.notifications.composing import Composition, Compositions, Message, Recipient, compose
from citizen_bot.notifications.models import endpoints, notifications
from citizen_bot.notifications.service import close, enqueue_flush
from citizen_bot.notifications.ways import Channels
from citizen_bot.platform.clock import Clock
from citizen_bot.wordings import Wordings

CHANNEL = "robot"
# WeCom takes 20 a minute; a little more than the 3 s that this makes, because what is sent evenly arrives unevenly.
APART = timedelta(seconds=3.1)
LOOKED_AT = 100

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Batch:
    """What goes out in one message. `key` is the robot's."""

    ids: tuple[int, ...]
    messages: tuple[Message, ...]
    key: str


class Robots:
    """Any thread may use it."""

    def __init__(self, engine: Engine, compositions: Compositions, channels: Channels, clock: Clock) -> None:
        self._engine = engine
        self._compositions = compositions
        self._channels = channels
        self._clock = clock

    def flush(self, endpoint_id: int) -> None:
        """Tells the group as much of what is open as goes into one message; what is left has a job of its own. Never
        raises for what a composer or the robot does: that counts as a failed attempt."""
        batch = self._gather(endpoint_id)
        if batch is None:
            return
        robot = self._channels.robot(batch.key)
        try:
            _send(robot, batch.messages, self._compositions.say)
        except ChannelError as error:
            self._not_told(endpoint_id, batch, error)
        except Exception as error:
            log.exception("robot message broke", endpoint=endpoint_id)
            self._not_told(endpoint_id, batch, ChannelError(type(error).__name__, kind="again"))
        else:
            now = self._clock.now()
            with self._engine.begin() as connection:
                attempts.note(connection, batch.ids, CHANNEL, "sent", now)
                close(connection, batch.ids, "told", now)
            log.info("group told", endpoint=endpoint_id, notifications=len(batch.ids))

    def _gather(self, endpoint_id: int) -> _Batch | None:
        """Takes what fits into one message. The endpoint's row is locked meanwhile: one message after the other."""
        now = self._clock.now()
        with self._engine.begin() as connection:
            endpoint = connection.execute(
                select(endpoints).where(endpoints.c.id == endpoint_id, endpoints.c.kind == "robot").with_for_update()
            ).one_or_none()
            if endpoint is None:
                return None
            rows = _open(connection, endpoint_id, now)
            if not endpoint.active:
                close(connection, [row.id for row in rows], "failed", now)
                return None
            _come_back(connection, endpoint_id, now)
            if not rows:
                return None
            ready_at = now if endpoint.last_sent_at is None else endpoint.last_sent_at + APART
            if ready_at > now:
                enqueue_flush(connection, endpoint_id, "paced", ready_at)
                return None
            taken = self._pack(connection, endpoint_id, rows, now)
            if not taken:
                return None
            connection.execute(
                update(notifications)
                .where(notifications.c.id.in_(taken))
                .values(sending_until=now + attempts.LEASE, attempts=notifications.c.attempts + 1)
            )
            for notification_id in taken:
                attempts.start(connection, notification_id, CHANNEL, now)
            connection.execute(update(endpoints).where(endpoints.c.id == endpoint_id).values(last_sent_at=now))
            key = self._compositions.office.privacy.open(endpoint.address_sealed)
            return _Batch(tuple(taken), tuple(taken.values()), key)

    def _pack(
        self, connection: Connection, endpoint_id: int, rows: Sequence[Row[Any]], now: datetime
    ) -> dict[int, Message]:
        """Those that fit into one message, by their ids; what is left comes in another."""
        composition = self._compositions.at(connection, now)
        taken: dict[int, Message] = {}
        size = len(_heading(composition.say, LOOKED_AT).encode())
        for row in rows:
            message = self._compose(composition, row)
            if message is None:
                continue
            size += len(_plain(message, composition.say).encode())
            if taken and size > MARKDOWN_LIMIT:
                enqueue_flush(connection, endpoint_id, "paced", now + APART)
                return taken
            taken[row.id] = message
        if len(rows) == LOOKED_AT:
            enqueue_flush(connection, endpoint_id, "paced", now + APART)
        return taken

    def _compose(self, composition: Composition, row: Row[Any]) -> Message | None:
        """What one of them says; None where it is no longer so, or where its composer broke: that is an attempt too."""
        connection, now = composition.connection, composition.now
        try:
            with connection.begin_nested():
                message = compose(row.kind, composition, row.subject_id, Recipient("endpoint", row.recipient_id))
        except Exception:
            log.exception("notification not composed", notification=row.id, kind=row.kind)
            count = update(notifications).where(notifications.c.id == row.id)
            connection.execute(count.values(attempts=notifications.c.attempts + 1))
            next_at = attempts.postpone(connection, [row.id], now)
            if next_at is not None:
                enqueue_flush(connection, row.recipient_id, "again", next_at)
            return None
        if message is None:
            close(connection, [row.id], "dropped", now)
        return message

    def _not_told(self, endpoint_id: int, batch: _Batch, error: ChannelError) -> None:
        now = self._clock.now()
        (log.info if error.kind == "again" else log.error)(
            "group not told", endpoint=endpoint_id, notifications=len(batch.ids), reason=error.reason
        )
        over = error.kind in ("failed", "refused")
        with self._engine.begin() as connection:
            attempts.note(
                connection,
                batch.ids,
                CHANNEL,
                "failed" if over else "trying",
                now,
                code=error.code,
                reason=error.reason,
                unclear=error.maybe_sent,
            )
            if over:
                close(connection, batch.ids, "failed", now)
                return
            next_at = attempts.postpone(connection, batch.ids, now, error.wait_s)
            if next_at is not None:
                enqueue_flush(connection, endpoint_id, "again", next_at)


def _open(connection: Connection, endpoint_id: int, now: datetime) -> Sequence[Row[Any]]:
    """What may be sent now, oldest first, locked."""
    return connection.execute(
        select(notifications)
        .where(
            notifications.c.recipient == "endpoint",
            notifications.c.recipient_id == endpoint_id,
            notifications.c.state == "open",
            or_(notifications.c.next_at.is_(None), notifications.c.next_at <= now),
            or_(notifications.c.sending_until.is_(None), notifications.c.sending_until <= now),
        )
        .order_by(notifications.c.id)
        .limit(LOOKED_AT)
        .with_for_update(skip_locked=True, key_share=True)
    ).all()


def _come_back(connection: Connection, endpoint_id: int, now: datetime) -> None:
    """A job for the first of those that were tried and are to be tried again later."""
    next_at = connection.execute(
        select(func.min(notifications.c.next_at)).where(
            notifications.c.recipient == "endpoint",
            notifications.c.recipient_id == endpoint_id,
            notifications.c.state == "open",
            notifications.c.next_at > now,
        )
    ).scalar()
    if next_at is not None:
        enqueue_flush(connection, endpoint_id, "again", next_at)


def _send(robot: GroupRobot, messages: Sequence[Message], say: Wordings) -> None:
    if len(messages) == 1 and messages[0].url is not None and len(messages[0].lines) <= CARD_LINES:
        robot.send_card(messages[0].title, messages[0].lines, messages[0].url)
        return
    heading = _heading(say, len(messages)) if len(messages) > 1 else ""
    text = heading + "".join(_plain(message, say) for message in messages)
    # All that is not ours is inert already; braces would be places to fill.
    robot.send_markdown(text.strip().replace("{", "{{").replace("}", "}}"))


def _heading(say: Wordings, count: int) -> str:
    return f"**{say('notification_merged', count=count)}**\n"


def _plain(message: Message, say: Wordings) -> str:
    """One message within a merged one."""
    return "\n".join(["", *_lines(message, say), ""])


def _lines(message: Message, say: Wordings) -> Iterator[str]:
    yield f"**{inert_markdown(message.title)}**"
    for name, value in message.lines:
        yield f"> {inert_markdown(name)}：{inert_markdown(value)}"
    if not message.lines:
        yield f"> {inert_markdown(message.text)}"
    if message.url is not None:
        yield f"[{say('notification_open')}]({message.url})"
