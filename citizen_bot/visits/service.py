"""Home visits, and what agents and staff do for a resident.

Public: ask; accept, decline, set_out, take_over, hand_in, finish of agents and staff; answer_receipts, cancel of the
resident; find, open_of, tasks_of_agent, tasks_of_town, listed, receipts, history; pass_on_unanswered, tell_late,
anonymise_old.

All functions work in the caller's transaction. Those that change a visit lock it first.
"""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as insert_unless

from citizen_bot.catalog import places
from citizen_bot.catalog.model import Catalogue, Division, Guide, Site
from citizen_bot.people import agents
from citizen_bot.people.contacts import contact_columns, person_index
from citizen_bot.people.models import residents
from citizen_bot.rules import Office
from citizen_bot.visits import states, steps, telling
from citizen_bot.visits.by_clock import agent_left, anonymise_old, pass_on_unanswered, tell_late
from citizen_bot.visits.models import visit_receipts, visits
from citizen_bot.visits.reading import (
    OPEN,
    find,
    history,
    listed,
    open_of,
    receipts,
    tasks_of_agent,
    tasks_of_town,
    with_open_receipts,
)
from citizen_bot.visits.records import (
    Actor,
    Event,
    Help,
    NotPossible,
    Priority,
    Reason,
    Receipt,
    State,
    Taken,
    Visit,
    Wish,
    read,
)

__all__ = [
    "Actor",
    "Event",
    "Help",
    "NotPossible",
    "Priority",
    "Reason",
    "Receipt",
    "State",
    "Taken",
    "Visit",
    "Wish",
    "accept",
    "agent_left",
    "anonymise_old",
    "answer_receipts",
    "ask",
    "cancel",
    "decline",
    "find",
    "finish",
    "hand_in",
    "history",
    "listed",
    "open_of",
    "pass_on_unanswered",
    "receipts",
    "set_out",
    "take_over",
    "tasks_of_agent",
    "tasks_of_town",
    "tell_late",
    "with_open_receipts",
]

# As the column of amounts keeps them.
_CENT, _MOST_MONEY, _MOST_PIECES = Decimal("0.01"), Decimal("99999999.99"), 32767


def ask(
    connection: Connection,
    office: Office,
    catalogue: Catalogue,
    *,
    resident_id: int | None,
    guide: Guide | None,
    help: Help,
    home: Division | Site,
    address: str,
    name: str,
    phone: str,
    relation: str | None,
    priority: Priority | None,
    wish: Wish,
    mandate: str,
    by: str,
    now: datetime,
) -> Visit:
    """Records the request and the mandate and passes it to the village's agent who takes the item, else to the town.

    `name` and `phone` in the form of people.contacts; `by` is "resident", or who of the staff writes it down. Raises
    NotPossible (same).
    """
    privacy = office.privacy
    item = None if guide is None else guide.id
    town = places.site_of_town(catalogue, home).code if isinstance(home, Division) else home.code
    division = home.code if isinstance(home, Division) else None
    agent_id = None if division is None else _least_busy(connection, division, item)
    lookup = None
    if resident_id is not None:
        lookup = connection.execute(select(residents.c.lookup).where(residents.c.id == resident_id)).scalar_one()
    person = person_index(privacy, lookup=lookup, name=name, phone=phone)
    row = {
        "state": "asked",
        "resident_id": resident_id,
        "item": item,
        "help": help,
        "town_code": town,
        "division_code": division,
        "address_sealed": privacy.seal(address),
        "person_index": person,
        **contact_columns(privacy, name=name, phone=phone),
        "relation_sealed": None if relation is None else privacy.seal(relation),
        "comes_first": priority is not None,
        "priority_sealed": None if priority is None else privacy.seal(priority),
        "wish_sealed": None if wish.words is None else privacy.seal(wish.words),
        "wished_from": wish.first_day,
        "wished_until": wish.last_day,
        "wished_period": wish.period,
        "mandate_sealed": privacy.seal(mandate),
        "mandate_agreed_at": now,
        "assigned_to": "town" if agent_id is None else "agent",
        "agent_id": agent_id,
        "answer_by": steps.answer_by(office, now),
        "visitor_code": _visitor_code(phone),
        "asked_at": now,
        "changed_at": now,
    }
    visit = _insert(connection, office, row)
    event = steps.note(connection, office, visit.id, "asked", by, None, now)
    telling.task(connection, visit, event, now)
    return visit


def accept(
    connection: Connection, office: Office, visit_id: int, *, actor: Actor, coming_at: datetime, now: datetime
) -> Visit:
    """The agent, or somebody of the town's staff, who then has it instead of the agent, will come at `coming_at`
    (aware). Raises NotPossible (not_yours, not_open, past)."""
    visit = steps.locked(connection, office, visit_id)
    steps.check(connection, visit, "accepted", actor)
    if coming_at < now:
        raise NotPossible("past")
    values = {"coming_at": coming_at, **_whose(actor)}
    visit, event = steps.change(connection, office, visit, "accepted", actor, now, values=values)
    telling.taken_on(connection, visit, now)
    telling.resident(connection, visit, event, now)
    return visit


def decline(
    connection: Connection, office: Office, visit_id: int, *, actor: Actor, reason: str, now: datetime
) -> Visit:
    """An agent's refusal passes it to the town, the town's ends it; also of what was accepted and cannot be kept.
    Raises NotPossible (not_yours, not_open, no_reason)."""
    visit = steps.locked(connection, office, visit_id)
    step: states.Event = "agent_declined" if actor.kind == "agent" else "declined"
    steps.check(connection, visit, step, actor)
    if not reason.strip():
        raise NotPossible("no_reason")
    if step == "agent_declined":
        return steps.to_town(connection, office, visit, step, actor, reason.strip(), now)
    visit, event = steps.change(connection, office, visit, step, actor, now, reason=reason.strip())
    telling.taken_on(connection, visit, now)
    telling.resident(connection, visit, event, now)
    return visit


def set_out(connection: Connection, office: Office, visit_id: int, *, actor: Actor, now: datetime) -> Visit:
    """Raises NotPossible (not_yours, not_open)."""
    visit = steps.locked(connection, office, visit_id)
    steps.check(connection, visit, "set_out", actor)
    visit, event = steps.change(connection, office, visit, "set_out", actor, now, values=_whose(actor))
    telling.resident(connection, visit, event, now)
    return visit


def take_over(
    connection: Connection, office: Office, visit_id: int, *, actor: Actor, taken: Sequence[Taken], now: datetime
) -> Visit:
    """Records piece by piece what was taken, also what comes later; the resident is asked to confirm it. The papers are
    to be handed in within the days of the rules from the first time on. Raises NotPossible (not_yours, not_open,
    nothing_taken: also for no pieces, no money, or both)."""
    visit = steps.locked(connection, office, visit_id)
    steps.check(connection, visit, "taken_over", actor)
    if not taken or not all(_can_be_receipted(one) for one in taken):
        raise NotPossible("nothing_taken")
    rows = [
        {
            "visit_id": visit.id,
            "kind": "paper" if one.amount is None else "money",
            "name_sealed": office.privacy.seal(one.name.strip()),
            "pieces": one.pieces,
            "amount": one.amount,
            "taken_by": str(actor),
            "taken_at": now,
        }
        for one in taken
    ]
    connection.execute(insert(visit_receipts).values(rows))
    hand_in_by = visit.hand_in_by or office.calendar.deadline_days(now, office.rules.visits.hand_in_working_days)
    # More papers do not make the first ones less late.
    kept = {"hand_in_by": hand_in_by, "overdue_at": visit.overdue_at, **_whose(actor)}
    visit, event = steps.change(connection, office, visit, "taken_over", actor, now, values=kept)
    telling.resident(connection, visit, event, now)
    return visit


def answer_receipts(connection: Connection, office: Office, visit_id: int, *, confirmed: bool, now: datetime) -> Visit:
    """The resident says that what was taken over is right (also what was disputed before), or that what was not yet
    answered is not: the town's manager is told. Raises NotPossible (not_open, nothing_taken: nothing to answer)."""
    visit = steps.locked(connection, office, visit_id)
    actor = Actor("resident")
    step: states.Event = "receipts_confirmed" if confirmed else "receipts_disputed"
    steps.check(connection, visit, step, actor)
    answer = visit_receipts.c.answer
    open_ones = answer.is_distinct_from("confirmed") if confirmed else answer.is_(None)
    answered = connection.execute(
        update(visit_receipts)
        .where(visit_receipts.c.visit_id == visit.id, open_ones)
        .values(answer="confirmed" if confirmed else "disputed", answered_at=now)
    )
    if not answered.rowcount:
        raise NotPossible("nothing_taken")
    event = steps.note(connection, office, visit.id, step, str(actor), None, now)
    if not confirmed:
        telling.disputed(connection, visit, event, now)
    return visit


def hand_in(connection: Connection, office: Office, visit_id: int, *, actor: Actor, now: datetime) -> Visit:
    """The papers are with the office, the money is paid. Raises NotPossible (not_yours, not_open)."""
    return _step(connection, office, visit_id, "handed_in", actor, now)


def finish(connection: Connection, office: Office, visit_id: int, *, actor: Actor, now: datetime) -> Visit:
    """Raises NotPossible (not_yours, not_open: also while papers are not handed in, or none were taken over where that
    was the help asked for)."""
    return _step(connection, office, visit_id, "done", actor, now)


def cancel(
    connection: Connection, office: Office, visit_id: int, *, actor: Actor, reason: str | None, now: datetime
) -> Visit:
    """By the resident, until the papers are taken over. Who was already to come is told; the resident hears it from
    whoever was asked to cancel. Raises NotPossible (not_yours, not_open)."""
    before = steps.locked(connection, office, visit_id)
    steps.check(connection, before, "cancelled", actor)
    visit, event = steps.change(connection, office, before, "cancelled", actor, now, reason=reason)
    telling.taken_on(connection, visit, now)
    if before.state != "asked":
        telling.task(connection, visit, event, now)
    return visit


def _insert(connection: Connection, office: Office, row: Mapping[str, Any]) -> Visit:
    """The database sees two requests at once, too: the second waits here for the first. Raises NotPossible (same)."""
    same_open = [visits.c.person_index, visits.c.item]
    # Written out: in a generic plan parameters do not match the index.
    still_open = text("state NOT IN ('done', 'declined', 'cancelled')")
    made = insert_unless(visits).on_conflict_do_nothing(index_elements=same_open, index_where=still_open)
    same = select(visits).where(
        visits.c.person_index == row["person_index"], visits.c.item.is_not_distinct_from(row["item"]), OPEN
    )
    while (found := connection.execute(made.values(row).returning(visits)).first()) is None:
        # It may have been finished just now: then there is room again.
        if (existing := connection.execute(same).first()) is not None:
            raise NotPossible("same", read(office.privacy, existing))
    return read(office.privacy, found)


def _least_busy(connection: Connection, division: str, item: str | None) -> int | None:
    """The agent of the village who takes the item, can be reached and has the fewest open visits; None without one."""
    known = [agent.id for agent in agents.who_take(connection, division, item)]
    query = select(visits.c.agent_id, func.count()).where(visits.c.agent_id.in_(known), OPEN)
    busy: dict[int | None, int] = {row[0]: row[1] for row in connection.execute(query.group_by(visits.c.agent_id))}
    return min(known, key=lambda agent_id: (busy.get(agent_id, 0), agent_id), default=None)


def _visitor_code(phone: str) -> str:
    """Not what anybody who knows the number would guess."""
    while (code := f"{secrets.randbelow(10_000):04}") == phone[-4:]:
        pass
    return code


def _whose(actor: Actor) -> dict[str, Any]:
    """Whoever of the town's staff acts has it from then on, also instead of an agent: the resident is told who it
    is."""
    return {"assigned_to": "town", "agent_id": None, "staff_id": actor.id} if actor.kind == "staff" else {}


def _can_be_receipted(taken: Taken) -> bool:
    if not taken.name.strip() or (taken.pieces is None) == (taken.amount is None):
        return False
    if taken.pieces is not None:
        return 1 <= taken.pieces <= _MOST_PIECES
    amount = taken.amount or Decimal(0)
    return amount.is_finite() and 0 < amount <= _MOST_MONEY and amount == amount.quantize(_CENT)


def _step(
    connection: Connection, office: Office, visit_id: int, event: states.Event, actor: Actor, now: datetime
) -> Visit:
    """A step that changes nothing but the state, and of which the resident is told."""
    visit = steps.locked(connection, office, visit_id)
    steps.check(connection, visit, event, actor)
    visit, number = steps.change(connection, office, visit, event, actor, now)
    telling.resident(connection, visit, number, now)
    return visit
