"""What people read of a visit, as it stands when it is sent; and nothing of the person is in the clear anywhere."""

from datetime import date, timedelta
from itertools import product

import pytest
import yaml
from sqlalchemy import text

from citizen_bot.notifications.composing import Recipient
from citizen_bot.platform.clock import FixedClock
from citizen_bot.settings import data_folder
from citizen_bot.visits import messages, service, telling
from citizen_bot.visits.links import TaskLinks
from citizen_bot.visits.service import Actor, State, Visit, Wish
from citizen_bot.visits.states import STEPS
from citizen_bot.wordings import load_wordings
from tests.integration.visits.conftest import ADDRESS, BOOK, FEE, MANDATE, NAME, NOW, PHONE, SECRET, Town, at, endpoint

WORDS = "我妹妹于凤英在家"
REASON = "老人王秀英住院了"
PERSONAL = (NAME, PHONE, ADDRESS, MANDATE, WORDS, REASON, "女儿", "王秀英", "于凤英", "illness", "户口簿", "工本费")
STATES: tuple[State, ...] = (
    "asked", "accepted", "on_the_way", "taken_over", "handed_in", "done", "declined", "cancelled",
)  # fmt: skip


def _to_agent(town: Town) -> Recipient:
    return Recipient("agent", town.agent.id or 0)


def _resident(visit: Visit) -> Recipient:
    assert visit.resident_id is not None
    return Recipient("resident", visit.resident_id)


def test_the_agent_reads_what_it_is_about_and_gets_a_link(town: Town) -> None:
    wish = Wish(date(2026, 11, 25), date(2026, 11, 25), "am", WORDS)
    visit = town.ask(wish=wish, priority="age")
    message = town.message(telling.TASK, visit, _to_agent(town))
    assert message is not None
    for told in (visit.code, "府前社区", "王**", "代办", "11月25日（周三）上午", WORDS, "11月23日（周一）16点", "优先"):
        assert told in message.text
    assert town.catalogue.guides[visit.item or ""].name in message.text
    assert not any(personal in message.text for personal in (NAME, PHONE, ADDRESS))
    assert message.url is not None
    assert message.url in message.text
    token = message.url.removeprefix("https://city.test/tasks/")
    linked = TaskLinks(SECRET, "https://city.test", FixedClock(NOW)).read(token)
    assert linked is not None
    assert (linked.visit_id, linked.actor) == (visit.id, town.agent)


def test_a_group_reads_neither_the_residents_words_nor_a_link(town: Town) -> None:
    robot = Recipient("endpoint", endpoint(town.engine, town.office.privacy, None))
    visit = town.ask(home="371083100", wish=Wish(words=WORDS), priority="illness")
    message = town.message(telling.TASK, visit, robot)
    assert message is not None
    assert message.url is None
    told = f"{message}"
    assert not any(personal in told for personal in PERSONAL)
    assert "王**" in told
    assert message.payload == {
        "code": visit.code,
        "state": "asked",
        "item": visit.item,
        "help": "act",
        "town": "371083100",
        "division": None,
        "assigned_to": "town",
        "first": True,
        "asked_at": "2026-11-23T10:00:00+08:00",
        "answer_by": "2026-11-23T16:00:00+08:00",
        "coming_at": None,
        "hand_in_by": None,
    }


def test_each_is_told_only_what_is_theirs_to_do(town: Town) -> None:
    visit, manager = town.ask(), Recipient("staff", town.manager.id or 0)
    assert town.message(telling.TASK, visit, Recipient("agent", town.helper.id or 0)) is None
    assert town.message(telling.TASK, visit, manager) is None
    passed = town.act(service.decline, visit, actor=town.agent, reason=REASON)
    assert town.message(telling.TASK, passed, _to_agent(town)) is None
    message = town.message(telling.TASK, passed, manager)
    assert message is not None
    assert message.url is not None
    assert REASON not in message.text
    town.accept(passed, actor=town.window)
    assert town.message(telling.TASK, passed, manager) is None
    assert town.message(telling.PROGRESS, passed, Recipient("resident", 999_999)) is None


def test_who_was_to_come_reads_that_nobody_needs_to(town: Town) -> None:
    visit = town.act(service.cancel, town.until("accepted"), actor=Actor("resident"), reason=None)
    assert "不用去了" in town.text_to(telling.TASK, visit, _to_agent(town))


def test_the_resident_reads_who_comes_when_and_what_they_say_at_the_door(town: Town) -> None:
    visit = town.until("accepted")
    told = town.text_to(telling.PROGRESS, visit, _resident(visit))
    for part in ("代办员于大姐", "0631-6651234", "11月24日（周二）9点", visit.visitor_code, visit.code):
        assert part in told
    visit = town.act(service.set_out, visit, actor=town.agent)
    assert visit.visitor_code in town.text_to(telling.PROGRESS, visit, _resident(visit))


def test_the_resident_is_asked_to_confirm_what_was_not_confirmed(town: Town) -> None:
    visit = town.until("taken_over")
    told = town.text_to(telling.PROGRESS, visit, _resident(visit))
    assert "1. 户口簿 1份\n2. 工本费 20.00元\n" in told
    assert "“确认”" in told
    town.act(service.answer_receipts, visit, confirmed=True)
    town.act(service.take_over, visit, actor=town.agent, taken=[service.Taken("照片", pieces=2)])
    told = town.text_to(telling.PROGRESS, visit, _resident(visit))
    assert "照片 2份" in told
    assert "户口簿" not in told
    town.act(service.answer_receipts, visit, confirmed=True)
    assert "“确认”" not in town.text_to(telling.PROGRESS, visit, _resident(visit))


def test_the_resident_reads_why_the_town_declines_but_not_why_the_agent_did(town: Town) -> None:
    visit = town.act(service.decline, town.ask(), actor=town.agent, reason="代办员要去外地")
    told = town.text_to(telling.PROGRESS, visit, _resident(visit))
    assert "去外地" not in told
    assert "城区街道办事处便民服务中心" in told
    assert "11月23日（周一）16点" in told
    visit = town.act(service.decline, visit, actor=town.manager, reason="不在辖区")
    assert "不在辖区" in town.text_to(telling.PROGRESS, visit, _resident(visit))


def test_a_dispute_and_late_papers_are_told_until_they_are_cleared_up(town: Town) -> None:
    visit, manager = town.until("taken_over"), Recipient("staff", town.manager.id or 0)
    assert town.message(telling.DISPUTED, visit, manager) is None
    town.act(service.answer_receipts, visit, confirmed=False)
    assert visit.code in town.text_to(telling.DISPUTED, visit, manager)
    assert "11月26日（周四）17点" in town.text_to(telling.LATE, visit, manager)
    town.act(service.answer_receipts, visit, confirmed=True)
    town.act(service.hand_in, visit, actor=town.agent)
    assert town.message(telling.DISPUTED, visit, manager) is None
    assert town.message(telling.LATE, visit, manager) is None


@pytest.mark.parametrize(("state", "kind"), list(product(STATES, ["assist", "pay"])))
def test_every_state_reads_well_to_everybody(town: Town, state: State, kind: str) -> None:
    """No place to fill stays empty, whatever the help and whether or not there is an item."""
    visit = town.until(state, help=kind, item=None, priority="distance")
    told = town.text_to(telling.PROGRESS, visit, _resident(visit))
    assert visit.code in told
    assert "“上门服务”" in told
    assert len(told.encode()) < 2048
    everybody = [_to_agent(town), Recipient("staff", town.manager.id or 0), Recipient("endpoint", 1)]
    for topic in (telling.TASK, telling.DISPUTED, telling.LATE):
        for recipient in everybody:
            message = town.message(topic, visit, recipient)
            assert message is None or not any(personal in message.text for personal in (NAME, PHONE, ADDRESS))


def test_no_sentence_is_missing() -> None:
    keys = yaml.safe_load((data_folder("intents") / "wordings_visits.yaml").read_text("utf-8"))
    assert {f"visit_state_{state}" for state in STATES} <= set(keys)
    assert {f"visit_event_{step.event}" for step in STEPS} | {"visit_event_asked"} <= set(keys)
    reasons = ("not_open", "not_yours", "past", "same", "no_reason", "nothing_taken")
    assert {f"visit_refused_{reason}" for reason in reasons} <= set(keys)
    assert all(key.startswith("visit_") for key in keys)


@pytest.mark.parametrize(
    ("wish", "spelled"),
    [
        (Wish(), "哪天都行"),
        (Wish(period="pm"), "下午"),
        (Wish(date(2026, 11, 25), date(2026, 11, 25), "am"), "11月25日（周三）上午"),
        (Wish(date(2026, 11, 25), date(2026, 11, 27)), "11月25日（周三）到11月27日（周五）"),
        (Wish(first_day=date(2026, 11, 25)), "11月25日（周三）以后"),
        (Wish(last_day=date(2026, 11, 25), period="pm"), "11月25日（周三）以前下午"),
        (Wish(words="赶集那天"), "哪天都行（赶集那天）"),
    ],
)
def test_a_wish_reads_as_people_say_it(wish: Wish, spelled: str) -> None:
    say = load_wordings(data_folder("intents"), data_folder("intents"))
    assert messages.spell_wish(say, wish) == spelled


def test_a_link_is_one_persons_for_two_weeks() -> None:
    clock = FixedClock(NOW)
    links = TaskLinks(SECRET, "https://city.test", clock)
    token = links.of(10001, Actor("staff", 7)).rpartition("/")[2]
    assert links.read(token) is not None
    assert links.read(token + "x") is None
    assert links.read("10001s7") is None
    assert links.read("") is None
    assert TaskLinks("another", "https://city.test", clock).read(token) is None
    clock.instant = NOW + timedelta(days=14)
    linked = links.read(token)
    assert linked is not None
    assert linked.actor == Actor("staff", 7)
    clock.instant += timedelta(seconds=1)
    assert links.read(token) is None
    with pytest.raises(KeyError):
        links.of(10001, Actor("resident"))


def test_nothing_of_the_person_is_in_the_clear_in_any_table(town: Town) -> None:
    visit = town.ask(wish=Wish(words=WORDS), priority="illness")
    town.act(service.decline, visit, actor=town.agent, reason=REASON)
    town.accept(visit, actor=town.window)
    town.act(service.take_over, visit, actor=town.window, taken=[BOOK, FEE], now=at("2026-11-23 15:00"))
    town.act(service.answer_receipts, visit, confirmed=False)
    town.do(service.tell_late, town.office, at("2026-11-27 09:00"))
    with town.engine.connect() as connection:
        tables = connection.execute(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'catalogue%'")
        ).scalars()
        names = [name for name in tables if name not in ("agents", "staff")]
        assert {"visits", "visit_events", "visit_receipts", "notifications", "procrastinate_jobs"} <= set(names)
        found = "\n".join(
            row
            for name in names
            if connection.execute(text("SELECT has_table_privilege(:name, 'SELECT')"), {"name": name}).scalar()
            for row in connection.execute(text(f"SELECT CAST(t AS text) FROM {name} t")).scalars()
        )
    assert visit.visitor_code in found
    assert not [personal for personal in PERSONAL if personal in found]
    # Bytes are shown in hexadecimal digits.
    assert not [personal for personal in PERSONAL if personal.encode().hex() in found]
