"""Who is told what.

Public: tell, answered, forget, site_recipients, city_recipients, waiting_texts, note_consents, note_report.

A notification is a row that names its kind and subject; what it says is composed when it is sent (composing.py), by
whichever channel reaches the recipient then (sending.py).
"""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal

import structlog
from sqlalchemy import Connection, and_, bindparam, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from citizen_bot.notifications.composing import Composition, Recipient, compose
from citizen_bot.notifications.models import consents, deliveries, endpoints, notifications
from citizen_bot.people.models import agents, staff
from citizen_bot.platform import jobs

__all__ = [
    "Composition",
    "Recipient",
    "answered",
    "city_recipients",
    "forget",
    "note_consents",
    "note_report",
    "site_recipients",
    "tell",
    "waiting_texts",
]

QUEUE = "notifications"
SEND_TASK = "notifications.send"
FLUSH_TASK = "notifications.flush_robot"
REPORT_TASK = "notifications.note_report"
# A report may come before what it is about is kept.
REPORT_DELAY = timedelta(seconds=20)
# What fits with an answer into one chat message; the rest comes with the next.
WAITING_SHOWN = 3
# Of more than are shown, so that what breaks or is too long keeps no others waiting.
WAITING_LOOKED_AT = 20
USER_BLOCK = "user block"
NOBODY = Recipient("endpoint", 0)
UNFINISHED = ("open", "waiting", "failed")

log = structlog.get_logger(__name__)

_TELL = (
    insert(notifications)
    .on_conflict_do_nothing()
    .returning(notifications.c.id, notifications.c.recipient, notifications.c.recipient_id)
)
_WAITING = (
    select(
        notifications.c.id,
        notifications.c.kind,
        notifications.c.subject_id,
        notifications.c.recipient,
        notifications.c.recipient_id,
    )
    .where(
        # Written out, so that the planner sees that the partial index has them all.
        notifications.c.state.in_(bindparam("states", ["waiting", "failed"], expanding=True, literal_execute=True)),
        or_(
            and_(notifications.c.recipient == "resident", notifications.c.recipient_id == bindparam("resident_id")),
            and_(
                notifications.c.recipient == "agent",
                notifications.c.recipient_id.in_(
                    select(agents.c.id).where(agents.c.resident_id == bindparam("resident_id"))
                ),
            ),
        ),
    )
    .order_by(notifications.c.id)
    .limit(WAITING_LOOKED_AT)
    .with_for_update(skip_locked=True, key_share=True)
)


def tell(
    connection: Connection,
    kind: str,
    subject_id: int,
    recipients: Iterable[Recipient],
    *,
    occasion: str,
    at: datetime,
    answer_by: datetime | None = None,
) -> None:
    """Tells each of `recipients`, from a job of the caller's transaction: all of it exists when that commits.

    Told again with the same kind, subject and occasion, a recipient gets nothing more. `answer_by`: somebody has to
    take the matter on until then (`answered`), else the next person is told. A matter that somebody has to take on and
    nobody can be told of is kept as failed, until there is somebody.
    """
    # In one order everywhere, so that two transactions that tell the same people cannot wait for each other.
    to = sorted({(recipient.kind, recipient.id) for recipient in recipients})
    state = "open"
    if not to:
        log.error("nobody is there to be told", kind=kind, subject=subject_id)
        if answer_by is None:
            return
        to, state = [(NOBODY.kind, NOBODY.id)], "failed"
    same = {
        "kind": kind,
        "subject_id": subject_id,
        "occasion": occasion,
        "state": state,
        "attempts": 0,
        "created_at": at,
        "changed_at": at,
        "answer_by": answer_by,
    }
    rows = [
        {**same, "key": uuid.uuid4(), "recipient": recipient, "recipient_id": recipient_id}
        for recipient, recipient_id in to
    ]
    told = connection.execute(_TELL.values(rows)).all()
    if state == "open":
        enqueue(connection, [(row.id, Recipient(row.recipient, row.recipient_id)) for row in told])


def enqueue(connection: Connection, told: Sequence[tuple[int, Recipient]]) -> None:
    """A job for each of these open notifications; of a group's robot one for all."""
    ids = [recipient.id for _, recipient in told if recipient.kind == "endpoint"]
    chosen = select(endpoints.c.id).where(endpoints.c.id.in_(ids), endpoints.c.kind == "robot")
    robots = set(connection.execute(chosen).scalars()) if ids else set()
    for notification_id, recipient in told:
        if recipient.kind == "endpoint" and recipient.id in robots:
            continue
        enqueue_send(connection, notification_id)
    for endpoint_id in sorted(robots):
        enqueue_flush(connection, endpoint_id)


def enqueue_send(connection: Connection, notification_id: int, at: datetime | None = None) -> None:
    """A job that makes the next attempt; one waits and one runs at most."""
    lock = f"notification-{notification_id}"
    args = {"notification_id": notification_id}
    jobs.defer(connection, SEND_TASK, queue=QUEUE, args=args, lock=lock, queueing_lock=lock, schedule_at=at)


def enqueue_flush(
    connection: Connection,
    endpoint_id: int,
    reason: Literal["told", "paced", "again"] = "told",
    at: datetime | None = None,
) -> None:
    """A job that tells a group's robot all that is open for it; of each reason one waits at most, so that a late
    attempt after a failure keeps no news waiting."""
    jobs.defer(
        connection,
        FLUSH_TASK,
        queue=QUEUE,
        args={"endpoint_id": endpoint_id},
        queueing_lock=f"robot-{endpoint_id}-{reason}",
        schedule_at=at,
    )


def answered(connection: Connection, kind: str, subject_id: int, at: datetime) -> bool:
    """Somebody took the matter on: nobody else needs to be told of it. False when it was taken on before."""
    unanswered = (
        select(notifications.c.id)
        .where(
            notifications.c.kind == kind,
            notifications.c.subject_id == subject_id,
            notifications.c.answer_by.is_not(None),
            notifications.c.answered_at.is_(None),
        )
        .order_by(notifications.c.id)
        .with_for_update(key_share=True)
    )
    ids = list(connection.execute(unanswered).scalars())
    unsent = and_(notifications.c.id.in_(ids), notifications.c.state.in_(UNFINISHED))
    connection.execute(update(notifications).where(unsent).values(state="dropped", changed_at=at))
    connection.execute(update(notifications).where(notifications.c.id.in_(ids)).values(answered_at=at))
    return bool(ids)


def site_recipients(connection: Connection, site_code: str) -> list[Recipient]:
    """Who is told of what concerns a site: its endpoints (else those of the whole city), and of its window staff and
    managers those that WeCom reaches."""
    own = _endpoints(connection, site_code) or _endpoints(connection, None)
    return [*own, *_staff(connection, site_code, "window"), *_staff(connection, site_code, "site_manager")]


def city_recipients(connection: Connection) -> list[Recipient]:
    """Who is told of what concerns no site: the whole city's endpoints, else those supervisors that WeCom reaches."""
    return _endpoints(connection, None) or _staff(connection, None, "supervisor")


def chain(connection: Connection, site_code: str | None) -> list[Recipient]:
    """Who is told one after the other, when nobody takes a matter on."""
    of_site: list[Recipient] = []
    if site_code is not None:
        of_site = [*_staff(connection, site_code, "window"), *_staff(connection, site_code, "site_manager")]
    return [*of_site, *_staff(connection, None, "supervisor"), *_endpoints(connection, None)]


def _endpoints(connection: Connection, site_code: str | None) -> list[Recipient]:
    of_site = endpoints.c.site_code.is_not_distinct_from(site_code)
    query = select(endpoints.c.id).where(endpoints.c.active, of_site).order_by(endpoints.c.id)
    return [Recipient("endpoint", found) for found in connection.execute(query).scalars()]


def _staff(connection: Connection, site_code: str | None, role: str) -> list[Recipient]:
    query = (
        select(staff.c.id)
        .where(staff.c.active, staff.c.wecom_userid.is_not(None), staff.c.role == role)
        .where(staff.c.site_code.is_not_distinct_from(site_code))
        .order_by(staff.c.id)
    )
    return [Recipient("staff", found) for found in connection.execute(query).scalars()]


def waiting_texts(connection: Connection, composition: Composition, resident_id: int, room: int) -> list[str]:
    """What could not be sent to the resident and is told with the present answer: once, at most three at a time, and of
    at most `room` bytes with a blank line after each; the rest keeps waiting.

    A composer that breaks costs its own message only, which keeps waiting.
    """
    texts: list[str] = []
    for row in connection.execute(_WAITING, {"resident_id": resident_id}).all():
        if len(texts) == WAITING_SHOWN:
            break
        try:
            with connection.begin_nested():
                message = compose(row.kind, composition, row.subject_id, Recipient(row.recipient, row.recipient_id))
        except Exception:
            log.exception("notification not composed", notification=row.id, kind=row.kind)
            continue
        if message is not None:
            size = len(message.text.encode()) + 2
            if size > room:
                continue
            room -= size
            texts.append(message.text)
            _shown(connection, row.id, composition.now)
        close(connection, [row.id], "dropped" if message is None else "told", composition.now)
    return texts


def _shown(connection: Connection, notification_id: int, at: datetime) -> None:
    row = insert(deliveries).values(
        notification_id=notification_id, channel="next_message", state="sent", attempts=1, unclear=0, changed_at=at
    )
    connection.execute(row.on_conflict_do_nothing())


def close(connection: Connection, ids: Sequence[int], state: str, at: datetime) -> None:
    """Ends the attempts of those notifications that are not ended yet, in `state`."""
    connection.execute(
        update(notifications)
        .where(notifications.c.id.in_(ids), notifications.c.state.in_(UNFINISHED))
        .values(state=state, changed_at=at, next_at=None, sending_until=None)
    )


def reopen(connection: Connection, ids: Sequence[int], at: datetime) -> None:
    """Sends these notifications again, from the first attempt on, by a channel that has not refused them."""
    rows = connection.execute(
        update(notifications)
        .where(notifications.c.id.in_(ids))
        .values(state="open", attempts=0, changed_at=at, next_at=None, sending_until=None)
        .returning(notifications.c.id, notifications.c.recipient, notifications.c.recipient_id)
    ).all()
    enqueue(connection, [(row.id, Recipient(row.recipient, row.recipient_id)) for row in rows])


def forget(connection: Connection, resident_id: int, at: datetime) -> None:
    """The resident left: what has not been told will not be."""
    untold = select(notifications.c.id).where(
        notifications.c.recipient == "resident",
        notifications.c.recipient_id == resident_id,
        notifications.c.state.in_(UNFINISHED),
    )
    ids = connection.execute(untold.order_by(notifications.c.id).with_for_update(key_share=True)).scalars().all()
    close(connection, ids, "dropped", at)


def note_consents(
    connection: Connection, resident_id: int, answers: Iterable[tuple[str, bool, int | None]], now: datetime
) -> None:
    """What the resident said to subscription notifications: (template id, accepted, how many more may be sent; None for
    any number). A refusal also takes back what was accepted before."""
    for template_id, accepted, times in sorted(answers, key=lambda answer: answer[0]):
        more = times if accepted else 0
        row = insert(consents).values(
            resident_id=resident_id, template_id=template_id, accepted=accepted, times_left=more, changed_at=now
        )
        # Null is any number, and stays so when some are added.
        total = consents.c.times_left + row.excluded.times_left if accepted else more
        connection.execute(
            row.on_conflict_do_update(
                index_elements=[consents.c.resident_id, consents.c.template_id],
                set_={"accepted": accepted, "times_left": total, "changed_at": now},
            )
        )


def note_report(connection: Connection, msgid: str, ok: bool, reason: str | None, now: datetime) -> None:
    """WeChat reports what became of a template message (TEMPLATESENDJOBFINISH). One that did not arrive is sent by the
    next channel.

    A job does it, a little later: the report may be here before the answer to the sending, and whoever brings it must
    not wait.
    """
    args = {"msgid": msgid, "ok": ok, "blocked": USER_BLOCK in (reason or "")}
    jobs.defer(connection, REPORT_TASK, queue=QUEUE, args=args, schedule_at=now + REPORT_DELAY)


def apply_report(connection: Connection, msgid: str, *, ok: bool, blocked: bool, now: datetime) -> None:
    state = "delivered" if ok else "refused" if blocked else "failed"
    reason = None if ok else USER_BLOCK if blocked else "reported as failed"
    of_notification = connection.execute(
        update(deliveries)
        .where(deliveries.c.remote_id == msgid, deliveries.c.state == "sent")
        .values(state=state, reason=reason, changed_at=now)
        .returning(deliveries.c.notification_id)
    ).scalar()
    if of_notification is None or ok:
        return
    told = select(notifications.c.id).where(notifications.c.id == of_notification, notifications.c.state == "told")
    reopen(connection, list(connection.execute(told).scalars()), now)
