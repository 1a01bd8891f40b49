"""`citizen-bot appointments` over a real database, by the clock of today."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine

from citizen_bot.appointments import service
from citizen_bot.catalog import store
from citizen_bot.catalog.model import Catalogue
from citizen_bot.cli import main
from citizen_bot.platform.clock import SystemClock
from citizen_bot.settings import data_folder
from citizen_bot.wordings import load_wordings
from tests.integration.appointments.conftest import ITEM, OTHER_ITEM, TOWN

Run = Callable[..., Result]
WHO = ("--name", "王 秀英", "--phone", "138 0000 1234")


@pytest.fixture
def run(
    engine: Engine, small_catalogue: Catalogue, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Run:
    with engine.begin() as connection:
        store.publish(connection, small_catalogue, by="test", at=SystemClock().now())
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("CITIZEN_BOT_HOME", str(tmp_path))
    return lambda *arguments: CliRunner().invoke(main, ["appointments", *arguments])


def _json(result: Result) -> list[Any]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def _moments(run: Run) -> list[str]:
    """Hours of two days from tomorrow on, none of them extended, as they are typed."""
    hours = [hour for hour in _json(run("hours", TOWN, ITEM, "--json")) if not hour["extended"]]
    days = sorted({hour["starts_at"][:10] for hour in hours})[1:3]
    return [hour["starts_at"][:16].replace("T", " ") for hour in hours if hour["starts_at"][:10] in days]


def _booked(run: Run, moment: str, *arguments: str) -> Any:
    (made,) = _json(run("book", ITEM, "--site", TOWN, "--at", moment, *(arguments or WHO), "--json"))
    return made


def test_staff_book_for_somebody_and_see_it_in_the_list_masked(run: Run) -> None:
    moment = _moments(run)[0]
    made = _booked(run, moment, *WHO, "--via", "phone")
    assert made["starts_at"] == moment.replace(" ", "T") + ":00+08:00"
    assert (made["state"], made["item"], made["site"], made["window"]) == ("booked", ITEM, TOWN, "general")
    assert (made["name"], made["phone"], made["via"]) == ("王**", "138****1234", "phone")
    assert _json(run("list", "--site", "城区街道", "--day", moment[:10], "--state", "booked", "--json")) == [made]
    shown = run("list").stdout
    assert made["code"] in shown
    assert "约好了" in shown
    assert "王秀英" not in shown
    assert "13800001234" not in shown


def test_the_hours_of_a_day_say_how_many_are_free(run: Run) -> None:
    moment = _moments(run)[0]
    before = run("hours", "城区街道办事处便民服务中心", ITEM, "--day", moment[:10]).stdout
    assert "还能约2个" in before
    assert "延时服务" in before
    _booked(run, moment)
    assert "还能约1个" in run("hours", TOWN, ITEM, "--day", moment[:10]).stdout
    assert run("hours", TOWN, ITEM, "--day", "2020-01-01").stdout == "没有能约的时段\n"


def test_an_appointment_is_moved_and_cancelled_by_its_code(run: Run) -> None:
    first, second = _moments(run)[:2]
    code = _booked(run, first)["code"]
    (moved,) = _json(run("move", code.lower(), "--to", second, "--json"))
    assert (moved["code"], moved["starts_at"][:16]) == (code, second.replace(" ", "T"))
    assert "取消了" in run("cancel", code, "--reason", "本人来电").stdout
    assert "不能这样办" in run("cancel", code, "--reason", "本人来电").output


def test_marks_are_refused_before_their_time(run: Run) -> None:
    code = _booked(run, _moments(run)[0])["code"]
    for mark in ("arrive", "done", "no-show"):
        refused = run(mark, code)
        assert refused.exit_code == 1
        assert "还没到时候" in refused.output


def test_a_day_is_closed_after_a_look_at_what_it_hits(run: Run) -> None:
    moment = _moments(run)[0]
    made, day = _booked(run, moment), moment[:10]
    close = ("close", "--site", TOWN, "--day", day, "--reason", "停电检修")
    looked = run(*close)
    assert made["code"] in looked.stdout
    assert "会碰到1个预约，加上 --yes 才真的关" in looked.stdout
    assert _json(run("closures", "--json")) == []
    (hit,) = _json(run(*close, "--yes", "--json"))
    assert (hit["code"], hit["starts_at"], hit["call"]) == (made["code"], made["starts_at"], True)
    assert hit["moved_to"] > hit["starts_at"]
    assert run("hours", TOWN, ITEM, "--day", day).stdout == "没有能约的时段\n"
    (closed,) = _json(run("closures", "--site", TOWN, "--json"))
    assert (closed["day"], closed["window"], closed["reason"]) == (day, None, "停电检修")
    assert "整个地点  停电检修" in run("closures").stdout
    assert "不会回来" in run("reopen", "--site", TOWN, "--day", day).stdout
    assert run("reopen", "--site", TOWN, "--day", day).exit_code == 1


def test_closing_one_window_may_cancel_and_says_whom_to_call(run: Run) -> None:
    moment = _moments(run)[0]
    made = _booked(run, moment)
    where = ("--site", TOWN, "--day", moment[:10], "--window", "general")
    closed = run("close", *where, "--reason", "停电检修", "--cancel", "--yes").stdout
    assert f"{made['code']}" in closed
    assert "取消  没有微信，请打电话告诉" in closed
    assert "综合窗口" in run("closures").stdout


def test_what_the_rules_refuse_is_one_line(run: Run) -> None:
    first, second = _moments(run)[:2]
    code = _booked(run, first)["code"]
    again = run("book", ITEM, "--site", TOWN, "--at", second, *WHO)
    assert again.exit_code == 1
    assert f"已经有预约了：{code}" in again.output
    assert len(again.output.splitlines()) == 1


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"item": "no-such"}, "没有“no-such”这个事项"),
        ({"--site": "nowhere"}, "没有“nowhere”这个地点"),
        ({"--at": "12月2日"}, "应写成 2026-12-02 09:30"),
        ({"--at": "2020-01-02 09:30"}, "时间已经过了"),
        ({"--at": "2099-01-02 03:30"}, "没有这个时段"),
        ({"--name": "王"}, "名字“王”不对"),
        ({"--name": "王5"}, "名字“王5”不对"),
        ({"--phone": "12345"}, "电话“12345”不对"),
        ({"item": "birth-certificate"}, "这件事在这里不能约"),
    ],
)
def test_what_is_typed_wrong_is_said_and_nothing_is_kept(
    run: Run, engine: Engine, changed: dict[str, str], said: str
) -> None:
    typed = {"--site": TOWN, "--at": "2099-01-02 09:30", "--name": "王秀英", "--phone": "13800001234", **changed}
    item = typed.pop("item", OTHER_ITEM)
    refused = run("book", item, *(part for pair in typed.items() for part in pair))
    assert refused.exit_code == 1
    assert said in refused.output
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM appointments").scalar_one() == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("arrive", "Y123"), "没有预约号 Y123"),
        (("cancel", "Y100001", "--reason", "x"), "没有预约号"),
        (("close", "--site", TOWN, "--day", "2099-01-02", "--window", "x", "--reason", "y"), "没有“x”这个窗口"),
        (("close", "--site", TOWN, "--day", "2099-01-02", "--reason", " "), "要写原因"),
    ],
)
def test_what_is_not_there_is_said(run: Run, arguments: tuple[str, ...], said: str) -> None:
    refused = run(*arguments)
    assert refused.exit_code == 1
    assert said in refused.output


def test_every_refusal_has_its_sentence() -> None:
    say = load_wordings(data_folder("intents"), data_folder("intents"))
    for reason in get_args(service.Reason):
        assert say(f"appointment_refused_{reason}", code="", when="", until="")
    for state in get_args(service.State):
        assert say(f"appointment_state_{state}")


def test_staff_hear_whom_they_have_to_call_themselves(run: Run) -> None:
    first, second = _moments(run)[:2]
    code = _booked(run, first)["code"]
    assert "没有微信，请打电话告诉" in run("move", code, "--to", second).stdout
    (cancelled,) = _json(run("cancel", code, "--reason", "停电", "--json"))
    assert cancelled["call"] is True


def test_no_hours_are_shown_for_what_cannot_be_booked_there(run: Run) -> None:
    refused = run("hours", TOWN, "birth-certificate")
    assert refused.exit_code == 1
    assert "这件事在这里不能约" in refused.output


def test_a_year_before_all_calendars_is_past(run: Run) -> None:
    refused = run("book", ITEM, "--site", TOWN, "--at", "1926-12-02 09:30", *WHO)
    assert refused.exit_code == 1
    assert "时间已经过了" in refused.output
