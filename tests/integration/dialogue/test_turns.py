"""A turn is all or nothing, and each message gets one answer, whatever happens in between."""

import os
import re
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import ProgrammingError

from citizen_bot.dialogue.model import Incoming
from citizen_bot.dialogue.talk import Talk
from citizen_bot.dialogue.turns import Outcome, TurnBusy, Turns
from citizen_bot.notices import service
from citizen_bot.notices.notice import Notice
from citizen_bot.platform.clock import FixedClock
from citizen_bot.platform.database import create_engine
from citizen_bot.platform.numbers import read_number
from citizen_bot.platform.privacy import Privacy
from citizen_bot.settings import DEVELOPMENT_PRIVACY_KEY
from tests.integration.dialogue.conversing import MONDAY_TEN, MakeTurns

PRIVACY = Privacy((DEVELOPMENT_PRIVACY_KEY,))
OPENID = "oABCDEFGHIJKLMNOPQRSTUVWXYZa"


def _said(words: str | None, number: int = 1, *, openid: str = OPENID, **more: object) -> Incoming:
    fields = {"kind": "text", **more}
    return Incoming("wx01", openid, f"[{number}]", received_at=MONDAY_TEN, text=words, **fields)  # type: ignore[arg-type]


@pytest.fixture
def turns(engine: Engine, make_turns: MakeTurns) -> Turns:
    return make_turns(engine, FixedClock(MONDAY_TEN))


def _count(engine: Engine, table: str) -> int:
    with engine.connect() as connection:
        return connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()


def _effects(engine: Engine) -> tuple[int, int, int]:
    return _count(engine, "messages"), _count(engine, "handovers"), _count(engine, "notifications")


def test_a_repeat_gets_the_same_answer_and_does_nothing_more(turns: Turns, engine: Engine) -> None:
    first = turns.receive(_said("人工"))
    assert first.text
    assert turns.receive(_said("人工")) == first
    assert _effects(engine) == (1, 1, 1)


def test_a_message_is_counted_once_and_its_repeats_apart(turns: Turns) -> None:
    before = [_counted("citizen_bot_messages_total", kind="text"), _counted("citizen_bot_repeats_total")]
    for _ in range(3):
        turns.receive(_said("你好"))
    after = [_counted("citizen_bot_messages_total", kind="text"), _counted("citizen_bot_repeats_total")]
    assert [now - then for now, then in zip(after, before, strict=True)] == [1, 2]


def _counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_twenty_repeats_at_once_get_the_same_answer(database_url: str, make_turns: MakeTurns) -> None:
    engine = create_engine(database_url, pool_size=20)
    turns = make_turns(engine, FixedClock(MONDAY_TEN))
    with ThreadPoolExecutor(20) as pool:
        outcomes = list(pool.map(lambda _: turns.receive(_said("人工")), range(20)))
    assert len(set(outcomes)) == 1
    assert _effects(engine) == (1, 1, 1)
    engine.dispose()


def _killed_at(step: int, database_url: str, make_turns: MakeTurns) -> bool:
    """Answers a message in a process of its own that is killed before its `step`-th statement or its commit.

    False when the turn has fewer steps and the process came to its end.
    """
    child = os.fork()
    if child == 0:
        try:
            engine = create_engine(database_url)
            steps = iter(range(1, step + 1))

            def count(*_: object) -> None:
                if next(steps, None) == step:
                    os.kill(os.getpid(), signal.SIGKILL)

            event.listen(engine, "before_cursor_execute", count)
            event.listen(engine, "commit", count)
            make_turns(engine, FixedClock(MONDAY_TEN)).receive(_said("人工"))
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def test_a_kill_between_any_two_steps_leaves_all_or_nothing(
    new_database: Callable[[], str], talk: Talk, turns: Turns, make_turns: MakeTurns
) -> None:
    undisturbed = turns.receive(_said("人工"))
    step = 0
    killed = True
    while killed:
        step += 1
        url = new_database()
        killed = _killed_at(step, url, make_turns)
        engine = create_engine(url)
        repeated = make_turns(engine, FixedClock(MONDAY_TEN)).receive(_said("人工"))
        assert repeated == undisturbed
        assert _effects(engine) == (1, 1, 1)
        engine.dispose()
    assert step > 6, "the turn has more steps than were killed"


def test_a_repeat_does_not_wait_for_ever(database_url: str, make_turns: MakeTurns, engine: Engine) -> None:
    hasty = create_engine(database_url, timeout_ms=200)
    turns = make_turns(hasty, FixedClock(MONDAY_TEN))
    with engine.begin() as running:
        _claim_only(running)
        with pytest.raises(TurnBusy):
            turns.receive(_said("你好"))
    hasty.dispose()


def _claim_only(connection: Connection) -> None:
    connection.execute(
        text("INSERT INTO messages (key, kind, received_at, request_id) VALUES (:key, 'text', now(), '')"),
        {"key": PRIVACY.index("wx01", OPENID, "[1]")},
    )


def test_people_do_not_mix(turns: Turns) -> None:
    turns.receive(_said("身份证丢了怎么补", 1))
    turns.receive(_said("残疾人证丢了怎么补办", 1, openid="oZ" + OPENID[2:]))
    assert _text(turns.receive(_said("多少钱", 2))).startswith("【居民身份证")
    assert _text(turns.receive(_said("多少钱", 2, openid="oZ" + OPENID[2:]))).startswith("【残疾人证")


def _text(outcome: Outcome) -> str:
    assert outcome.text is not None
    return outcome.text


def test_messages_of_one_person_at_once_are_answered_one_after_the_other(
    database_url: str, make_turns: MakeTurns
) -> None:
    engine = create_engine(database_url, pool_size=8)
    turns = make_turns(engine, FixedClock(MONDAY_TEN))
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda n: turns.receive(_said("身份证丢了怎么补", n)), range(8)))
    assert all("居民身份证丢失补领" in _text(outcome) for outcome in outcomes)
    assert _count(engine, "residents") == 1
    assert _count(engine, "messages") == 8
    engine.dispose()


def test_unfollowing_forgets_the_person(turns: Turns, engine: Engine) -> None:
    turns.receive(_said("俺娘瘫炕上了 残疾证咋办 电话13800000001", 1))
    turns.receive(_said("人工", 2))
    assert turns.receive(_said(None, 3, kind="event", event="unsubscribe")).text is None
    assert _count(engine, "residents") == 0
    with engine.connect() as connection:
        left = connection.execute(text("SELECT text_sealed, reply_sealed, resident_id FROM messages")).all()
        asked = connection.execute(text("SELECT state, question_sealed, resident_id FROM handovers")).one()
    assert set(left) == {(None, None, None)}
    assert asked == ("withdrawn", None, None)
    assert turns.receive(_said("人工", 2)).text is None, "a late repeat brings nothing back"
    assert _count(engine, "residents") == 0


def test_words_answers_and_the_talk_are_sealed_and_numbers_of_persons_masked(turns: Turns, engine: Engine) -> None:
    turns.receive(_said("身份证371083194001010021丢了 电话13800000001", 1))
    turns.receive(_said("低保要带什么", 2))
    turns.receive(_said("清单", 3))
    turns.receive(_said("愿意", 4))
    turns.receive(_said("有", 5))
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT text_sealed, reply_sealed FROM messages ORDER BY id")).all()
        everything = connection.execute(text("SELECT string_agg(m::text || r::text, '') FROM messages m, residents r"))
        kept = everything.scalar_one()
    for personal in ("371083194001010021", "13800000001", OPENID, "身份证", "残疾", "答", "有"):
        assert personal not in kept
    first, reply = PRIVACY.open(rows[0][0]), PRIVACY.open(rows[-1][1])
    assert "丢了" in first
    assert "371083194001010021" not in first
    assert "残疾人证吗？有" in reply, "what is sealed can be read with the key"


def test_a_request_for_a_person_says_when_and_keeps_its_place(turns: Turns, engine: Engine) -> None:
    assert "17点" in _text(turns.receive(_said("人工", 1)))
    turns.receive(_said("转人工", 2))
    assert _count(engine, "handovers") == 1
    with engine.connect() as connection:
        promised = connection.execute(text("SELECT promised_at FROM handovers")).scalar_one()
    assert promised == MONDAY_TEN + timedelta(hours=7)


def test_the_application_owns_nothing(engine: Engine) -> None:
    with engine.connect() as connection:
        owned = connection.execute(text("SELECT count(*) FROM pg_tables WHERE tableowner = current_user")).scalar_one()
        powers = "SELECT rolsuper OR rolcreatedb OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
        assert connection.execute(text(powers)).scalar_one() is False
    assert owned == 0


def _number(outcome: Outcome) -> str:
    found = re.search(r"告知编号(\d+)", _text(outcome))
    assert found
    return found[1]


def _kept(engine: Engine, number: str) -> service.Told:
    read = read_number(number)
    assert read is not None
    with engine.connect() as connection:
        told = service.find(connection, PRIVACY, read)
    assert told
    return told


def test_a_notice_whose_whole_list_was_told_is_kept_under_its_number(turns: Turns, engine: Engine, talk: Talk) -> None:
    told = _kept(engine, _number(turns.receive(_said("高龄津贴要带什么"))))
    assert told.notice == Notice("consultation", "elderly-age-allowance")
    assert told.catalogue_hash == talk.catalogue.hash
    assert (told.first_told_at, told.last_told_at, told.times_told) == (MONDAY_TEN, MONDAY_TEN, 1)
    assert told.told_by is None


def test_asking_the_same_again_gives_the_same_number_also_on_another_day(engine: Engine, make_turns: MakeTurns) -> None:
    clock = FixedClock(MONDAY_TEN)
    turns = make_turns(engine, clock)
    first = _number(turns.receive(_said("高龄津贴要带什么", 1)))
    clock.instant += timedelta(days=3)
    assert _number(turns.receive(_said("高龄津贴怎么办", 2))) == first
    assert _number(turns.receive(_said("高龄津贴怎么办", 2))) == first, "a repeat of the message tells nothing anew"
    told = _kept(engine, first)
    assert (told.first_told_at, told.last_told_at, told.times_told) == (MONDAY_TEN, clock.instant, 2)


def test_numbers_differ_by_person_and_by_answers(turns: Turns) -> None:
    mine = _number(turns.receive(_said("高龄津贴要带什么", 1)))
    hers = _number(turns.receive(_said("高龄津贴要带什么", 1, openid="oZ" + OPENID[2:])))
    turns.receive(_said("清单", 2))
    turns.receive(_said("不是", 3))
    my_list = _number(turns.receive(_said("是", 4)))
    assert len({mine, hers, my_list}) == 3


def test_an_answer_to_one_aspect_is_no_notice(turns: Turns, engine: Engine) -> None:
    turns.receive(_said("高龄津贴要带什么", 1))
    assert "告知编号" not in _text(turns.receive(_said("那多少钱", 2)))
    assert "告知编号" in _text(turns.receive(_said("要带啥", 3))), "but all that is to be brought is one"
    assert _count(engine, "notices") == 1


def test_a_notice_outlives_the_person_without_saying_who_it_was(turns: Turns, engine: Engine) -> None:
    number = _number(turns.receive(_said("高龄津贴要带什么", 1)))
    turns.receive(_said(None, 2, kind="event", event="unsubscribe"))
    assert _kept(engine, number).resident_id is None
    assert _number(turns.receive(_said("高龄津贴要带什么", 3))) != number


def test_nobody_can_change_what_was_told(turns: Turns, engine: Engine) -> None:
    turns.receive(_said("高龄津贴要带什么", 1))
    for statement in (
        "UPDATE notices SET answers_sealed = ''",
        "UPDATE notices SET first_told_at = now()",
        "DELETE FROM notices",
    ):
        with engine.begin() as connection, pytest.raises(ProgrammingError, match="permission denied"):
            connection.execute(text(statement))


def test_one_person_asking_twice_at_once_gets_one_number(database_url: str, make_turns: MakeTurns) -> None:
    engine = create_engine(database_url, pool_size=8)
    turns = make_turns(engine, FixedClock(MONDAY_TEN))
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda n: turns.receive(_said("高龄津贴要带什么", n)), range(8)))
    assert len({_number(outcome) for outcome in outcomes}) == 1
    assert _kept(engine, _number(outcomes[0])).times_told == 8
    engine.dispose()


def test_a_statement_that_is_run_often_still_works(database_url: str, make_turns: MakeTurns) -> None:
    """PostgreSQL plans a prepared statement anew without its parameters after some runs on one connection."""
    engine = create_engine(database_url, pool_size=1)
    turns = make_turns(engine, FixedClock(MONDAY_TEN))
    for number in range(15):
        openid = f"o{number:02}"
        assert "已经记下了" in _text(turns.receive(_said("人工", 1, openid=openid)))
        for step, words in enumerate(("请派人来诸往镇东尚山村给王桂芬办残疾证，电话13800000003", "都行", "确认"), 2):
            answer = _text(turns.receive(_said(words, step, openid=openid)))
        assert "登记好了" in answer
    engine.dispose()
