"""What nobody answered in time is passed on; what is late is told, once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from citizen_bot.platform.clock import FixedClock
from citizen_bot.platform.jobs import TaskContext
from citizen_bot.rules import Office
from citizen_bot.settings import Settings
from citizen_bot.visits import service, steps, tasks
from citizen_bot.visits.service import Actor
from tests.integration.visits.conftest import NOW, OTHER_VILLAGE, TOWN, Town, at, endpoint

DUE = at("2026-11-23 16:00")
LATER = at("2026-11-24 14:00")


def test_what_no_agent_answers_goes_to_the_town(town: Town) -> None:
    visit = town.ask()
    assert town.do(service.pass_on_unanswered, town.office, DUE - timedelta(seconds=1)) == 0
    assert town.do(service.pass_on_unanswered, town.office, DUE) == 1
    passed = town.found(visit)
    assert (passed.assigned_to, passed.agent_id, passed.state) == ("town", None, "asked")
    assert passed.answer_by == at("2026-11-24 11:30")
    assert town.told(visit) == [
        ("visit.task", "agent", town.agent.id, "dropped"),
        ("visit.task", "staff", town.manager.id, "open"),
        ("visit.progress", "resident", visit.resident_id, "open"),
    ]
    event = town.do(service.history, town.office, visit.id)[-1]
    assert (event.event, event.actor) == ("passed_on", "system")
    assert town.do(service.pass_on_unanswered, town.office, DUE) == 0


def test_what_the_town_does_not_answer_is_overdue_once(town: Town) -> None:
    visit = town.ask(home=OTHER_VILLAGE)
    for _ in range(3):
        assert town.do(service.pass_on_unanswered, town.office, LATER) == 0
    assert town.events(visit) == ["asked", "overdue"]
    late = town.found(visit)
    assert (late.state, late.assigned_to, late.overdue_at) == ("asked", "town", LATER)
    assert [one.id for one in town.do(service.tasks_of_town, town.office, TOWN)] == [visit.id]
    accepted = town.act(service.accept, visit, actor=town.window, coming_at=LATER, now=LATER)
    assert accepted.overdue_at is None


def test_whoever_answered_is_left_alone(town: Town) -> None:
    town.until("accepted", name="甲乙")
    town.until("declined", name="丙丁")
    town.until("cancelled", name="戊己")
    assert town.do(service.pass_on_unanswered, town.office, LATER) == 0


def test_the_oldest_come_first_and_all_in_one_go(town: Town) -> None:
    asked = [town.ask(name=f"王{'一二三四五'[number]}", now=NOW - timedelta(minutes=number)) for number in range(5)]
    assert town.do(service.pass_on_unanswered, town.office, LATER) == 5
    with town.engine.connect() as connection:
        query = text("SELECT visit_id FROM visit_events WHERE event = 'passed_on' ORDER BY id")
        assert list(connection.execute(query).scalars()) == [visit.id for visit in reversed(asked)]


def test_two_workers_pass_a_visit_on_once(town: Town) -> None:
    visits = [town.ask(name=f"王{'一二三四五'[number]}") for number in range(5)]
    with ThreadPoolExecutor(3) as pool:
        passed = list(pool.map(lambda _: town.do(service.pass_on_unanswered, town.office, DUE), range(3)))
    # What one had locked the others left alone.
    passed.append(town.do(service.pass_on_unanswered, town.office, DUE))
    assert sum(passed) == 5
    assert all(town.events(visit) == ["asked", "passed_on"] for visit in visits)


def test_what_somebody_works_on_just_now_is_not_waited_for(town: Town) -> None:
    visit, other = town.ask(), town.ask(name="甲乙")
    with town.engine.begin() as connection:
        steps.locked(connection, town.office, visit.id)
        assert town.do(service.pass_on_unanswered, town.office, DUE) == 1
    assert town.events(visit) == ["asked"]
    assert town.events(other) == ["asked", "passed_on"]


def test_one_that_fails_does_not_keep_the_others_waiting(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, whole = town.ask(), town.ask(name="甲乙")
    to_town = steps.to_town

    def fail(connection: Any, office: Any, visit: Any, *more: Any) -> Any:
        passed = to_town(connection, office, visit, *more)
        if visit.id == broken.id:
            raise RuntimeError
        return passed

    monkeypatch.setattr(steps, "to_town", fail)
    assert town.do(service.pass_on_unanswered, town.office, DUE) == 1
    assert town.events(broken) == ["asked"]
    assert town.found(broken).assigned_to == "agent"
    assert town.events(whole) == ["asked", "passed_on"]


def test_papers_that_are_not_handed_in_within_three_working_days_are_told_once(town: Town) -> None:
    visit = town.until("taken_over")
    due = at("2026-11-26 17:00")
    assert visit.hand_in_by == due
    assert town.do(service.tell_late, town.office, due - timedelta(seconds=1)) == 0
    assert town.do(service.tell_late, town.office, due) == 1
    # More papers are no new beginning.
    town.act(service.take_over, visit, actor=town.agent, taken=[service.Taken("照片", pieces=2)], now=due)
    assert town.do(service.tell_late, town.office, due + timedelta(days=1)) == 0
    assert town.told(visit)[-2:] == [
        ("visit.late", "staff", town.manager.id, "open"),
        ("visit.progress", "resident", visit.resident_id, "open"),
    ]
    assert town.events(visit)[-2:] == ["hand_in_overdue", "taken_over"]
    assert [one.id for one in town.do(service.tasks_of_town, town.office, TOWN)] == [visit.id]
    assert town.act(service.hand_in, visit, actor=town.agent, now=due).overdue_at is None


def test_a_town_without_anybody_to_tell_tells_the_city(town: Town) -> None:
    robot = endpoint(town.engine, town.office.privacy, None)
    visit = town.ask(home="371083100")
    assert (visit.town_code, visit.assigned_to) == ("371083100", "town")
    assert town.told(visit) == [("visit.task", "endpoint", robot, "open")]


def test_the_worker_does_it_every_minute(town: Town) -> None:
    clock = FixedClock(DUE)
    context = TaskContext(town.engine, Settings.from_environment({}), clock, {Office: town.office})
    visit = town.ask()
    tasks.pass_on(context)
    assert town.events(visit) == ["asked", "passed_on"]
    town.accept(visit, actor=town.window)
    town.act(service.take_over, visit, actor=town.window, taken=[service.Taken("照片", pieces=2)])
    clock.instant = at("2026-11-27 09:00")
    tasks.tell_late(context)
    assert town.events(visit)[-1] == "hand_in_overdue"
    old = town.act(service.cancel, town.ask(name="甲乙"), actor=Actor("resident"), reason=None)
    clock.instant = NOW + timedelta(days=town.office.rules.appointments.keep_days + 1)
    tasks.tidy(context)
    assert town.found(old).name == ""
