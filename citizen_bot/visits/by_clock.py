"""What is done by the clock: passing on, telling what is late, and taking persons out of what is old."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Connection, Row, and_, or_, select, update

from citizen_bot.rules import Office
from citizen_bot.visits import states, steps, telling
from citizen_bot.visits.models import PERSONAL, visit_events, visits
from citizen_bot.visits.records import FINISHED, Visit, read

# Whoever comes a little later than agreed has not forgotten it.
LATE_AFTER = timedelta(days=1)

log = structlog.get_logger(__name__)


def pass_on_unanswered(connection: Connection, office: Office, now: datetime) -> int:
    """What no agent has answered in time goes to the town; what the town has not, shows as overdue there. Oldest due
    first, until nothing is left; what somebody works on just now comes the next time. Returns how many were passed
    on."""
    unnoticed = or_(visits.c.assigned_to == "agent", visits.c.overdue_at.is_(None))

    def pass_on(visit: Visit) -> bool:
        if visit.assigned_to == "agent":
            steps.to_town(connection, office, visit, "passed_on", steps.SYSTEM, None, now)
            return True
        steps.overdue(connection, office, visit, "overdue", now)
        return False

    due = (visits.c.state == "asked", visits.c.answer_by <= now, unnoticed)
    return _each_due(connection, office, due, visits.c.answer_by, pass_on)


def tell_late(connection: Connection, office: Office, now: datetime) -> int:
    """The town is told once of papers that were to be handed in by now, and of visits that should have been paid a day
    ago. Returns of how many."""

    def tell(event: states.Event) -> Callable[[Visit], bool]:
        def tell_of(visit: Visit) -> bool:
            number = steps.overdue(connection, office, visit, event, now)
            telling.late(connection, visit, number, now)
            return True

        return tell_of

    unnoticed = visits.c.overdue_at.is_(None)
    papers = (visits.c.state == "taken_over", visits.c.hand_in_by <= now, unnoticed)
    waiting = (visits.c.state.in_(["accepted", "on_the_way"]), visits.c.coming_at <= now - LATE_AFTER, unnoticed)
    late = _each_due(connection, office, papers, visits.c.hand_in_by, tell("hand_in_overdue"))
    return late + _each_due(connection, office, waiting, visits.c.coming_at, tell("not_come"))


def agent_left(connection: Connection, office: Office, agent_id: int, now: datetime) -> int:
    """What an agent who is no longer there was asked for, or had accepted, goes to the town. Papers that were taken
    over stay the agent's until they are handed in. Returns how many."""
    theirs = visits.c.state.in_(["asked", "accepted", "on_the_way"])
    query = select(visits).where(visits.c.agent_id == agent_id, theirs).order_by(visits.c.id)
    rows = connection.execute(query.with_for_update(key_share=True)).all()
    for row in rows:
        steps.to_town(connection, office, read(office.privacy, row), "agent_left", steps.SYSTEM, None, now)
    return len(rows)


def anonymise_old(connection: Connection, now: datetime, *, keep_days: int) -> int:
    """Takes the person out of what was finished more than `keep_days` ago, and the words out of its history; what
    happened, and what was taken over, stays. Returns of how many."""
    old = and_(visits.c.state.in_(FINISHED), visits.c.changed_at < now - timedelta(days=keep_days))
    # It goes with all the others.
    left = visits.c.name_sealed.is_not(None)
    query = select(visits.c.id).where(old, left).order_by(visits.c.id)
    ids = connection.execute(query.with_for_update(skip_locked=True)).scalars().all()
    connection.execute(update(visits).where(visits.c.id.in_(ids)).values(dict.fromkeys(PERSONAL)))
    words = and_(visit_events.c.visit_id.in_(ids), visit_events.c.reason_sealed.is_not(None))
    connection.execute(update(visit_events).where(words).values(reason_sealed=None))
    return len(ids)


def _each_due(
    connection: Connection,
    office: Office,
    due: Sequence[ColumnElement[bool]],
    by: ColumnElement[datetime],
    work: Callable[[Visit], bool],
) -> int:
    """Does `work` with each visit that is due, one after the other; one that fails does not keep the others waiting.
    Returns for how many it was true."""
    failed: list[int] = []
    count = 0
    while (row := _next_due(connection, due, by, failed)) is not None:
        try:
            with connection.begin_nested():
                count += work(read(office.privacy, row))
        except Exception:
            log.exception("visit not looked after", visit=row.id)
            failed.append(row.id)
    return count


def _next_due(
    connection: Connection, due: Sequence[ColumnElement[bool]], by: ColumnElement[datetime], but: Sequence[int]
) -> Row[Any] | None:
    query = select(visits).where(*due, visits.c.id.not_in(but)).order_by(by, visits.c.id).limit(1)
    return connection.execute(query.with_for_update(skip_locked=True, key_share=True)).first()
