"""Visits, their receipts and history, as they are."""

from typing import Any

from sqlalchemy import Connection, Select, case, func, or_, select

from citizen_bot.platform.clock import SHANGHAI
from citizen_bot.rules import Office
from citizen_bot.visits.models import visit_events, visit_receipts, visits
from citizen_bot.visits.records import FINISHED, Event, Receipt, State, Taken, Visit, read

OPEN = visits.c.state.not_in(FINISHED)
# What the next step is due by.
_DUE = case(
    (visits.c.state == "asked", visits.c.answer_by),
    (visits.c.state.in_(["accepted", "on_the_way"]), visits.c.coming_at),
    (visits.c.state == "taken_over", visits.c.hand_in_by),
)
_IN_TURN = (visits.c.comes_first.desc(), _DUE.asc().nulls_last(), visits.c.asked_at, visits.c.id)


def find(connection: Connection, office: Office, visit_id: int) -> Visit | None:
    row = connection.execute(select(visits).where(visits.c.id == visit_id)).first()
    return None if row is None else read(office.privacy, row)


def open_of(connection: Connection, office: Office, resident_id: int) -> list[Visit]:
    """The account's visits that are not done, declined or cancelled, newest first."""
    query = select(visits).where(visits.c.resident_id == resident_id, OPEN)
    return _all(connection, office, query.order_by(visits.c.asked_at.desc(), visits.c.id.desc()))


def tasks_of_agent(connection: Connection, office: Office, agent_id: int) -> list[Visit]:
    """What the agent has to answer or to do: those with a priority first, then by what the next step is due by (the
    answer, the visit, the handing in)."""
    query = select(visits).where(visits.c.agent_id == agent_id, OPEN)
    return _all(connection, office, query.order_by(*_IN_TURN))


def tasks_of_town(connection: Connection, office: Office, town_code: str) -> list[Visit]:
    """The same of what is the town's own, and of what an agent is late with."""
    its = or_(visits.c.assigned_to == "town", visits.c.overdue_at.is_not(None))
    query = select(visits).where(visits.c.town_code == town_code, its, OPEN)
    return _all(connection, office, query.order_by(*_IN_TURN))


def listed(
    connection: Connection, office: Office, *, town_code: str | None = None, state: State | None = None
) -> list[Visit]:
    """All visits, of one town and in one state, oldest first."""
    query = select(visits).order_by(visits.c.id)
    if town_code is not None:
        query = query.where(visits.c.town_code == town_code)
    if state is not None:
        query = query.where(visits.c.state == state)
    return _all(connection, office, query)


def history(connection: Connection, office: Office, visit_id: int) -> list[Event]:
    """All that happened, oldest first; times are aware, in Asia/Shanghai."""
    query = select(visit_events).where(visit_events.c.visit_id == visit_id).order_by(visit_events.c.id)
    return [
        Event(
            at=row.at.astimezone(SHANGHAI),
            event=row.event,
            actor=row.actor,
            reason=None if row.reason_sealed is None else office.privacy.open(row.reason_sealed),
        )
        for row in connection.execute(query)
    ]


def receipts(connection: Connection, office: Office, visit_id: int) -> list[Receipt]:
    """What was taken over, in that order."""
    query = select(visit_receipts).where(visit_receipts.c.visit_id == visit_id).order_by(visit_receipts.c.id)
    return [
        Receipt(
            Taken(office.privacy.open(row.name_sealed), row.pieces, row.amount),
            row.taken_at.astimezone(SHANGHAI),
            row.answer,
        )
        for row in connection.execute(query)
    ]


def with_open_receipts(
    connection: Connection, office: Office, resident_id: int, *, disputed: bool
) -> list[tuple[Visit, list[Receipt]]]:
    """The account's visits, also finished ones, with the receipts that are not answered yet, or also those that were
    `disputed`; what was taken over last first."""
    answer = visit_receipts.c.answer
    open_ones = answer.is_distinct_from("confirmed") if disputed else answer.is_(None)
    query = (
        select(visits)
        .join(visit_receipts, visit_receipts.c.visit_id == visits.c.id)
        .where(visits.c.resident_id == resident_id, open_ones)
        .group_by(visits.c.id)
        .order_by(func.max(visit_receipts.c.taken_at).desc(), visits.c.id.desc())
    )
    wanted = (None, "disputed") if disputed else (None,)
    return [
        (visit, [receipt for receipt in receipts(connection, office, visit.id) if receipt.answer in wanted])
        for visit in _all(connection, office, query)
    ]


def _all(connection: Connection, office: Office, query: Select[Any]) -> list[Visit]:
    return [read(office.privacy, row) for row in connection.execute(query)]
