import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from citizen_bot.catalog.loader import load
from citizen_bot.catalog.stats import Online, stats, table
from citizen_bot.cli import main

Write = Callable[..., Path]


@pytest.fixture
def three(write: Write, text: str) -> None:
    """Two items at communities, one of them online; one in the city only."""
    write()
    online = text.replace("{available: false}", "{available: true, channel: 爱山东APP}")
    write(
        online.replace("senior-card", "bus-card")
        .replace("老年人优待证办理", "公交卡")
        .replace("visits: 1", "visits: 0"),
        "民政局/bus-card.yaml",
    )
    city = text.replace("[town, community]", "[city]").replace("综合窗口", "单设窗口").replace("民政局", "残联")
    city = (
        city.replace("公共服务", "行政给付")
        .replace("visits: 1", "visits: 3")
        .replace("state: reviewed", "state: draft")
    )
    city = city.replace("levels: inferred", "levels: confirmed").replace("confidence: high", "confidence: low")
    write(city.replace("senior-card", "aid").replace("老年人优待证办理", "辅具"), "残联/aid.yaml")


@pytest.mark.usefixtures("three")
def test_items_are_counted_and_each_counts_at_all_its_levels(folder: Path) -> None:
    found = stats(load(folder))

    assert found.all == Online(items=3, online=1, share=0.3333)
    assert found.levels == {
        "city": Online(1, 0, 0.0),
        "town": Online(2, 1, 0.5),
        "community": Online(2, 1, 0.5),
        "village": Online(0, 0, 0.0),
    }
    assert found.target_met
    assert found.departments == {"民政局": 2, "残联": 1}
    assert found.windows == {"综合窗口": 2, "单设窗口": 1}
    assert (found.kinds["公共服务"], found.kinds["行政给付"], found.kinds["行政许可"]) == (2, 1, 0)
    assert found.visits == {"0": 1, "1": 1, "2+": 1}
    assert found.confidences == {"high": 2, "medium": 0, "low": 1}
    assert found.states == {"draft": 1, "reviewed": 2}
    assert (found.levels_confirmed, found.sharing_confirmed, found.with_situations) == (1, 0, 3)


@pytest.mark.usefixtures("three")
def test_the_table_tells_the_target_and_that_levels_are_inferred(folder: Path) -> None:
    lines = table(stats(load(folder))).splitlines()

    assert "政策要求社区站不低于50%：达到（现在 50.0%）" in lines
    assert "哪一级能办哪些事项是推断的，核对以前只能参考（已核对 1 个，共 3 个）。" in lines
    assert "社区           2       1  50.0%" in lines


def test_less_than_half_does_not_meet_the_target(write: Write, folder: Path) -> None:
    write()

    assert "政策要求社区站不低于50%：未达到（现在 0.0%）" in table(stats(load(folder)))


@pytest.mark.usefixtures("three")
def test_the_command_prints_a_table_or_json(folder: Path) -> None:
    run = CliRunner().invoke(main, ["catalog", "stats", "--guides", str(folder)])
    as_json = CliRunner().invoke(main, ["catalog", "stats", "--json", "--guides", str(folder)])

    assert run.exit_code == 0
    assert run.stdout.startswith("共 3 个事项，能网办的 1 个（33.3%）\n")
    assert json.loads(as_json.stdout)["levels"]["community"] == {"items": 2, "online": 1, "share": 0.5}


def test_a_faulty_catalogue_is_not_counted(write: Write, folder: Path, text: str) -> None:
    write(text.replace("visits: 1", "visits: 10"))

    run = CliRunner().invoke(main, ["catalog", "stats", "--guides", str(folder)])

    assert (run.exit_code, run.stdout) == (1, "")
    assert "visits：应为 0 到 9 的整数" in run.stderr
