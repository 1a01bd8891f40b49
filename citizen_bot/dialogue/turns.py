"""A turn is one transaction: the message's row, the conversation, effects, jobs and the reply, all or nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from sqlalchemy import Connection, Engine, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import OperationalError

from citizen_bot.appointments import service as appointments
from citizen_bot.appointments.links import AppointmentLinks
from citizen_bot.dialogue import memory
from citizen_bot.dialogue.desk import Desk
from citizen_bot.dialogue.model import Incoming, NoticeCard, Reply, Text
from citizen_bot.dialogue.models import messages
from citizen_bot.dialogue.talk import Talk
from citizen_bot.dialogue.turn import Effect, ForgetResident, RequestPerson, Turn
from citizen_bot.handovers import service as handovers
from citizen_bot.notices import service as notices
from citizen_bot.notifications import service as notifications
from citizen_bot.notifications.composing import Compositions
from citizen_bot.people import service as people
from citizen_bot.platform.clock import Clock
from citizen_bot.platform.database import retrying
from citizen_bot.platform.privacy import mask
from citizen_bot.platform.telemetry import metrics

LOCK_NOT_AVAILABLE = "55P03"
# WeChat's own limit for a message is 2,048 bytes; a longer one was not typed by a person.
TEXT_KEPT = 2048
# Bytes of an answer, and what a notice needs of them to tell what matters.
REPLY_LIMIT, CARD_NEEDS = 2048, 900


# Made once: building a statement costs more than running it.
_CLAIM = insert(messages).on_conflict_do_nothing(index_elements=[messages.c.key]).returning(messages.c.id)
_STORED = select(messages.c.reply_sealed, messages.c.replied_at).where(messages.c.key == bindparam("of_key"))
_FINISH = update(messages).where(messages.c.id == bindparam("of_id"))


@dataclass(frozen=True, slots=True)
class Outcome:
    """The stored answer of a message: the same text and instant for each repeat. No text: no answer is expected."""

    text: str | None
    at: datetime


class TurnBusy(Exception):
    """The same message is still being answered by another request, and the time to wait for it is over."""


class Turns:
    """Answers messages, each exactly once.

    `talk` gives the present talk at each turn, so that a newly published catalogue counts from the next message on.
    """

    def __init__(
        self,
        engine: Engine,
        talk: Callable[[], Talk],
        compositions: Compositions,
        links: AppointmentLinks,
        clock: Clock,
    ) -> None:
        self._engine = engine
        self._talk = talk
        self._compositions = compositions
        self._links = links
        self._privacy = compositions.office.privacy
        self._clock = clock

    def receive(self, incoming: Incoming) -> Outcome:
        """Answers `incoming`, or returns the very answer that it already got.

        A repeat waits for the first to end. Raises TurnBusy when that takes longer than the database's lock timeout,
        and sqlalchemy.exc.SQLAlchemyError when the database cannot be used; then nothing has happened.
        """
        return self.take(incoming)[0]

    def take(self, incoming: Incoming) -> tuple[Outcome, Turn | None]:
        """As `receive`, with the turn that led to the answer; None for a repeat."""
        return retrying(self._engine, lambda connection: self._take(connection, incoming))

    def _take(self, connection: Connection, incoming: Incoming) -> tuple[Outcome, Turn | None]:
        message_id = self._claim(connection, incoming)
        if message_id is None:
            metrics.repeats.inc()
            return self._stored(connection, incoming), None
        metrics.messages.labels(kind=incoming.event or incoming.kind).inc()
        return self._answer(connection, message_id, incoming)

    def _claim(self, connection: Connection, incoming: Incoming) -> int | None:
        """A new row for the message, or None where it has one. Waits for a repeat that is being answered just now."""
        values: dict[str, object] = {
            "key": self._key(incoming),
            "kind": incoming.event or incoming.kind,
            "text_sealed": None if incoming.text is None else self._privacy.seal(mask(incoming.text[:TEXT_KEPT])),
            "received_at": incoming.received_at,
            "request_id": incoming.request_id,
            "candidates": [],
        }
        try:
            message_id: int | None = connection.scalar(_CLAIM, values)
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) == LOCK_NOT_AVAILABLE:
                raise TurnBusy from error
            raise
        return message_id

    def _key(self, incoming: Incoming) -> bytes:
        return self._privacy.index(incoming.account, incoming.openid, incoming.key)

    def _stored(self, connection: Connection, incoming: Incoming) -> Outcome:
        row = connection.execute(_STORED, {"of_key": self._key(incoming)}).one()
        sealed = row.reply_sealed
        return Outcome(text=None if sealed is None else self._privacy.open(sealed), at=row.replied_at)

    def _answer(self, connection: Connection, message_id: int, incoming: Incoming) -> tuple[Outcome, Turn]:
        now = self._clock.now()
        resident = people.enter(
            connection,
            self._privacy,
            account=incoming.account,
            openid=incoming.openid,
            at=incoming.received_at,
            wrote=incoming.kind != "event",
        )
        talk = self._talk()
        desk = Desk(connection, self._compositions.office, talk.catalogue, resident.id, now, self._links.of)
        turn = talk.respond(memory.load(resident.conversation), incoming, desk)
        number = self._tell(connection, turn, talk.catalogue.hash, resident.id, now)
        text = self._render(connection, talk, turn.reply, number, resident.id, now)
        self._finish(connection, message_id, resident.id, turn, talk.catalogue.hash, Outcome(text, now))
        if turn.conversation is not None:
            people.remember(connection, self._privacy, resident.id, memory.dump(turn.conversation))
        self._note_reports(connection, incoming, resident.id, now)
        for effect in turn.effects:
            self._apply(connection, effect, resident.id, now)
        return Outcome(text, now), turn

    def _render(
        self, connection: Connection, talk: Talk, reply: Reply, number: int | None, resident_id: int, now: datetime
    ) -> str | None:
        """The answer, after what has been waiting for the resident to write again."""
        if not reply.parts:
            return None
        plain = Reply(tuple(part for part in reply.parts if not isinstance(part, NoticeCard)))
        taken = len((talk.render(plain) or "").encode()) + (CARD_NEEDS if plain != reply else 0)
        composition = self._compositions.at(connection, now)
        waiting = notifications.waiting_texts(connection, composition, resident_id, REPLY_LIMIT - taken)
        return talk.render(Reply((*map(Text, waiting), *reply.parts)), number=number)

    def _note_reports(self, connection: Connection, incoming: Incoming, resident_id: int, now: datetime) -> None:
        """What WeChat reports of subscriptions and of messages that were sent."""
        if incoming.consents:
            answers = [(consent.template_id, consent.accepted, consent.times) for consent in incoming.consents]
            notifications.note_consents(connection, resident_id, answers, now)
        for report in incoming.reports:
            notifications.note_report(connection, report.message_id, report.arrived, report.reason, now)

    def _tell(
        self, connection: Connection, turn: Turn, catalogue_hash: str, resident_id: int, now: datetime
    ) -> int | None:
        """Keeps the notice of the reply, where everything to bring is told; returns its number."""
        card = next((part for part in turn.reply.parts if isinstance(part, NoticeCard)), None)
        if card is None or not card.whole:
            return None
        return notices.tell(
            connection, self._privacy, card.notice, catalogue_hash=catalogue_hash, resident_id=resident_id, at=now
        )

    def _finish(
        self,
        connection: Connection,
        message_id: int,
        resident_id: int,
        turn: Turn,
        catalogue_hash: str,
        outcome: Outcome,
    ) -> None:
        understood = turn.understood
        values = {
            "of_id": message_id,
            "resident_id": resident_id,
            "intent": understood.intent,
            "item": understood.item,
            "facet": understood.facet,
            "decision": understood.decision,
            "score": understood.score,
            "candidates": list(understood.candidates),
            "catalogue_hash": catalogue_hash,
            "reply_sealed": None if outcome.text is None else self._privacy.seal(outcome.text),
            "replied_at": outcome.at,
        }
        connection.execute(_FINISH, values)
        if understood.intent and understood.decision:
            metrics.decisions.labels(intent=understood.intent, decision=understood.decision).inc()

    def _apply(self, connection: Connection, effect: Effect, resident_id: int, now: datetime) -> None:
        match effect:
            case RequestPerson():
                office = self._compositions.office
                soon = office.rules.notifications.acknowledge_minutes
                handovers.request(
                    connection,
                    self._privacy,
                    resident_id=resident_id,
                    question=effect.question,
                    item=effect.item,
                    asked_at=now,
                    promised_at=effect.promised_at,
                    answer_by=office.calendar.add_working_minutes(now, soon),
                )
            case ForgetResident():
                appointments.release(connection, resident_id=resident_id, now=now)
                handovers.withdraw_all(connection, resident_id)
                _forget_words(connection, resident_id)
                notifications.forget(connection, resident_id, now)
                people.forget(connection, resident_id)
            case _:
                assert_never(effect)


def _forget_words(connection: Connection, resident_id: int) -> None:
    """What the person wrote and was told goes; that a question of this kind was asked stays for the figures."""
    connection.execute(
        update(messages).where(messages.c.resident_id == resident_id).values(text_sealed=None, reply_sealed=None)
    )
