"""A resident books, moves and gives back a window appointment in the conversation."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine, text

from citizen_bot.app import Language
from citizen_bot.appointments import service
from citizen_bot.dialogue.talk import Talk
from tests.integration.dialogue.conversing import MONDAY_TEN, Resident

NewResident = Callable[..., Resident]
PERSON = "王秀英 13800000001"


def _booked(engine: Engine) -> list[tuple[str, str]]:
    query = "SELECT a.state, s.starts_at FROM appointments a JOIN slots s ON s.id = a.slot_id ORDER BY a.id"
    with engine.connect() as connection:
        return [(row.state, f"{row.starts_at:%m-%d %H:%M}") for row in connection.execute(text(query))]


def _code(answer: str) -> str:
    found = re.search(r"Y\d+", answer)
    assert found
    return found[0]


def test_one_sentence_is_enough_but_for_the_person(resident: Resident, engine: Engine) -> None:
    answer = resident("下周三上午去夏村镇办低保 给我妈约")
    assert "12月2日（周三）上午先给您留8点30分" in answer
    assert "您母亲叫什么名字" in answer
    assert _booked(engine) == [("pending", "12-02 00:30")]
    assert "给谁：王秀英\n电话：138****0001" in resident(PERSON)
    answer = resident("对，就这样")
    for told in (
        "预约号：Y",
        "夏村镇人民政府便民服务中心 综合窗口",
        "12月2日（周三）8点30分",
        "王秀英",
        "社会救助申请书",
    ):
        assert told in answer
    assert _booked(engine) == [("booked", "12-02 00:30")]
    assert resident.slots["confirmed"] is True


def test_step_by_step_nothing_is_asked_twice(resident: Resident) -> None:
    assert "哪个镇" in resident("帮我约一下办残疾证的号")
    assert "最近能约的有" in resident("崖子镇")
    assert "11月25日（周三）能约这些时段" in resident("后天")
    assert "名字" in resident("2")
    assert "手机号" in resident("于凤英")
    assert "请您核对" in resident("一三八零零零零零零零二")
    assert "11月25日（周三）9点30分" in resident("确认")


def test_from_an_answer(resident: Resident) -> None:
    resident("低保要带什么")
    assert "办“最低生活保障对象认定”。您想去哪个镇" in resident("帮我约一下")


def test_online_is_offered_first_and_once(resident: Resident) -> None:
    assert "网上就能办" in resident("帮我约一下办低保")
    assert "网上" not in resident("夏村镇")


def test_an_unclear_item_is_asked_by_number(resident: Resident) -> None:
    assert "1. " in resident("我想预约个号办身份证")
    assert "哪个镇" in resident("1")


def test_what_else_was_said_is_kept_while_the_item_is_asked(resident: Resident) -> None:
    assert "1. " in resident("下周四下午两点半去徐家镇办社保卡丢了补卡 帮我约上")
    assert "给您留了12月3日（周四）14点30分" in resident("2")


def test_the_own_village_leads_to_its_town(resident: Resident) -> None:
    resident("我是诸往镇东尚山村的")
    assert "去诸往镇人民政府便民服务中心" in resident("帮我约一下办退伍军人优待证")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("不对 是下周四", "12月3日（周四）9点30分"),
        ("改成下午", "13点30分"),
        ("换成徐家镇", "徐家镇人民政府便民服务中心"),
        ("名字叫李桂兰", "给谁：李桂兰"),
        ("名字打错了，是王秀云", "给谁：王秀云"),
        ("不是低保 是高龄补贴", "事项：高龄津贴申领"),
        ("电话打错了，最后两位是04", "138****0004"),
    ],
)
def test_whatever_was_told_can_be_corrected(resident: Resident, said: str, told: str) -> None:
    resident("下周三上午九点半去夏村镇办低保 给我妈约")
    resident(PERSON)
    answer = resident(said)
    assert told in answer
    assert "请您核对" in answer
    assert "约好了" in resident("确认")


def test_a_location_finds_the_nearest_office(resident: Resident) -> None:
    resident("帮我约一下办残疾证的号")
    answer = resident(None, kind="location", latitude=36.911, longitude=121.530)
    assert "1. 城区街道办事处便民服务中心，约0.0公里" in answer
    assert "最近能约的有" in resident("1")


def test_a_question_in_between_is_answered_and_the_booking_goes_on(resident: Resident) -> None:
    resident("下周三上午九点半去夏村镇办低保 给我妈约")
    answer = resident("低保能给多少钱")
    assert "【最低生活保障对象认定】" in answer
    assert "还没约好，接着说" in answer
    assert "请您核对" in resident(PERSON)


@pytest.mark.parametrize("said", ["取消", "算了不约了，我先去问问邻居", "先别约", "退号吧"])
def test_it_can_be_broken_off_and_the_seat_is_free_again(resident: Resident, engine: Engine, said: str) -> None:
    resident("下周三上午九点半去夏村镇办低保 给我妈约")
    assert "没有提交" in resident(said)
    assert [state for state, _ in _booked(engine)] == ["cancelled"]
    answer = resident("还是约上吧，就刚才那个时间")
    assert "12月2日（周三）9点30分" in answer


def test_broken_off_twice_it_can_still_be_gone_on_with(resident: Resident) -> None:
    resident("下周三上午九点半去夏村镇办低保 给我妈约")
    resident("先别约")
    assert "没有提交" in resident("算了吧 不约了")
    assert "12月2日（周三）9点30分" in resident("接着约")


@pytest.mark.parametrize("said", ["约低保", "我想约低保", "约一下低保", "要约办低保"])
def test_ways_to_ask_for_a_booking(resident: Resident, said: str) -> None:
    assert "您想去哪个镇" in resident(said)


@pytest.mark.parametrize("said", ["取消", "不去了", "退号", "对 不用了", "是的"])
def test_ways_to_agree_that_it_is_given_back(resident: Resident, engine: Engine, said: str) -> None:
    _book(resident)
    resident("取消预约")
    assert "已经取消" in resident(said)
    assert _booked(engine) == [("cancelled", "12-02 01:30")]


@pytest.mark.parametrize("said", ["还是留着", "不取消", "我还去", "不退了"])
def test_ways_to_keep_it(resident: Resident, said: str) -> None:
    _book(resident)
    resident("取消预约")
    assert "还在" in resident(said)


@pytest.mark.parametrize(
    "said", ["中", "妥了", "就这么着", "OK", "没毛病", "行行行", "得嘞", "嗯呐", "是滴", "確認", "queren"]
)
def test_ways_to_agree(resident: Resident, said: str) -> None:
    resident("下周三上午九点半去夏村镇办低保 给我妈约")
    resident(PERSON)
    assert "约好了" in resident(said)


def test_the_items_that_were_offered_stay_until_one_is_chosen(resident: Resident) -> None:
    assert "1. 第一次办残疾人证" in resident("预约残疾证")
    for told in ("夏村镇", "下周三", "上午", "我叫刘玉兰，13800000002", "没错"):
        assert "1. 第一次办残疾人证" in resident(told)
    assert "请回复1到4中间的数字" in resident("9")
    answer = resident("就第一个吧")
    assert "12月2日（周三）" in answer
    assert "刘玉兰" in answer


def test_the_last_of_what_is_offered(resident: Resident) -> None:
    resident("预约残疾证")
    assert "残疾人证期满换领" in resident("最后那个")


def test_the_earliest_takes_the_place_of_a_day(resident: Resident) -> None:
    resident("12月25号去夏村镇办低保 帮我约")
    assert "给您留了11月23日（周一）13点30分" in resident("那最早啥时候")
    assert resident.slots["date"] == "2026-11-23"


def test_another_time_while_it_is_not_booked_yet(resident: Resident) -> None:
    resident("下周三上午九点半去夏村镇办低保 给我妈约")
    resident(PERSON)
    assert "最近能约的有" in resident("不行 换个时间")
    assert "给谁：王秀英" in resident("2")


def test_a_half_day_with_a_question_is_an_answer(resident: Resident) -> None:
    resident("下周三上午去夏村镇办低保 给我妈约")
    assert "12月2日（周三）下午先给您留" in resident("下午去行不 上午忙")
    assert "要带" in resident("后天去要带啥东西")


@pytest.mark.parametrize("said", ["讲个笑话", "护照能办不", "孩子出生上户口要啥"])
def test_what_is_not_ours_or_not_clear_is_answered_and_the_booking_goes_on(resident: Resident, said: str) -> None:
    resident("下周三上午九点半去夏村镇办低保 给我妈约")
    assert "没听明白" not in resident(said)
    assert "请您核对" in resident(PERSON)


def test_opening_hours_are_told_of_the_place_of_the_booking(resident: Resident) -> None:
    resident("下周三上午九点半去大孤山镇办低保 给我妈约")
    answer = resident("你们中午上班吗")
    assert "大孤山镇人民政府便民服务中心" in answer
    assert "您在哪个镇" not in answer
    assert "您在哪个镇" in resident("取消") + resident("你们中午上班吗"), "the office is not where the resident lives"


@pytest.mark.parametrize(
    ("said", "asked"), [("我自己", "您叫什么名字"), ("俺爹的", "您父亲叫什么名字"), ("给俺姥娘", "您姥姥叫什么名字")]
)
def test_who_it_is_for_is_an_answer(resident: Resident, said: str, asked: str) -> None:
    resident("下周三上午九点半去夏村镇办低保 帮我约上")
    assert asked in resident(said)


def test_for_somebody_else_the_name_is_asked_again_and_nothing_but_it(resident: Resident) -> None:
    resident("下周三上午九点半去夏村镇办低保 给俺爹约")
    resident("王福山 13800000001")
    answer = resident("不是 给俺娘约")
    assert "您母亲叫什么名字" in answer
    assert "手机号" not in answer
    assert "给谁：姜淑英" in resident("姜淑英")


def test_one_after_the_other(resident: Resident) -> None:
    resident("下周三上午九点半去夏村镇办低保 给俺爹约")
    resident("王福山 13800000001")
    answer = resident("对了 给俺娘也约一个")
    assert "先把这一个定下来" in answer
    assert "给谁：王福山" in answer


def test_a_place_that_does_not_take_it_ends_nothing(resident: Resident) -> None:
    resident("下周三上午九点半去夏村镇办低保 给我妈约")
    resident(PERSON)
    answer = resident("去政务服务中心办")
    assert "要到镇（街道）办" in answer
    assert "地点：夏村镇" in answer


def test_what_was_told_already_is_no_misunderstanding(resident: Resident) -> None:
    resident("约个号办不动产登记")
    assert "没听明白" not in resident("政务服务中心")


@pytest.mark.parametrize("person", ["冷桂英 13800000001", "肖莉，13800000001", "劉淑貞 13800000001"])
def test_names_of_every_kind(resident: Resident, person: str) -> None:
    resident("下周三上午九点半去夏村镇办低保 帮我约上")
    assert "请您核对" in resident(person)


def test_silence_ends_it_with_a_word_at_the_next_message(resident: Resident) -> None:
    resident("下周三上午九点半去夏村镇办低保 给我妈约")
    resident.wait(minutes=31)
    answer = resident("你好")
    assert "半个钟头没接着说" in answer
    assert "半个钟头" not in resident("你好")
    assert "12月2日（周三）9点30分" in resident("接着约")


def test_who_is_not_understood_gets_an_example_and_then_a_person(resident: Resident, engine: Engine) -> None:
    resident("下周三上午九点半去夏村镇办低保 给我妈约")
    assert "没听明白" in resident("阿巴阿巴")
    assert "比如“于凤英”" in resident("阿巴阿巴")
    answer = resident("阿巴阿巴")
    assert "工作人员" in answer
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM handovers")).scalar_one() == 1
    assert "请您核对" in resident(PERSON), "the booking is still open"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("昨天下午", "11月22日（周日）已经过去了"),
        ("12月12号上午", "现在只能约到12月7日（周一）"),
        ("这周日", "11月29日（周日）不上班"),
        ("2月30号", "没有2月30号这一天"),
        ("明天中午十二点", "不在办公时间"),
    ],
)
def test_a_day_that_cannot_be_booked_is_told_with_free_hours(resident: Resident, said: str, told: str) -> None:
    resident("去夏村镇办低保 给我妈约")
    answer = resident(said)
    assert told in answer
    assert re.search(r"1\. 1[12]月\d+日（周.）\d+点", answer)


def test_december_leads_into_january(new_resident: NewResident) -> None:
    resident = new_resident(at=datetime(2026, 12, 30, 2, tzinfo=UTC))
    assert "1月5日（周二）上午先给您留8点30分" in resident("下周二上午去夏村镇办低保 给我妈约")


def test_a_closed_day_is_told_with_its_reason(
    resident: Resident, engine: Engine, language: Language, talk: Talk
) -> None:
    site = talk.catalogue.sites["371083100"]
    with engine.begin() as connection:
        service.close_day(
            connection,
            language.office,
            site=site,
            window_id=None,
            day=date(2026, 12, 2),
            reason="停电检修",
            action="move",
            by="test",
            now=MONDAY_TEN,
        )
    answer = resident("下周三上午去夏村镇办低保 给我妈约")
    assert "12月2日（周三）这里不办公（停电检修）" in answer
    assert "1. 12月" in answer


def test_two_parents_may_have_the_same_hour(resident: Resident, engine: Engine) -> None:
    _book(resident)
    _book(resident, person="王建国 13800000001")
    assert _booked(engine) == [("booked", "12-02 01:30")] * 2


def test_a_full_hour_is_refused_with_others(new_resident: NewResident) -> None:
    sentence = "下周三上午九点半去夏村镇办个体户营业执照 帮我约上"
    assert "给您留了" in new_resident("o1")(sentence)
    answer = new_resident("o2")(sentence)
    assert "约满了" in answer
    assert "8点30分" in answer


def test_a_hold_that_ran_out_is_taken_again_or_told(new_resident: NewResident) -> None:
    sentence = "下周三上午九点半去夏村镇办个体户营业执照 帮我约上"
    slow, quick = new_resident("o1"), new_resident("o2")
    slow(sentence)
    slow(PERSON)
    slow.wait(minutes=20)
    slow("要带什么")
    slow.wait(minutes=20)
    quick.wait(minutes=45)
    quick(sentence)
    answer = slow("确认")
    assert "到时间了" in answer
    assert "8点30分" in answer


def _book(resident: Resident, sentence: str = "下周三上午九点半去夏村镇办低保 帮我约上", person: str = PERSON) -> str:
    resident(sentence)
    resident(person)
    answer = resident("确认")
    assert "约好了" in answer
    return _code(answer)


def test_own_bookings_are_listed_moved_and_given_back(resident: Resident, engine: Engine) -> None:
    code = _book(resident)
    assert code in resident("我的预约")
    assert "最近能约的有" in resident("改时间")
    assert "改到：12月3日（周四）15点30分" in resident("下周四下午三点半")
    assert "改好了" in resident("确认")
    assert _booked(engine) == [("booked", "12-03 07:30")]
    assert "要取消的是" in resident("取消预约")
    assert "还在" in resident("不取消")
    resident("不去了")
    assert "已经取消" in resident("确认")
    assert _booked(engine) == [("cancelled", "12-03 07:30")]


def test_moving_in_one_sentence(resident: Resident) -> None:
    _book(resident)
    assert "改到：12月3日（周四）9点30分" in resident("我约的下周三的号，往后挪到下周四吧")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("推迟两天行吗", "改到：12月4日（周五）9点30分"),
        ("下周三去不了了 换到下周四行不", "改到：12月3日（周四）9点30分"),
        ("改到下午三点", "改到：12月2日（周三）14点30分"),
    ],
)
def test_a_move_may_say_only_what_changes(resident: Resident, said: str, told: str) -> None:
    _book(resident)
    assert told in resident(said)


def test_of_several_bookings_the_one_that_is_named(resident: Resident) -> None:
    _book(resident)
    _book(resident, "下周四下午两点半去徐家镇办残疾证 帮我约上")
    assert "您说的是哪一个" in resident("取消预约")
    assert "残疾人证" in resident("2")
    resident("不取消")
    assert "最低生活保障" in resident("取消下周三的预约")
    resident("不取消")
    resident("取消预约")
    assert "残疾人证" in resident("下周四的那个")


def test_how_far_it_is_by_its_code_and_only_to_the_own_account(new_resident: NewResident) -> None:
    one, other = new_resident("o1"), new_resident("o2")
    code = _book(one)
    assert "12月2日（周三）9点30分" in one(f"查一下{code.lower()}办到哪了")
    answer = other(f"查一下{code}办到哪了")
    assert "没查到" in answer
    assert "最低生活保障" not in answer


def test_the_same_person_has_one_booking_of_an_item(resident: Resident) -> None:
    _book(resident)
    resident("下周四下午两点半去夏村镇办低保 帮我约上")
    resident(PERSON)
    answer = resident("确认")
    assert "已经有一个预约了" in answer
    assert "12月2日（周三）9点30分" in answer


def test_a_wrong_number_is_told_kindly_and_an_identity_number_is_not_wanted(resident: Resident) -> None:
    resident("下周三上午九点半去夏村镇办低保 给我妈约")
    assert "手机号好像不对" in resident("王秀英 1380000")
    assert "身份证号先不用" in resident("371083194001010021")
    assert "请您核对" in resident("13800000001")


def test_clicking_twice_books_once(resident: Resident, engine: Engine) -> None:
    _book(resident)
    resident("确认")
    assert _booked(engine) == [("booked", "12-02 01:30")]


def test_unfollowing_keeps_the_booking_and_frees_what_was_held(resident: Resident, engine: Engine) -> None:
    _book(resident)
    resident("下周四下午两点半去夏村镇办残疾证 帮我约上")
    resident(None, kind="event", event="unsubscribe")
    assert [state for state, _ in _booked(engine)] == ["booked", "cancelled"]


def test_nothing_personal_stands_in_clear(resident: Resident, engine: Engine) -> None:
    _book(resident)
    tables = ("appointments", "appointment_events", "residents", "messages", "procrastinate_jobs", "notifications")
    with engine.connect() as connection:
        kept = "".join(
            connection.execute(text(f"SELECT coalesce(string_agg(t::text, ''), '') FROM {table} t")).scalar_one()
            for table in tables
        )
    for personal in ("王秀英", "13800000001", "oSomebody"):
        assert personal not in kept


@pytest.mark.parametrize("said", ["确认", "确认提交"])
def test_who_confirms_again_is_told_the_result_again(resident: Resident, engine: Engine, said: str) -> None:
    """The answer to the first may never have arrived."""
    code = _book(resident)
    assert code in resident(said)
    assert _booked(engine) == [("booked", "12-02 01:30")]
    resident.wait(minutes=31)
    assert code not in resident(said)


def test_what_is_sent_again_is_not_misunderstood(resident: Resident) -> None:
    resident("下周三上午九点半去夏村镇办低保 给我妈约")
    resident(PERSON)
    answer = resident(PERSON)
    assert "请您核对" in answer
    assert "没听明白" not in answer
