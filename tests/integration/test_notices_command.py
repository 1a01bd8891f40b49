"""`citizen-bot notices` over a real database."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, text

from citizen_bot.catalog import store
from citizen_bot.cli import main
from citizen_bot.dialogue.talk import Talk
from citizen_bot.notices import service
from citizen_bot.notices.notice import Notice
from citizen_bot.people import service as people
from citizen_bot.platform.numbers import read_number, spell_number
from citizen_bot.platform.privacy import Privacy
from citizen_bot.settings import DEVELOPMENT_PRIVACY_KEY

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
ITEM = "elderly-age-allowance"
PRIVACY = Privacy((DEVELOPMENT_PRIVACY_KEY,))
Run = Callable[..., Result]


@pytest.fixture
def engine(engine: Engine, talk: Talk) -> Engine:
    with engine.begin() as connection:
        store.publish(connection, talk.catalogue, by="test", at=NOW)
    return engine


@pytest.fixture
def run(engine: Engine, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("CITIZEN_BOT_HOME", str(tmp_path))
    return lambda *arguments: CliRunner().invoke(main, ["notices", *arguments])


def _issued(run: Run, *arguments: str) -> Any:
    result = run("issue", *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_staff_look_a_notice_up_as_it_was_told(run: Run, engine: Engine, talk: Talk) -> None:
    with engine.begin() as connection:
        number = service.tell(
            connection,
            PRIVACY,
            Notice("consultation", ITEM, {"by-agent": "yes"}),
            catalogue_hash=talk.catalogue.hash,
            resident_id=None,
            at=NOW,
        )
    shown = run("show", spell_number(number))
    assert shown.exit_code == 0
    for told in (spell_number(number), "2026-11-23 10:00", "共 1 次", "由公众号告知", "替办人的居民身份证", "/print"):
        assert told in shown.stdout
    assert json.loads(run("show", spell_number(number), "--json").stdout)["answers"] == {"by-agent": "yes"}


def test_a_number_that_was_misread_is_noticed(run: Run) -> None:
    wrong = run("show", "1000010")
    assert wrong.exit_code == 1
    assert "不是告知编号" in wrong.output
    assert "没有编号" in run("show", spell_number(999_999)).output


def test_an_application_notice_has_what_this_person_brings(run: Run) -> None:
    told = _issued(run, ITEM, "--answer", "by-agent=no", "--answer", "low-income=no")
    assert told["kind"] == "application"
    assert told["told_by"]
    papers = "".join(told["sections"]["要带"])
    assert "老人的居民身份证" in papers
    assert "替办人" not in papers


def test_who_is_turned_down_gets_reason_and_remedy(run: Run, talk: Talk) -> None:
    own = talk.catalogue.guides[ITEM].refusals[0]
    told = _issued(run, ITEM, "--kind", "not-eligible", "--refusal", "1")
    assert told["sections"]["为什么办不了"] == [own.reason]
    assert told["sections"]["您可以这样办"][0] == own.remedy
    free = _issued(run, ITEM, "--kind", "not-eligible", "--reason", "还差三个月", "--remedy", "明年二月再来")
    assert free["reason"] == "还差三个月"


def test_a_supplement_says_what_is_missing_and_by_when(run: Run) -> None:
    told = _issued(
        run,
        ITEM,
        "--kind",
        "supplement",
        "--missing",
        "老人的户口簿",
        "--missing",
        "银行卡复印件",
        "--by",
        "2099-12-01",
    )
    assert told["sections"]["还缺这些"][1] == "2. 银行卡复印件"
    assert "12月1日" in told["sections"]["什么时候前补"][0]


def test_a_notice_for_who_was_told_before_belongs_to_the_same_person(run: Run, engine: Engine, talk: Talk) -> None:
    first = _issued(run, ITEM)
    assert "没有对应的居民" in run("issue", ITEM, "--to", first["number"]).output
    with engine.begin() as connection:
        resident = people.enter(connection, PRIVACY, account="gh", openid="resident", at=NOW).id
        number = service.tell(
            connection,
            PRIVACY,
            Notice("consultation", ITEM),
            catalogue_hash=talk.catalogue.hash,
            resident_id=resident,
            at=NOW,
        )
    issued = _issued(run, ITEM, "--to", spell_number(number))
    again = _issued(run, ITEM, "--to", spell_number(number))
    assert issued["number"] == again["number"]
    read = read_number(issued["number"])
    with engine.connect() as connection:
        told = service.find(connection, PRIVACY, read or 0)
        sent = connection.execute(text("SELECT kind, subject_id, recipient, recipient_id FROM notifications")).all()
    assert told
    assert told.resident_id == resident
    assert sent == [("notice.told", read, "resident", resident)], "issued twice, told once"


def test_two_strangers_get_two_notices(run: Run) -> None:
    assert _issued(run, ITEM)["number"] != _issued(run, ITEM)["number"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("no-such-item",), "没有“no-such-item”这个事项"),
        ((ITEM, "--answer", "by-agent=maybe"), "可以写：low-income=yes|no"),
        ((ITEM, "--kind", "not-eligible"), "--reason"),
        ((ITEM, "--kind", "not-eligible", "--reason", " ", "--remedy", "x"), "--reason"),
        ((ITEM, "--kind", "not-eligible", "--refusal", "99"), "指南里写的办不成的原因"),
        ((ITEM, "--reason", "x"), "只用于"),
        ((ITEM, "--kind", "supplement", "--missing", "x"), "--by"),
        ((ITEM, "--kind", "supplement", "--missing", "x", "--by", "2020-01-01"), "已经过了"),
        ((ITEM, "--missing", "x", "--by", "2099-01-01"), "只用于"),
        ((ITEM, "--to", "12"), "不是告知编号"),
    ],
)
def test_what_cannot_be_issued_is_said_and_nothing_is_kept(
    run: Run, engine: Engine, arguments: tuple[str, ...], said: str
) -> None:
    result = run("issue", *arguments)
    assert result.exit_code != 0
    assert said in result.output
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM notices").scalar_one() == 0


def test_without_a_database_one_line_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("CITIZEN_BOT_HOME", str(tmp_path))
    result = CliRunner().invoke(main, ["notices", "show", spell_number(100_001)])
    assert result.exit_code == 1
    assert "no database" in result.output
