"""Each step of a visit from outside: who may take it, from which state, and who is told."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest

from citizen_bot.notifications.composing import Recipient
from citizen_bot.people import service as people
from citizen_bot.people import staff
from citizen_bot.visits import service
from citizen_bot.visits.service import Actor, NotPossible, Taken, Visit
from tests.integration.visits.conftest import BOOK, FEE, NOW, OTHER_TOWN, PHONE, TOWN, Town, at, refused

RESIDENT, SYSTEM = Actor("resident"), Actor("system")
STATES = ["asked", "accepted", "on_the_way", "taken_over", "handed_in", "done", "declined", "cancelled"]
STEPS: dict[str, tuple[Callable[..., Visit], dict[str, Any]]] = {
    "accept": (service.accept, {"coming_at": NOW}),
    "decline": (service.decline, {"reason": "家里有事"}),
    "set_out": (service.set_out, {}),
    "take_over": (service.take_over, {"taken": [BOOK]}),
    "hand_in": (service.hand_in, {}),
    "finish": (service.finish, {}),
    "cancel": (service.cancel, {"reason": None}),
}
# The whole table: which step the agent may take from which state, and where it leads.
ALLOWED = {
    ("accept", "asked"): "accepted",
    ("decline", "asked"): "asked",
    ("decline", "accepted"): "asked",
    ("decline", "on_the_way"): "asked",
    ("set_out", "accepted"): "on_the_way",
    ("take_over", "accepted"): "taken_over",
    ("take_over", "on_the_way"): "taken_over",
    ("take_over", "taken_over"): "taken_over",
    ("hand_in", "taken_over"): "handed_in",
    ("finish", "handed_in"): "done",
    ("finish", "on_the_way"): "done",
}
CANCELLED_FROM = ("asked", "accepted", "on_the_way")
# By the staff of the town the same, but a refusal of theirs ends it.
BY_STAFF = ALLOWED | {("decline", state): "declined" for state in CANCELLED_FROM}
BY_RESIDENT = {("cancel", state): "cancelled" for state in CANCELLED_FROM}


@pytest.mark.parametrize("state", STATES)
def test_every_step_from_every_state_by_everybody(town: Town, state: str) -> None:
    visit = town.until(state)
    elsewhere = town.do(staff.add, name="外镇", role="window", site_code=OTHER_TOWN)
    of_the_city = town.do(staff.add, name="监督", role="supervisor")
    # The town's own refusal took it from nobody.
    assert visit.agent_id == town.agent.id
    tables: list[tuple[Actor, dict[tuple[str, str], str]]] = [
        (town.agent, ALLOWED),
        (town.window, BY_STAFF),
        (town.manager, BY_STAFF),
        (RESIDENT, BY_RESIDENT),
    ]
    never = [town.helper, Actor("staff", elsewhere.id), Actor("staff", of_the_city.id), Actor("staff", 999_999)]
    tables += [(actor, {}) for actor in [*never, Actor("agent"), Actor("agent", 999_999), SYSTEM]]
    for actor, table in tables:
        for name, (step, values) in STEPS.items():
            may_ever = any(allowed == name for allowed, _ in table)
            with town.engine.connect() as connection:
                try:
                    outcome = step(connection, town.office, visit.id, actor=actor, now=NOW, **values).state
                except NotPossible as error:
                    outcome = error.reason
            expected = table.get((name, state), "not_open" if may_ever else "not_yours")
            assert outcome == expected, (name, actor)


def test_who_is_no_longer_active_may_do_nothing(town: Town) -> None:
    visit = town.ask()
    town.do(staff.deactivate, town.window.id)
    assert refused(lambda: town.accept(visit, actor=town.window)) == "not_yours"


def test_an_unknown_visit_cannot_be_changed(town: Town) -> None:
    visit = town.ask()
    assert town.do(service.find, town.office, visit.id + 1) is None
    assert refused(lambda: town.do(service.set_out, town.office, visit.id + 1, actor=town.agent, now=NOW)) == "not_open"


def test_the_agent_accepts_and_the_resident_is_told(town: Town) -> None:
    visit = town.accept(town.ask(), coming="2026-11-24 09:00")
    assert (visit.state, visit.coming_at, visit.answer_by) == ("accepted", at("2026-11-24 09:00"), None)
    assert town.told(visit) == [
        ("visit.task", "agent", town.agent.id, "dropped"),
        ("visit.progress", "resident", visit.resident_id, "open"),
    ]


def test_nobody_comes_in_the_past(town: Town) -> None:
    visit = town.ask()
    assert refused(lambda: town.accept(visit, coming="2026-11-23 09:59")) == "past"
    assert town.accept(visit, coming="2026-11-23 10:00").state == "accepted"


def test_who_of_the_town_accepts_has_it_instead_of_the_agent(town: Town) -> None:
    visit = town.accept(town.ask(), actor=town.window)
    assert (visit.assigned_to, visit.agent_id, visit.staff_id) == ("town", None, town.window.id)
    assert refused(lambda: town.act(service.set_out, visit, actor=town.agent)) == "not_yours"
    assert town.act(service.set_out, visit, actor=town.manager).staff_id == town.manager.id


def test_who_of_the_town_goes_in_the_agents_place_is_who_the_resident_is_told_of(town: Town) -> None:
    visit = town.accept(town.ask())
    going = town.act(service.set_out, visit, actor=town.window)
    assert (going.assigned_to, going.agent_id, going.staff_id) == ("town", None, town.window.id)
    resident = Recipient("resident", going.resident_id or 0)
    assert "的工作人员出发了" in town.text_to("visit.progress", going, resident)


def test_who_of_the_town_takes_papers_in_the_agents_place_has_them(town: Town) -> None:
    visit = town.until("on_the_way")
    taken = town.act(service.take_over, visit, actor=town.window, taken=[BOOK])
    assert (taken.assigned_to, taken.agent_id, taken.staff_id) == ("town", None, town.window.id)
    resident = Recipient("resident", taken.resident_id or 0)
    assert "的工作人员从您这里收下了" in town.text_to("visit.progress", taken, resident)


def test_of_two_who_accept_at_once_one_wins(town: Town) -> None:
    for attempt in range(5):
        visit, barrier = town.ask(name=f"王{'一二三四五'[attempt]}"), Barrier(3)

        def accept(actor: Actor, visit: Visit = visit, barrier: Barrier = barrier) -> Visit | None:
            barrier.wait()
            try:
                return town.accept(visit, actor=actor)
            except NotPossible:
                return None

        with ThreadPoolExecutor(3) as pool:
            taken = [v for v in pool.map(accept, [town.agent, town.window, town.manager]) if v]
        assert len(taken) == 1
        assert town.found(visit) == taken[0]
        assert town.events(visit) == ["asked", "accepted"]


def test_an_agent_declines_only_with_a_reason_and_then_it_is_the_towns(town: Town) -> None:
    visit = town.ask()
    assert refused(lambda: town.act(service.decline, visit, actor=town.agent, reason=" 　")) == "no_reason"
    later = NOW + timedelta(hours=1)
    passed = town.act(service.decline, visit, actor=town.agent, reason="要去外地", now=later)
    assert (passed.state, passed.assigned_to, passed.agent_id) == ("asked", "town", None)
    assert passed.answer_by == at("2026-11-23 17:00")
    event = town.do(service.history, town.office, visit.id)[-1]
    assert (event.event, event.reason, event.actor) == ("agent_declined", "要去外地", f"agent {town.agent.id}")
    assert town.told(visit) == [
        ("visit.task", "agent", town.agent.id, "dropped"),
        ("visit.task", "staff", town.manager.id, "open"),
        ("visit.progress", "resident", visit.resident_id, "open"),
    ]
    # The agent no longer has a say.
    assert refused(lambda: town.accept(visit)) == "not_yours"


def test_an_agent_who_falls_ill_gives_an_accepted_visit_back(town: Town) -> None:
    visit = town.act(service.decline, town.until("accepted"), actor=town.agent, reason="病了")
    assert (visit.state, visit.assigned_to, visit.coming_at) == ("asked", "town", None)
    assert visit.answer_by is not None
    assert town.accept(visit, actor=town.window).state == "accepted"


def test_the_towns_refusal_ends_it_with_its_reason(town: Town) -> None:
    visit = town.act(service.decline, town.ask(), actor=town.manager, reason="不在辖区")
    assert (visit.state, visit.answer_by) == ("declined", None)
    assert town.told(visit)[-1] == ("visit.progress", "resident", visit.resident_id, "open")


def test_what_is_taken_over_is_receipted_piece_by_piece(town: Town) -> None:
    visit = town.until("on_the_way")
    now = at("2026-11-24 09:30")
    visit = town.act(service.take_over, visit, actor=town.agent, taken=[BOOK, FEE], now=now)
    assert (visit.state, visit.hand_in_by) == ("taken_over", at("2026-11-27 17:00"))
    more = Taken("照片", pieces=2)
    later = town.act(service.take_over, visit, actor=town.agent, taken=[more], now=at("2026-11-25 09:00"))
    # What comes later gives no more time for what is there.
    assert later.hand_in_by == visit.hand_in_by
    receipts = town.do(service.receipts, town.office, visit.id)
    assert [(receipt.taken, receipt.taken_at, receipt.answer) for receipt in receipts] == [
        (BOOK, now, None),
        (FEE, now, None),
        (more, at("2026-11-25 09:00"), None),
    ]


@pytest.mark.parametrize(
    "taken",
    [
        [],
        [Taken("户口簿")],
        [Taken(" ", pieces=1)],
        [Taken("户口簿", pieces=0)],
        [Taken("户口簿", pieces=40_000)],
        [Taken("工本费", amount=Decimal(0))],
        [Taken("工本费", amount=Decimal("-5"))],
        [Taken("工本费", amount=Decimal("0.005"))],
        [Taken("工本费", amount=Decimal("100000000"))],
        [Taken("工本费", amount=Decimal("NaN"))],
        [Taken("工本费", amount=Decimal("Infinity"))],
        [Taken("户口簿", pieces=1, amount=Decimal(1))],
        [BOOK, Taken("户口簿", pieces=0)],
    ],
)
def test_what_cannot_be_receipted_is_not_taken(town: Town, taken: list[Taken]) -> None:
    visit = town.until("on_the_way")
    assert refused(lambda: town.act(service.take_over, visit, actor=town.agent, taken=taken)) == "nothing_taken"
    assert town.found(visit) == visit
    assert town.do(service.receipts, town.office, visit.id) == []


def _answers(town: Town, visit: Visit) -> list[str | None]:
    return [receipt.answer for receipt in town.do(service.receipts, town.office, visit.id)]


def test_the_resident_confirms_what_was_taken_over(town: Town) -> None:
    visit = town.until("taken_over")
    assert town.act(service.answer_receipts, visit, confirmed=True) == visit
    assert _answers(town, visit) == ["confirmed", "confirmed"]
    assert refused(lambda: town.act(service.answer_receipts, visit, confirmed=True)) == "nothing_taken"
    assert town.events(visit)[-1] == "receipts_confirmed"


def test_what_the_resident_disputes_is_told_to_the_towns_manager(town: Town) -> None:
    visit = town.until("taken_over")
    town.act(service.answer_receipts, visit, confirmed=True)
    town.act(service.take_over, visit, actor=town.agent, taken=[Taken("照片", pieces=2)])
    town.act(service.answer_receipts, visit, confirmed=False)
    assert _answers(town, visit) == ["confirmed", "confirmed", "disputed"]
    assert town.told(visit)[-1] == ("visit.disputed", "staff", town.manager.id, "open")
    # Once it is cleared up, it can be confirmed.
    town.act(service.answer_receipts, visit, confirmed=True)
    assert _answers(town, visit) == ["confirmed"] * 3


@pytest.mark.parametrize("state", ["asked", "accepted", "on_the_way", "declined", "cancelled"])
def test_there_is_nothing_to_confirm_before_anything_was_taken(town: Town, state: str) -> None:
    visit = town.until(state)
    assert refused(lambda: town.act(service.answer_receipts, visit, confirmed=True)) == "not_open"


def test_helping_at_home_needs_no_papers_but_collecting_does(town: Town) -> None:
    for number, kind in enumerate(["assist", "act", "collect", "pay"]):
        visit = town.until("on_the_way", help=kind, name=f"王{'一二三四'[number]}")
        if kind in ("assist", "act"):
            assert town.act(service.finish, visit, actor=town.agent).state == "done"
        else:
            assert refused(lambda: town.act(service.finish, visit, actor=town.agent)) == "not_open"  # noqa: B023
            assert town.until("done", help=kind, name=f"李{'一二三四'[number]}").state == "done"


def test_the_resident_cancels_and_who_was_to_come_is_told(town: Town) -> None:
    visit = town.until("accepted")
    cancelled = town.act(service.cancel, visit, actor=RESIDENT, reason="好了")
    assert cancelled.state == "cancelled"
    assert town.told(visit)[-1] == ("visit.task", "agent", town.agent.id, "open")
    asked = town.act(service.cancel, town.ask(), actor=RESIDENT, reason=None)
    assert [kind for kind, *_ in town.told(asked)] == ["visit.task"], "who was not asked yet hears nothing"


def test_the_resident_is_told_at_every_step(town: Town) -> None:
    visit = town.until("done")
    told = [kind for kind, recipient, *_ in town.told(visit) if recipient == "resident"]
    assert told == ["visit.progress"] * 5
    assert town.events(visit) == ["asked", "accepted", "set_out", "taken_over", "handed_in", "done"]


def test_who_unfollows_stays_a_visit_without_an_account(town: Town) -> None:
    visit = town.until("accepted")
    town.do(people.forget, visit.resident_id)
    kept = town.found(visit)
    assert (kept.resident_id, kept.phone, kept.state) == (None, PHONE, "accepted")
    before = town.told(visit)
    assert town.act(service.set_out, visit, actor=town.agent).state == "on_the_way"
    assert town.told(visit) == before


def test_a_finished_visit_loses_the_person_when_its_time_is_over(town: Town) -> None:
    kept = town.until("accepted", name="甲乙")
    old = town.act(service.decline, town.ask(), actor=town.manager, reason="王秀英不在家")
    assert town.do(service.anonymise_old, NOW + timedelta(days=90), keep_days=90) == 0
    assert town.do(service.anonymise_old, NOW + timedelta(days=91), keep_days=90) == 1
    assert town.do(service.anonymise_old, NOW + timedelta(days=91), keep_days=90) == 0
    found = town.found(old)
    assert (found.name, found.phone, found.address, found.mandate) == ("", "", "", "")
    assert (found.resident_id, found.relation, found.priority) == (None, None, None)
    assert (found.state, found.item, found.town_code) == ("declined", old.item, TOWN)
    assert [event.reason for event in town.do(service.history, town.office, old.id)] == [None, None]
    assert town.found(kept) == kept


def test_what_an_agent_who_leaves_had_not_done_goes_to_the_town(town: Town) -> None:
    accepted, taken = town.until("accepted"), town.until("taken_over", name="王二")
    with town.engine.begin() as connection:
        assert service.agent_left(connection, town.office, town.agent.id, NOW) == 1
    visit = town.found(accepted)
    assert (visit.state, visit.assigned_to, visit.agent_id) == ("asked", "town", None)
    assert visit.answer_by is not None
    assert town.found(taken).agent_id == town.agent.id, "who has the papers hands them in"


def test_a_visit_that_nobody_paid_is_told_to_the_town_once(town: Town) -> None:
    visit = town.until("accepted")
    assert visit.coming_at is not None
    late = visit.coming_at + timedelta(days=1)
    with town.engine.begin() as connection:
        assert service.tell_late(connection, town.office, late - timedelta(minutes=1)) == 0
        assert service.tell_late(connection, town.office, late) == 1
        assert service.tell_late(connection, town.office, late + timedelta(days=3)) == 0
        assert [task.id for task in service.tasks_of_town(connection, town.office, visit.town_code)] == [visit.id]
    assert [kind for kind, *_ in town.told(visit)][-1] == "visit.late"
