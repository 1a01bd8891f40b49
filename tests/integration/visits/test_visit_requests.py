"""Who gets a request, until when it is to be answered, and that one person asks once for one thing."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Connection

from citizen_bot.people import agents
from citizen_bot.platform.clock import SHANGHAI
from citizen_bot.visits import service
from citizen_bot.visits.service import Actor, NotPossible, Visit, Wish
from tests.integration.visits.conftest import (
    ADDRESS,
    ITEM,
    MANDATE,
    NAME,
    NOW,
    OTHER_ITEM,
    OTHER_VILLAGE,
    PHONE,
    TOWN,
    Town,
    at,
    refused,
)


def test_a_request_goes_to_the_villages_agent_with_everything_that_was_said(town: Town) -> None:
    wish = Wish(date(2026, 11, 25), date(2026, 11, 27), "am", "最好早点")
    asked = town.ask(priority="age", wish=wish)
    visit = town.found(asked)
    assert visit == asked
    assert (visit.state, visit.assigned_to, visit.agent_id, visit.item) == ("asked", "agent", town.agent.id, ITEM)
    assert (visit.name, visit.phone, visit.address, visit.relation) == (NAME, PHONE, ADDRESS, "女儿")
    assert (visit.priority, visit.wish, visit.mandate, visit.help) == ("age", wish, MANDATE, "act")
    assert (visit.town_code, visit.asked_at, visit.asked_at.tzinfo) == (TOWN, NOW, SHANGHAI)
    assert visit.code.startswith("S")
    assert town.told(visit) == [("visit.task", "agent", town.agent.id, "open")]
    (event,) = town.do(service.history, town.office, visit.id)
    assert (event.event, event.actor, event.at, event.reason) == ("asked", "resident", NOW, None)


@pytest.mark.parametrize("home", [OTHER_VILLAGE, TOWN])
def test_without_an_agent_it_is_the_towns(town: Town, home: str) -> None:
    visit = town.ask(home=home)
    assert (visit.assigned_to, visit.agent_id, visit.town_code) == ("town", None, TOWN)
    assert town.told(visit) == [("visit.task", "staff", town.manager.id, "open")]


def test_an_agent_takes_only_the_own_items(town: Town) -> None:
    assert town.ask(item=OTHER_ITEM).agent_id == town.agent.id
    # Of two who take it, the one with fewer open visits.
    assert town.ask(item=OTHER_ITEM, name="于凤英").agent_id == town.helper.id
    assert town.ask(item=ITEM).agent_id == town.agent.id
    # What is no item is for one who takes all.
    assert town.ask(item=None).agent_id == town.agent.id


@pytest.mark.parametrize("change", [{"active": False}, {"wecom_userid": None}])
def test_an_agent_who_left_or_cannot_be_reached_gets_nothing(town: Town, change: dict[str, Any]) -> None:
    def keep(connection: Connection) -> None:
        agent = agents.find(connection, town.agent.id or 0)
        assert agent is not None
        agents.update(connection, replace(agent, **change))

    town.do(keep)
    assert town.ask().assigned_to == "town"


def test_an_agent_reached_by_the_own_wechat_only_gets_requests(town: Town) -> None:
    resident, privacy = town.resident("agent"), town.office.privacy

    def bound(connection: Connection) -> agents.Agent | None:
        agent = agents.add(connection, privacy, name="老宋", division_code=OTHER_VILLAGE)
        code = agents.bind_code(connection, privacy, agent.id, NOW)
        return agents.bind(connection, privacy, resident, code, NOW)

    assert town.ask(home=OTHER_VILLAGE, name="甲乙").assigned_to == "town"
    agent = town.do(bound)
    assert agent is not None
    assert agent.resident_id == resident
    assert town.ask(home=OTHER_VILLAGE).agent_id == agent.id


def test_the_same_person_asks_once_for_the_same_item(town: Town) -> None:
    first = town.ask()
    with pytest.raises(NotPossible) as caught:
        town.ask(name="王 秀英", address="另一处")
    assert caught.value.reason == "same"
    assert caught.value.existing == first
    # For another parent, another thing, from another account: all others.
    town.ask(name="于凤英")
    town.ask(item=OTHER_ITEM)
    town.ask(resident_id=town.resident("son"))
    # Without an account it is the phone that tells who it is.
    town.ask(resident_id=None, by="小于")
    assert refused(lambda: town.ask(resident_id=None, by="小于")) == "same"
    town.act(service.cancel, first, actor=Actor("resident"), reason=None)
    assert town.ask().id != first.id


def test_asked_twice_at_the_same_moment_there_is_one_request(town: Town) -> None:
    resident, barrier = town.resident(), Barrier(4)

    def ask(_: int) -> tuple[str, Visit | None]:
        barrier.wait()
        try:
            return "made", town.ask(resident_id=resident)
        except NotPossible as error:
            return error.reason, error.existing

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, range(4)))
    (visit,) = town.do(service.open_of, town.office, resident)
    assert sorted(reason for reason, _ in answers) == ["made", "same", "same", "same"]
    assert all(found == visit for _, found in answers)


@pytest.mark.parametrize(
    ("asked", "answer_by"),
    [
        ("2026-11-23 08:30", "2026-11-23 14:30"),
        ("2026-11-23 10:00", "2026-11-23 16:00"),
        ("2026-11-23 12:00", "2026-11-24 09:00"),
        ("2026-11-23 16:00", "2026-11-24 11:30"),
        ("2026-11-23 20:00", "2026-11-24 14:30"),
        ("2026-11-27 16:30", "2026-11-30 14:00"),
        ("2026-11-28 09:00", "2026-11-30 14:30"),
        # The first of October is a Thursday; Saturday the 10th is worked instead.
        ("2026-09-30 16:00", "2026-10-08 11:30"),
        ("2026-10-09 16:30", "2026-10-10 14:00"),
    ],
    ids=["morning", "over-lunch", "at-noon", "evening", "night", "weekend", "on-saturday", "holiday", "moved-saturday"],
)
def test_it_is_to_be_answered_within_four_working_hours(town: Town, asked: str, answer_by: str) -> None:
    assert town.ask(now=at(asked)).answer_by == at(answer_by)


def test_the_visitors_code_is_not_what_a_neighbour_would_guess(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter([1234, 1234, 7])
    monkeypatch.setattr(service.secrets, "randbelow", lambda _: next(drawn))
    assert town.ask().visitor_code == "0007"


def test_tasks_come_by_priority_and_then_by_what_is_due(town: Town) -> None:
    names = ["甲乙", "丙丁", "戊己", "庚辛"]
    later, soon, first, coming = (
        town.ask(now=at(moment), name=name, priority=priority)
        for moment, name, priority in zip(
            ["2026-11-23 11:00", "2026-11-23 10:00", "2026-11-23 11:20", "2026-11-23 10:30"],
            names,
            [None, None, "illness", None],
            strict=True,
        )
    )
    coming = town.accept(coming, coming="2026-11-23 15:00")
    done = town.until("done", name="壬癸", help="assist", now=at("2026-11-23 09:00"))
    tasks = town.do(service.tasks_of_agent, town.office, town.agent.id)
    assert [visit.id for visit in tasks] == [first.id, coming.id, soon.id, later.id]
    assert done.id not in {visit.id for visit in tasks}
    assert town.do(service.tasks_of_town, town.office, TOWN) == []
    assert [visit.id for visit in town.do(service.open_of, town.office, town.resident())] == [
        first.id,
        later.id,
        coming.id,
        soon.id,
    ]
