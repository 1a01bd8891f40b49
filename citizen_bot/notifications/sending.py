"""One notification at a time to a person or a webhook; robots.py has the groups.

An attempt is three steps, none of which keeps the database waiting for somebody else's server: a transaction that
composes the message and takes what the channel allows, the call, and a transaction that keeps what came of it. The
same locks are taken in the same order as in a resident's turn: the resident's first.
"""

from uuid import UUID

import structlog
from sqlalchemy import Connection, Engine, or_, select, update

from citizen_bot.channels.errors import ChannelError
from citizen_bot.notifications import attempts
from citizen_bot.notifications.composing import Compositions, Recipient, compose
from citizen_bot.notifications.models import deliveries, endpoints, notifications
from citizen_bot.notifications.service import close, enqueue_flush, enqueue_send
from citizen_bot.notifications.ways import Parcel, Way, Ways
from citizen_bot.platform.clock import Clock

# The account's quota of this API is used up: another API may have some left.
QUOTA = (45009, 45011)
# The API is not granted to the account or banned: no attempt later in the night changes that.
NOT_OURS = (48001, 48004)
# Of an attempt of which nobody knows whether it arrived there is at most one repeat, where the channel drops none.
UNCLEAR_ATTEMPTS = 2

log = structlog.get_logger(__name__)


class Sender:
    """Any thread may use it; of two that send the same notification one does nothing."""

    def __init__(self, engine: Engine, compositions: Compositions, ways: Ways, clock: Clock) -> None:
        self._engine = engine
        self._compositions = compositions
        self._ways = ways
        self._clock = clock

    def send(self, notification_id: int) -> None:
        """Makes the next attempt of an open notification, by one channel after the other until one takes it. Never
        raises for what a composer or a channel does: that counts as a failed attempt."""
        parcel = self._claim(notification_id)
        if parcel is None:
            return
        try:
            _Attempt(self._engine, self._compositions, self._ways, self._clock, parcel).make()
        except Exception as error:
            log.exception("notification attempt broke", notification=parcel.id, kind=parcel.kind)
            self._postpone(parcel, type(error).__name__)

    def _claim(self, notification_id: int) -> Parcel | None:
        now = self._clock.now()
        free = or_(notifications.c.sending_until.is_(None), notifications.c.sending_until <= now)
        with self._engine.begin() as connection:
            query = select(notifications.c.recipient_id).where(
                notifications.c.id == notification_id,
                notifications.c.recipient == "endpoint",
                notifications.c.recipient_id.in_(select(endpoints.c.id).where(endpoints.c.kind == "robot")),
            )
            robot = connection.execute(query).scalar()
            if robot is not None:
                enqueue_flush(connection, robot)
                return None
            row = connection.execute(
                update(notifications)
                .where(notifications.c.id == notification_id, notifications.c.state == "open", free)
                .values(sending_until=now + attempts.LEASE, attempts=notifications.c.attempts + 1)
                .returning(notifications)
            ).one_or_none()
            if row is None:
                self._look_again(connection, notification_id)
        if row is None:
            return None
        key: UUID = row.key
        recipient = Recipient(row.recipient, row.recipient_id)
        return Parcel(row.id, str(key), row.kind, row.subject_id, recipient, row.created_at)

    @staticmethod
    def _look_again(connection: Connection, notification_id: int) -> None:
        """Who holds the lease may be dead: when it ends, the notification is free again."""
        leased = select(notifications.c.sending_until).where(
            notifications.c.id == notification_id, notifications.c.state == "open"
        )
        until = connection.execute(leased).scalar()
        if until is not None:
            enqueue_send(connection, notification_id, until)

    def _postpone(self, parcel: Parcel, reason: str) -> None:
        now = self._clock.now()
        with self._engine.begin() as connection:
            connection.execute(
                update(deliveries)
                .where(deliveries.c.notification_id == parcel.id, deliveries.c.state == "trying")
                .values(reason=reason, changed_at=now)
            )
            next_at = attempts.postpone(connection, [parcel.id], now)
            if next_at is not None:
                enqueue_send(connection, parcel.id, next_at)


class _Attempt:
    """One attempt: `later` are the channels that may work at another time, with the seconds that they asked for."""

    def __init__(self, engine: Engine, compositions: Compositions, ways: Ways, clock: Clock, parcel: Parcel) -> None:
        self._engine = engine
        self._compositions = compositions
        self._ways = ways
        self._clock = clock
        self._parcel = parcel
        self._later: dict[str, float | None] = {}

    def make(self) -> None:
        while (way := self._next_way()) is not None:
            try:
                remote_id = way.send()
            except ChannelError as error:
                failure = error
            except ValueError:
                # The message does not fit this channel, and will not later.
                log.exception("message does not fit", notification=self._parcel.id, channel=way.channel)
                failure = ChannelError("the message does not fit the channel", kind="failed")
            else:
                self._told(way, remote_id)
                return
            if not self._goes_on(way, failure):
                return

    def _next_way(self) -> Way | None:
        """The next channel to try, with what it allows taken; None where the attempt is over."""
        parcel, now = self._parcel, self._clock.now()
        with self._engine.begin() as connection:
            composition = self._compositions.at(connection, now)
            message = compose(parcel.kind, composition, parcel.subject_id, parcel.recipient)
            if message is None:
                close(connection, [parcel.id], "dropped", now)
                return None
            reach = self._ways.to(composition, parcel, message)
            ended = select(deliveries.c.channel).where(
                deliveries.c.notification_id == parcel.id, deliveries.c.state != "trying"
            )
            out = self._later.keys() | set(connection.execute(ended).scalars())
            for way in reach.ways:
                if way.channel not in out and (way.allowance is None or way.allowance.spend(connection)):
                    attempts.start(connection, parcel.id, way.channel, now)
                    return way
            if reach.gone:
                close(connection, [parcel.id], "dropped", now)
            elif self._later:
                waits = [wait for wait in self._later.values() if wait is not None]
                next_at = attempts.postpone(connection, [parcel.id], now, min(waits, default=None))
                if next_at is not None:
                    enqueue_send(connection, parcel.id, next_at)
            else:
                state = "waiting" if reach.waits else "failed"
                close(connection, [parcel.id], state, now)
                (log.info if reach.waits else log.error)(
                    "no channel reaches the recipient", notification=parcel.id, recipient=parcel.recipient.kind
                )
        return None

    def _told(self, way: Way, remote_id: str | None) -> None:
        now = self._clock.now()
        with self._engine.begin() as connection:
            attempts.note(connection, [self._parcel.id], way.channel, "sent", now, remote_id=remote_id)
            close(connection, [self._parcel.id], "told", now)
        log.info("notification told", notification=self._parcel.id, channel=way.channel)

    def _goes_on(self, way: Way, error: ChannelError) -> bool:
        """Keeps what the channel said. Whether another channel is to be tried at once."""
        parcel, now = self._parcel, self._clock.now()
        tell = log.info if error.kind in ("again", "refused") else log.error
        tell("notification not taken", notification=parcel.id, channel=way.channel, reason=error.reason)
        with self._engine.begin() as connection:
            if way.allowance is not None and error.kind == "refused":
                way.allowance.use_up(connection)
            elif way.allowance is not None and not error.maybe_sent:
                way.allowance.give_back(connection)
            state = self._state(connection, way, error)
            attempts.note(
                connection,
                [parcel.id],
                way.channel,
                state,
                now,
                code=error.code,
                reason=error.reason,
                unclear=error.maybe_sent,
            )
            if state != "trying":
                return True
            if error.kind == "blocked" or error.code in QUOTA:
                self._later[way.channel] = error.wait_s
                return True
            next_at = attempts.postpone(connection, [parcel.id], now, error.wait_s)
            if next_at is not None:
                enqueue_send(connection, parcel.id, next_at)
            return False

    def _state(self, connection: Connection, way: Way, error: ChannelError) -> attempts.DeliveryState:
        """What the delivery is in after `error`: "trying" may be tried again, the others are over."""
        if error.kind == "refused":
            return "refused"
        if error.kind == "failed" or error.code in NOT_OURS:
            return "failed"
        if way.repeatable or not error.maybe_sent:
            return "trying"
        before: int = connection.execute(
            select(deliveries.c.unclear).where(
                deliveries.c.notification_id == self._parcel.id, deliveries.c.channel == way.channel
            )
        ).scalar_one()
        return "trying" if before + 1 < UNCLEAR_ATTEMPTS else "failed"
