"""`citizen-bot visits` over a real database."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from citizen_bot.cli import main
from citizen_bot.platform.clock import SHANGHAI
from citizen_bot.visits import service
from citizen_bot.visits.service import Actor
from tests.integration.visits.conftest import ADDRESS, NAME, OTHER_TOWN, OTHER_VILLAGE, PHONE, TOWN, Town

Run = Callable[..., Result]


@pytest.fixture
def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("CITIZEN_BOT_HOME", str(tmp_path))
    return lambda *arguments: CliRunner().invoke(main, ["visits", *arguments])


def test_visits_are_listed_as_a_line_of_json_each_without_the_person(town: Town, run: Run) -> None:
    first, second = town.ask(), town.ask(home=OTHER_VILLAGE, name="于凤英", priority="illness")
    result = run("list", "--json")
    assert result.exit_code == 0, result.output
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["code"] for line in lines] == [first.code, second.code]
    assert lines[0] == {
        "code": first.code,
        "state": "asked",
        "item": first.item,
        "item_name": town.catalogue.guides[first.item or ""].name,
        "help": "act",
        "site": TOWN,
        "site_name": "城区街道办事处便民服务中心",
        "division": first.division_code,
        "division_name": "府前社区",
        "assigned_to": "agent",
        "agent": town.agent.id,
        "staff": None,
        "first": False,
        "name": "王**",
        "phone": "138****1234",
        "asked_at": "2026-11-23T10:00:00+08:00",
        "answer_by": "2026-11-23T16:00:00+08:00",
        "coming_at": None,
        "hand_in_by": None,
        "overdue_at": None,
    }
    shown = run("list").stdout + run("show", first.code).stdout + run("show", first.code, "--json").stdout
    assert not [personal for personal in (NAME, PHONE, ADDRESS, "illness") if personal in result.stdout + shown]


def test_a_list_may_be_of_one_town_and_state(town: Town, run: Run) -> None:
    visit, elsewhere = town.until("accepted"), town.ask(home=OTHER_TOWN, name="甲乙")
    assert [line.split()[0] for line in run("list", "--town", TOWN).stdout.splitlines()] == [visit.code]
    name = town.catalogue.sites[OTHER_TOWN].name
    assert [line.split()[0] for line in run("list", "--town", name).stdout.splitlines()] == [elsewhere.code]
    assert [line.split()[0] for line in run("list", "--state", "asked").stdout.splitlines()] == [elsewhere.code]
    assert run("list", "--town", "nowhere").exit_code == 1


def test_staff_take_a_visit_from_the_request_to_its_end(town: Town, run: Run) -> None:
    visit = town.ask(home=OTHER_VILLAGE, now=datetime.now(UTC))
    tomorrow = datetime.now(SHANGHAI) + timedelta(days=1)
    steps = [
        ("accept", "--at", f"{tomorrow:%Y-%m-%d} 09:30"),
        ("set-out",),
        ("take-over", "--paper", "户口簿:1", "--paper", "照片：2", "--money", "工本费:20.00"),
        ("hand-in",),
        ("done",),
    ]
    for name, *values in steps:
        result = run(name, visit.code, "--staff", "小于", *values)
        assert result.exit_code == 0, result.output
        assert result.stdout.startswith(visit.code)
    told = json.loads(run("show", visit.code, "--json").stdout)
    assert (told["state"], told["staff"]) == ("done", town.window.id)
    receipts = [(one["name"], one["pieces"], one["amount"], one["answer"]) for one in told["receipts"]]
    assert receipts == [("户口簿", 1, None, None), ("照片", 2, None, None), ("工本费", None, "20.00", None)]
    assert [one["event"] for one in told["events"]] == [
        "asked", "accepted", "set_out", "taken_over", "handed_in", "done",
    ]  # fmt: skip
    shown = run("show", visit.code).stdout
    for part in ("户口簿 1份", "工本费 20.00元", "小于", "居民", "办完"):
        assert part in shown


def test_what_the_rules_refuse_is_told_in_one_line(town: Town, run: Run) -> None:
    visit = town.ask()
    cases = [
        (("accept", visit.code, "--staff", "小于", "--at", "2020-01-01 09:00"), "已经过了"),
        (("accept", visit.code, "--staff", "小于", "--at", "明天"), "不是时间"),
        (("accept", visit.code, "--staff", "没这人", "--at", "2030-01-01 09:00"), "没有叫“没这人”的工作人员"),
        (("decline", visit.code, "--staff", "小于", "--reason", " "), "要写原因"),
        (("done", visit.code, "--staff", "小于"), "不能这样做"),
        (("done", "S123", "--staff", "小于"), "没有编号S123的上门"),
        (("take-over", visit.code, "--staff", "小于", "--paper", "户口簿"), "请写成 户口簿:1"),
        (("take-over", visit.code, "--staff", "小于", "--money", "工本费:多"), "请写成 工本费:20.00"),
    ]
    for arguments, told in cases:
        result = run(*arguments)
        assert (result.exit_code, result.stdout) == (1, ""), arguments
        assert told in result.stderr
        assert len(result.stderr.splitlines()) == 1
    on_the_way = town.until("on_the_way", name="甲乙")
    assert "写清收了什么" in run("take-over", on_the_way.code, "--staff", "小于").stderr
    assert "写清收了什么" in run("take-over", on_the_way.code, "--staff", "小于", "--paper", "户口簿:0").stderr
    elsewhere = town.ask(home=OTHER_TOWN, name="丙丁")
    assert "不归小于管" in run("decline", elsewhere.code, "--staff", "小于", "--reason", "远").stderr


def test_a_refusal_by_the_town_ends_it(town: Town, run: Run) -> None:
    visit = town.ask()
    assert run("decline", visit.code, "--staff", "老姜", "--reason", "不在辖区").exit_code == 0
    assert town.found(visit).state == "declined"
    assert "不在辖区" in run("show", visit.code).stdout


def test_an_anonymous_visit_is_shown_too(town: Town, run: Run) -> None:
    visit = town.act(service.cancel, town.ask(), actor=Actor("resident"), reason=None)
    town.do(service.anonymise_old, datetime.now(UTC) + timedelta(days=1), keep_days=1)
    assert run("show", visit.code).exit_code == 0
    assert json.loads(run("list", "--json").stdout)["name"] is None
