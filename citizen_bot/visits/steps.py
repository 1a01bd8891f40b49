"""How a visit goes from one state to the next: locked, who may checked, changed, and noted in its history."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from citizen_bot.people import agents, staff
from citizen_bot.rules import Office
from citizen_bot.visits import states, telling
from citizen_bot.visits.models import visit_events, visits
from citizen_bot.visits.records import Actor, NotPossible, Visit, read

SYSTEM = Actor("system")


def answer_by(office: Office, now: datetime) -> datetime:
    return office.calendar.add_working_minutes(now, office.rules.visits.answer_working_hours * 60)


def locked(connection: Connection, office: Office, visit_id: int) -> Visit:
    """The visit, for this transaction alone to change. Raises NotPossible (not_open) where there is none."""
    query = select(visits).where(visits.c.id == visit_id).with_for_update(key_share=True)
    row = connection.execute(query).first()
    if row is None:
        raise NotPossible("not_open")
    return read(office.privacy, row)


def check(connection: Connection, visit: Visit, event: states.Event, actor: Actor) -> None:
    """Raises NotPossible (not_yours, not_open)."""
    if not _may_act(connection, visit, actor):
        raise NotPossible("not_yours")
    states.after(event, visit, actor.kind)


def _may_act(connection: Connection, visit: Visit, actor: Actor) -> bool:
    """The agent that it is assigned to, or the staff of its town; which steps are the resident's, the table says."""
    if actor.kind == "agent":
        agent = None if actor.id is None else agents.find(connection, actor.id)
        return agent is not None and agent.active and agent.id == visit.agent_id
    if actor.kind == "staff":
        member = None if actor.id is None else staff.find(connection, actor.id)
        return (
            member is not None
            and member.active
            and member.role in staff.SITE_ROLES
            and member.site_code == visit.town_code
        )
    return True


def to_town(
    connection: Connection,
    office: Office,
    visit: Visit,
    event: states.Event,
    actor: Actor,
    reason: str | None,
    now: datetime,
) -> Visit:
    """Gives it to the town, with a time to answer of its own. Staff and resident are told."""
    values = {"assigned_to": "town", "agent_id": None, "answer_by": answer_by(office, now), "coming_at": None}
    visit, number = change(connection, office, visit, event, actor, now, reason=reason, values=values)
    telling.taken_on(connection, visit, now)
    telling.task(connection, visit, number, now)
    telling.resident(connection, visit, number, now)
    return visit


def overdue(connection: Connection, office: Office, visit: Visit, event: states.Event, now: datetime) -> int:
    """Notes once, for the present state, that it is late. Returns the number of the line of history."""
    states.after(event, visit, "system")
    connection.execute(update(visits).where(visits.c.id == visit.id).values(overdue_at=now))
    return note(connection, office, visit.id, event, str(SYSTEM), None, now)


def change(
    connection: Connection,
    office: Office,
    visit: Visit,
    event: states.Event,
    actor: Actor,
    now: datetime,
    *,
    reason: str | None = None,
    values: Mapping[str, Any] | None = None,
) -> tuple[Visit, int]:
    """The visit as it is after the step, with what else changes, and the number of the line of history. Who acts was
    checked before. Raises NotPossible (not_open)."""
    state = states.after(event, visit, actor.kind)
    row = {"state": state, "answer_by": None, "overdue_at": None, "changed_at": now, **(values or {})}
    changed = connection.execute(update(visits).where(visits.c.id == visit.id).values(row).returning(visits)).one()
    return read(office.privacy, changed), note(connection, office, visit.id, event, str(actor), reason, now)


def note(
    connection: Connection,
    office: Office,
    visit_id: int,
    event: states.Event,
    actor: str,
    reason: str | None,
    at: datetime,
) -> int:
    number: int = connection.execute(
        insert(visit_events)
        .values(
            visit_id=visit_id,
            at=at,
            event=event,
            actor=actor,
            reason_sealed=None if reason is None else office.privacy.seal(reason),
        )
        .returning(visit_events.c.id)
    ).scalar_one()
    return number
