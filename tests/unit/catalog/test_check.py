import datetime
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from citizen_bot.catalog.check import check
from citizen_bot.cli import main

Write = Callable[..., Path]

TODAY = datetime.date(2026, 11, 23)


def warnings(folder: Path, today: datetime.date = TODAY) -> list[str]:
    return [str(warning) for warning in check(folder, today=today).warnings]


@pytest.fixture
def complete(write: Write) -> None:
    """A catalogue without a fault or a warning."""
    write()
    hall = "{code: '371083', name: 大厅, official_name: 市政务服务中心, verified: true}"
    town = "{code: '371083100', name: 夏村镇, official_name: 夏村镇人民政府便民服务中心, verified: true}"
    write(f"city: {hall}\ntowns: [{town}]\n", "places/sites.yaml")
    write("towns: [{code: '371083100', name: 夏村镇}]\n", "places/divisions.yaml")


@pytest.mark.usefixtures("complete")
def test_a_reviewed_catalogue_has_no_warning(folder: Path) -> None:
    report = check(folder, today=TODAY)

    assert report.catalogue is not None
    assert (report.guides, report.faults, report.warnings, report.drafts) == (1, (), (), ())


@pytest.mark.usefixtures("complete")
@pytest.mark.parametrize(
    ("alias", "warning"),
    [
        ("老年证", "senior-card.yaml aliases：“老年证”也是 guides/民政局/bus-card.yaml 的别名"),
        ("老 年 证", "senior-card.yaml aliases：“老年证”也是 guides/民政局/bus-card.yaml 的别名"),
        ("老年人优待证办理", "bus-card.yaml aliases：“老年人优待证办理”也是 guides/民政局/senior-card.yaml 的正式名称"),
    ],
)
def test_words_that_two_items_share_are_told(write: Write, folder: Path, text: str, alias: str, warning: str) -> None:
    changed = text.replace("老年人优待证办理", "公交卡").replace("[老年证, 优待证]", f"[{alias}]")
    write(changed.replace("senior-card", "bus-card"), "民政局/bus-card.yaml")

    assert warnings(folder) == [f"guides/民政局/{warning}"]


@pytest.mark.usefixtures("complete")
def test_width_and_case_do_not_hide_a_shared_alias(write: Write, folder: Path, text: str) -> None:
    write(text.replace("[老年证, 优待证]", "[ＥＴＣ]"))
    changed = text.replace("老年人优待证办理", "公交卡").replace("[老年证, 优待证]", "[etc]")
    write(changed.replace("senior-card", "zz"), "民政局/zz.yaml")

    assert warnings(folder) == ["guides/民政局/zz.yaml aliases：“etc”也是 guides/民政局/senior-card.yaml 的别名"]


@pytest.mark.usefixtures("complete")
@pytest.mark.parametrize(
    ("before", "after", "warning"),
    [
        ("basis:", "related: [no-such-item]\nbasis:", "related：没有“no-such-item”这个事项"),
        (
            "  - id: reason",
            "  - {id: idle, question: 是吗？}\n  - id: reason",
            "situations：情形“idle”没有用到",
        ),
        ("on: 2026-03-01", "on: 2025-11-22", "review.on：上次复核是 2025-11-22，已超过一年，请再核一遍"),
        ("on: 2026-03-01", "on: 2026-11-24", "review.on：复核日期 2026-11-24 还没到"),
    ],
)
def test_what_an_editor_should_look_at_is_told(
    write: Write, folder: Path, text: str, before: str, after: str, warning: str
) -> None:
    write(text.replace(before, after))

    assert warnings(folder) == [f"guides/民政局/senior-card.yaml {warning}"]


@pytest.mark.usefixtures("complete")
def test_a_review_holds_for_a_year(write: Write, folder: Path, text: str) -> None:
    write(text.replace("on: 2026-03-01", "on: 2025-11-23"))

    assert warnings(folder) == []


@pytest.mark.usefixtures("complete")
def test_a_link_to_a_guide_with_faults_is_not_dead(write: Write, folder: Path, text: str) -> None:
    write(text.replace("basis:", "related: [other]\nbasis:"))
    write("id: other\n", "民政局/other.yaml")

    assert warnings(folder) == []


def test_missing_places_are_told(write: Write, folder: Path) -> None:
    write()

    assert [warning.split("：")[0] for warning in warnings(folder)] == [
        "guides/places/sites.yaml",
        "guides/places/divisions.yaml",
    ]


def run(*arguments: str) -> tuple[int, list[str]]:
    result = CliRunner().invoke(main, ["catalog", "check", *arguments])
    return result.exit_code, result.stdout.splitlines()


@pytest.mark.usefixtures("complete")
def test_the_command_prints_a_line_a_fault_and_fails(write: Write, folder: Path, text: str) -> None:
    write(text.replace("visits: 1", "visits: 10").replace("basis:", "related: [x]\nbasis:"))
    write(text.replace("senior-card", "draft").replace("老年人优", "优").replace("state: reviewed", "state: draft"),
          "民政局/draft.yaml")  # fmt: skip

    code, lines = run("--guides", str(folder), "-v")

    assert code == 1
    assert lines == [
        "guides/民政局/senior-card.yaml:47 visits：应为 0 到 9 的整数，现在是“10”",
        "提醒 有 1 个事项还没有复核（review.state 是 draft）",
        "  guides/民政局/draft.yaml",
        "共 2 个事项，1 处错误，1 条提醒",
    ]


@pytest.mark.usefixtures("complete")
def test_the_command_succeeds_with_warnings(write: Write, folder: Path, text: str) -> None:
    write(text.replace("basis:", "related: [x]\nbasis:"))

    assert run("--guides", str(folder)) == (
        0,
        ["提醒 guides/民政局/senior-card.yaml related：没有“x”这个事项", "共 1 个事项，0 处错误，1 条提醒"],
    )


@pytest.mark.usefixtures("complete")
def test_the_command_prints_json(write: Write, folder: Path, text: str) -> None:
    _, (good,) = run("--guides", str(folder), "--json")
    write(text.replace("visits: 1", "visits: 10"))
    code, (bad,) = run("--guides", str(folder), "--json")

    assert len(json.loads(good)["hash"]) == 64
    assert code == 1
    assert json.loads(bad) == {
        "guides": 1,
        "hash": None,
        "faults": [
            {
                "file": "guides/民政局/senior-card.yaml",
                "line": 47,
                "key": "visits",
                "message": "应为 0 到 9 的整数，现在是“10”",
            }
        ],
        "warnings": [],
        "drafts": [],
    }


@pytest.mark.usefixtures("complete")
def test_too_many_questions_are_told(write: Write, folder: Path, text: str) -> None:
    questions = "".join(f"  - {{id: s{n}, question: 第{n}个是吗？}}\n" for n in range(4))
    papers = "".join(
        f"  - {{name: 材料{n}, form: 原件, copies: 1, source: 申请人自备, shared: false, when: 第{n}个的,"
        f' needed_if: {{s{n}: "yes"}}}}\n'
        for n in range(4)
    )
    write(text.replace("materials:\n", f"{questions}materials:\n{papers}"))

    (warning,) = warnings(folder)
    assert warning.startswith("guides/民政局/senior-card.yaml situations：最多要问 6 个问题，应不超过 5 个")


@pytest.mark.usefixtures("complete")
def test_papers_of_a_life_event_that_may_be_one_are_told(write: Write, folder: Path, text: str) -> None:
    other = (
        text.replace("senior-card", "bus-card")
        .replace("老年人优待证办理", "公交卡")
        .replace("[老年证, 优待证]", "[公交]")
    )
    write(other.replace("name: 居民身份证", "name: 居民的身份证"), "民政局/bus-card.yaml")
    event = (
        "{id: old, name: 老了要办, label: 老了, summary: 老了。, aliases: [老了], examples: [老了],"
        " items: [{item: senior-card}, {item: bus-card}], review: {state: draft, confidence: low}}"
    )
    write(event, "life-events/old.yaml")

    message = "“居民身份证”和“居民的身份证”是不是同一份材料？是的话写进 same_papers，不是就不用管"
    assert f"guides/life-events/old.yaml same_papers：{message}" in warnings(folder)


@pytest.mark.usefixtures("complete")
def test_a_faulty_guide_of_a_life_event_does_not_hide_the_other_faults(write: Write, folder: Path, text: str) -> None:
    write(text.replace("senior-card", "bus-card").replace("老年人优待证办理", "公交卡"), "民政局/bus-card.yaml")
    event = (
        "{id: old, name: 老了要办, label: 老了, summary: 老了。, aliases: [老了], examples: [老了],"
        " items: [{item: senior-card}, {item: bus-card}], review: {state: draft, confidence: low}}"
    )
    write(event, "life-events/old.yaml")
    write(text.replace("fee: 不收费", "fee: 5"))

    assert [fault.key for fault in check(folder, today=TODAY).faults] == ["fee"]
