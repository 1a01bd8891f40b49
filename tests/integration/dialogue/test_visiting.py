"""A resident asks somebody to come home."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text

from tests.integration.dialogue.conversing import Resident

NewResident = Callable[..., Resident]
ASKED = "我妈瘫在炕上三年了，下不了地，能不能派人来家里给她办残疾证"


def _visits(engine: Engine) -> list[tuple[str, str, bool]]:
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT state, help, comes_first FROM visits ORDER BY id"))
        return [(row.state, row.help, row.comes_first) for row in rows]


def _ask(resident: Resident) -> str:
    resident(ASKED)
    resident("诸往镇的，东尚山村")
    resident("老人叫王桂芬，打我电话13800000003，我是她闺女")
    resident("这周四以后都行，上午最好")
    return resident("确认提交")


def test_a_visit_is_asked_step_by_step(resident: Resident, engine: Engine) -> None:
    answer = resident(ASKED)
    assert "您别着急" in answer
    assert "哪个镇、哪个村" in answer
    assert "名字" in resident("诸往镇的，东尚山村")
    assert "什么时候上门方便" in resident("老人叫王桂芬，打我电话13800000003，我是她闺女")
    answer = resident("这周四以后都行，上午最好")
    for told in ("残疾人证", "上门看：王桂芬", "诸往镇东尚山村", "138****0003", "11月26日（周四）起上午", "不收钱"):
        assert told in answer
    answer = resident("确认提交")
    assert "编号：S" in answer
    assert "诸往镇人民政府便民服务中心" in answer
    assert "11月23日（周一）16点" in answer, "four working hours after ten, lunch aside"
    assert _visits(engine) == [("asked", "assist", True)]


def test_everything_in_one_message_is_only_read_back(resident: Resident) -> None:
    answer = resident("请派人来诸往镇东尚山村给王桂芬办残疾证，她走不动，下周一上午都行，电话13800000003")
    assert "请您核对" in answer
    assert "王桂芬" in answer


def test_a_village_that_nobody_knows_is_taken_as_it_was_said(resident: Resident) -> None:
    resident(ASKED)
    assert "哪个村" in resident("乳山寨镇")
    resident("赤家口村，宋德福")
    resident("13800000004")
    assert "乳山寨镇赤家口村" in resident("哪天都行")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("下屋村的", "乳山口镇下屋村"),
        ("就在中学后头第三排", "乳山口镇中学后头第三排"),
        ("南泊子村", "乳山口镇南泊子村"),
    ],
)
def test_any_home_is_taken_as_it_was_said(resident: Resident, said: str, told: str) -> None:
    resident(ASKED)
    resident("乳山口镇")
    assert "名字" in resident(said)
    resident("宋德福 13800000004")
    assert told in resident("哪天都行")


def test_a_village_whose_name_is_only_like_a_known_one_needs_its_town(resident: Resident) -> None:
    resident(ASKED)
    assert "南泊子村是哪个镇（街道）的" in resident("南泊子村")
    assert "名字" in resident("冯家镇")
    resident("宋德福 13800000004")
    assert "冯家镇南泊子村" in resident("哪天都行")


def test_a_booking_of_somebody_who_comes_is_a_visit(resident: Resident) -> None:
    answer = resident("给俺妈预约上门办残疾证，夏村镇薛家村，王凤琴，13800000004，下周二上午，她瘫痪了")
    for told in ("上门看：王凤琴", "住址：夏村镇薛家村", "12月1日（周二）上午"):
        assert told in answer


def test_a_visit_can_become_a_booking(resident: Resident) -> None:
    resident("想找代办员上门办低保")
    assert "您想去哪个镇" in resident("算了 我自己去 约明天上午")


def test_what_is_asked_of_whom_is_for_the_visit(resident: Resident) -> None:
    resident("想请人上门给俺姥姥办残疾证 她走不动道")
    answer = resident("诸往镇东尚山村")
    assert "您姥姥叫什么名字" in answer
    assert "窗口" not in answer


@pytest.mark.parametrize("said", ["不用上门了", "对 不用了", "取消"])
def test_ways_to_agree_that_it_is_called_off(resident: Resident, engine: Engine, said: str) -> None:
    _ask(resident)
    resident("取消上门")
    assert "已经取消上门" in resident(said)
    assert _visits(engine)[0][0] == "cancelled"


def test_the_same_is_not_asked_twice(resident: Resident, engine: Engine) -> None:
    _ask(resident)
    assert "已经登记过了" in _ask(resident)
    assert len(_visits(engine)) == 1


def test_how_far_it_is_and_calling_it_off(resident: Resident, engine: Engine) -> None:
    _ask(resident)
    assert "残疾人证" in resident("查进度")
    assert "要取消的是" in resident("取消上门")
    assert "已经取消上门" in resident("确认")
    assert _visits(engine)[0][0] == "cancelled"


@pytest.mark.parametrize(("said", "kind"), [("找个代办员帮我跑一趟办低保", "act"), ("能上门帮我代缴一下医保吗", "pay")])
def test_the_kind_of_help_is_heard(resident: Resident, said: str, kind: str) -> None:
    resident(said)
    assert resident.turn
    assert resident.turn.conversation
    assert resident.turn.conversation.task
    assert resident.turn.conversation.task.help == kind


def test_a_booking_can_become_a_visit(resident: Resident) -> None:
    resident("下周三上午九点半去夏村镇办低保 给我妈约")
    resident("王秀英 13800000001")
    answer = resident("算了，能不能派人上门来办")
    assert "哪个镇、哪个村" in answer


def test_nothing_personal_stands_in_clear(resident: Resident, engine: Engine) -> None:
    _ask(resident)
    with engine.connect() as connection:
        kept = "".join(
            connection.execute(text(f"SELECT coalesce(string_agg(t::text, ''), '') FROM {table} t")).scalar_one()
            for table in ("visits", "visit_events", "residents", "messages", "procrastinate_jobs", "notifications")
        )
    for personal in ("王桂芬", "13800000003", "东尚山", "卧床"):
        assert personal not in kept
