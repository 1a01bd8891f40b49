from dataclasses import fields
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citizen_bot.dialogue.times.when import Move, When, read_move, read_when, without_times
from citizen_bot.matching.knowledge import load_knowledge
from citizen_bot.matching.reading import Reader
from citizen_bot.platform.calendar import WorkingCalendar
from citizen_bot.platform.clock import SHANGHAI

calendar = WorkingCalendar()
MONDAY = "2026-11-23T09:00"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def told(when: When | None) -> str:
    """A `When` in short: 12-02 am 09:30; 11-30~12-06 for days that would do; 09:00~10:00 for times."""
    if when is None:
        return ""
    day = [f"{when.day:%m-%d}"] if when.day else []
    days = [f"{_day(when.first_day)}~{_day(when.last_day)}"] if when.first_day or when.last_day else []
    times = [f"{_time(when.first_time)}~{_time(when.last_time)}"] if when.first_time or when.last_time else []
    words = [
        *day,
        *days,
        *([when.period] if when.period else []),
        *([f"{when.time:%H:%M}"] if when.time else []),
        *times,
        *(name for name in ("earliest", "past", "vague") if getattr(when, name)),
        *([f"named {when.named:%m-%d}"] if when.named else []),
        *([f"by {when.needed_by:%m-%d}"] if when.needed_by else []),
        *(f"not {day:%m-%d}" for day in when.not_on),
        *([f"no {when.no_such_day}"] if when.no_such_day else []),
    ]
    return " ".join(words)


def _day(day: date | None) -> str:
    return f"{day:%m-%d}" if day else ""


def _time(clock: time | None) -> str:
    return f"{clock:%H:%M}" if clock else ""


SENTENCES = [
    # Days by their distance, in Standard Chinese and as people here say them
    ("今天还能办吗", "11-23"),
    ("今儿过晌去行不", "11-23 pm"),
    ("明天下午三点行吗", "11-24 pm 15:00"),
    ("俺想约明儿个头晌", "11-24 am"),
    ("明日9:30", "11-24 am 09:30"),
    ("明早八点半过去", "11-24 am 08:30"),
    ("明个上午吧", "11-24 am"),
    ("后日过晌", "11-25 pm"),
    ("后儿头午俺有空", "11-25 am"),
    ("大后日一早俺坐车去", "11-26 am"),
    ("大后天吧", "11-26"),
    ("那个我大后天从青岛回来能不能给约个时间把房子过户办了", "11-26"),
    ("三天后我再来", "11-26"),
    ("过三天", "11-26"),
    ("再过两天去", "11-25"),
    ("一个星期后", "11-30"),
    ("两周以后有号吗", "12-07"),
    ("半个月后", "12-08"),
    ("一个月后", "12-23"),
    ("三个工作日后", "11-26"),
    ("下个工作日", "11-24"),
    # Days of the week
    ("给我妈约下周三上午九点半去办低保", "12-02 am 09:30"),
    ("周三", "11-25"),
    ("这周三下午", "11-25 pm"),
    ("本周五", "11-27"),
    ("星期三头晌", "11-25 am"),
    ("礼拜三过晌中不", "11-25 pm"),
    ("禮拜三下午兩點", "11-25 pm 14:00"),
    ("下礼拜三", "12-02"),
    ("喂你好我想约一下下个星期二上午去镇上便民中心", "12-01 am"),
    ("下下周三", "12-09"),
    ("周日下午", "11-29 pm"),
    ("星期天上午开门吗", "11-29 am"),
    ("周一", "11-23"),
    ("下周一早九点", "11-30 am 09:00"),
    ("下周三九点半", "12-02 am 09:30"),
    ("周三十点", "11-25 am 10:00"),
    ("周末能办吗", "11-28~11-29"),
    ("周六日都有空", "11-28~11-29"),
    ("周一到周五都行", "11-23~11-27"),
    ("周三周四都行", "11-25~11-26"),
    ("周三或者周五", "11-25~11-27"),
    ("下周的周三", "12-02"),
    ("下周吧，周三最好", "12-02"),
    ("帮我改一下周四的号", "11-26"),
    # Dates
    ("12月1号上午9点半", "12-01 am 09:30"),
    ("12月1日", "12-01"),
    ("请帮我预约11月27日上午夏村镇便民服务中心", "11-27 am"),
    ("十二月一号", "12-01"),
    ("２０２６年１２月１日", "12-01"),
    ("2026-12-01", "12-01"),
    ("二〇二六年十二月一日", "12-01"),
    ("12.1", "12-01"),
    ("12/1上午", "12-01 am"),
    ("1号", "12-01"),
    ("15号下午", "12-15 pm"),
    ("二十五号上午", "11-25 am"),
    ("23号", "11-23"),
    ("31号", "12-31"),
    ("下月5号", "12-05"),
    ("元月五号", "01-05"),
    ("1月5日上午10点", "01-05 am 10:00"),
    ("12月1号到5号", "12-01~12-05"),
    ("1-5号", "12-01~12-05"),
    ("12月1日（周二）上午", "12-01 am"),
    ("周二，12月1号", "12-01"),
    # Days of the moon
    ("农历十月十八", "11-26"),
    ("阴历十八上午", "11-26 am"),
    ("腊月二十去", "01-27"),
    ("正月初六", "02-11"),
    ("十月廿八", "12-06"),
    ("初五", "12-13"),
    ("大后日是农历十月十八吧", "11-26"),
    # Spans of days
    ("这周四以后都行，上午最好", "11-26~ am"),
    ("下周", "11-30~12-06"),
    ("我下个礼拜都在家", "11-30~12-06"),
    ("这两天", "11-23~11-25"),
    ("月底前", "~11-30"),
    ("赶在月底以前办完", "~11-30"),
    ("月底", "11-24~11-30"),
    ("月初", "12-01~12-10"),
    ("下个月", "12-01~12-31"),
    ("下个月中旬", "12-11~12-20"),
    ("下周三之前", "~12-01"),
    ("12月1号以后哪天都行", "12-01~ earliest"),
    ("下周除了周三都行", "11-30~12-06 not 12-02"),
    ("年底前", "~12-31"),
    # Halves of the day and clock times
    ("上午", "am"),
    ("过晌吧", "pm"),
    ("后晌", "pm"),
    ("傍晚行吗", "pm"),
    ("晌午前", "am"),
    ("上午下午都行", ""),
    ("九点", "am 09:00"),
    ("9点半", "am 09:30"),
    ("9:30", "am 09:30"),
    ("九点半", "am 09:30"),
    ("上午十点", "am 10:00"),
    ("下午两点半", "pm 14:30"),
    ("两点", "pm 14:00"),
    ("3点钟", "pm 15:00"),
    ("三点一刻", "pm 15:15"),
    ("十点五十", "am 10:50"),
    ("14:00", "pm 14:00"),
    ("下午2：30", "pm 14:30"),
    ("晌午头十一点半", "am 11:30"),
    ("晚七点", "pm 19:00"),
    ("10点左右", "am 10:00"),
    ("九点到十点", "am 09:00~10:00"),
    ("9-10点", "am 09:00~10:00"),
    ("八九点吧", "am 08:00~09:00"),
    ("上午九点至下午两点", "09:00~14:00"),
    ("10点以后", "am 10:00~"),
    ("下午三点前", "pm ~15:00"),
    ("明天9.30", "11-24 am 09:30"),
    ("26号am去办优待证", "11-26 am"),
    # As soon as possible
    ("越快越好", "earliest"),
    ("哪天都行", "earliest"),
    ("都行", "earliest"),
    ("最早的号", "earliest"),
    ("现在能办吗", "11-23 earliest"),
    # A change of mind, refusals
    ("哎不对，明天我有事，改成后天下午三点吧", "11-25 pm 15:00"),
    ("崖子。后日俺老头儿要打针，换大后日过晌吧", "11-26 pm"),
    ("不对 是下周四", "12-03"),
    ("不是周三，是周四", "11-26"),
    ("算了就下周五上午十点，在政务服务中心", "12-04 am 10:00"),
    ("明天不行后天吧", "11-25 not 11-24"),
    ("明天上午不行，下午吧", "11-24 pm"),
    ("明天去不了了", "not 11-24"),
    ("明天不行吗", "11-24"),
    ("周五下午你们上班吗", "11-27 pm"),
    ("要是明天不行就后天", "11-24~11-25"),
    ("我上周三去过了，这周五再去行不", "11-27"),
    ("昨天去了没办成，明天再去", "11-24"),
    # Days on which something else falls
    ("后天要坐飞机来不及咋办", "by 11-25"),
    ("我妈下个月一号过生日，想下周三办", "12-02"),
    ("孩子12月3号出生的，想约明天上户口", "11-24"),
    ("12月5号开学要户口本", "by 12-05"),
    ("我想预约明天上午办理居民身份证到期换领", "11-24 am"),
    # Over, or no such day
    ("预约领结婚证，昨天下午", "pm past named 11-22"),
    ("夜来过晌", "pm past named 11-22"),
    ("11月20号", "past named 11-20"),
    ("去年12月1号", "past named 12-01"),
    ("今天上午八点", "am 08:00 past named 11-23"),
    ("2月30号", "no 2月30号"),
    ("11月31号", "no 11月31号"),
    ("13月5号", "no 13月5号"),
    ("腊月三十", "no 腊月三十"),
    # Could be several things: ask
    ("12月1号周三", "vague"),
    ("十月十八", "vague"),
    ("过几天再说", "vague"),
    ("三月后", "vague"),
    ("15日后", "vague"),
    ("节后第一天", "vague"),  # New Year 2027 is not known in November 2026
    ("元旦以后", "vague"),
    ("过完年再去", "vague"),
    # No times
    ("我爸八十五了一个人在村里", ""),
    ("给三百块", ""),
    ("我有两点意见", ""),
    ("快一点行不", ""),
    ("打我电话13800000003", ""),
    ("俺叫于凤英，电话一三八零零零零零零零二", ""),
    ("身份证370102195603041234", ""),
    ("编号RS20261020017", ""),
    ("12345热线", ""),
    ("我妈瘫在炕上三年了", ""),
    ("六十岁以上", ""),
    ("满16周岁", ""),
    ("一", ""),
    ("十八", ""),
    ("我上个月给孩子报的新生儿医保办好了没", ""),
    ("我身份证下个月到期，想约个号去换", ""),
    ("三天内能办完吗", ""),
    ("养老金每月15号发", ""),
    ("每周三开门吗", ""),
    ("去2号窗口", ""),
    ("家住三号楼", ""),
    ("孩子上初三", ""),
    ("我现在住在深圳", ""),
    ("证明天天都要开", ""),
    ("后天残疾的怎么办", ""),
    ("上午好", ""),
    ("身份证户口本都行吗", ""),
    ("几号截止", ""),
    ("那补卡得等几天", ""),
    ("明天去要不要钱", "11-24"),
    ("", ""),
]


@pytest.mark.parametrize(("text", "meant"), SENTENCES)
def test_a_sentence_is_read_on_a_monday_morning(text: str, meant: str) -> None:
    assert told(read_when(text, at(MONDAY), calendar)) == meant


@pytest.mark.parametrize(
    ("now", "text", "meant"),
    [
        # On a Sunday the next week begins tomorrow.
        ("2026-11-22T10:00", "下周一", "11-23"),
        ("2026-11-22T10:00", "周一", "11-23"),
        ("2026-11-22T10:00", "这周三", "past named 11-18"),
        ("2026-11-22T10:00", "周末", "11-22"),
        # Late on a Wednesday
        ("2026-11-25T15:00", "上午", "am"),
        ("2026-11-25T15:00", "今天上午", "am past named 11-25"),
        ("2026-11-25T15:00", "周三上午", "12-02 am"),
        ("2026-11-25T15:00", "周三下午四点", "11-25 pm 16:00"),
        ("2026-11-25T15:00", "周二", "12-01"),
        ("2026-11-25T18:00", "周三", "12-02"),
        ("2026-11-25T23:59", "明天", "11-26"),
        # Over the end of the year
        ("2026-12-30T09:00", "后天", "01-01"),
        ("2026-12-30T09:00", "下周一上午", "01-04 am"),
        ("2026-12-30T09:00", "5号", "01-05"),
        ("2026-12-30T09:00", "1月5号", "01-05"),
        ("2026-12-30T09:00", "12月28号", "past named 12-28"),
        ("2026-12-30T09:00", "下个月", "01-01~01-31"),
        ("2026-12-30T09:00", "三个工作日后", "01-04"),
        ("2025-12-30T09:00", "元旦后第一天", "01-04"),
        ("2025-12-30T09:00", "元旦以后", "01-04~"),
        ("2026-01-20T09:00", "过完年再去", "02-24~"),
        ("2026-01-20T09:00", "年前能约上不", "~02-14"),
        # Before and in a holiday
        ("2026-09-28T09:00", "国庆后第一天上午", "10-08 am"),
        ("2026-09-28T09:00", "十一以后吧", "10-08~"),
        ("2026-09-28T09:00", "国庆前", "~09-30"),
        ("2026-10-03T10:00", "节后第一天", "10-08"),
        ("2026-10-03T10:00", "放完假再说", "10-08~"),
        ("2026-10-03T10:00", "下个工作日", "10-08"),
        # The end of a month, a leap year
        ("2027-01-31T09:00", "一个月后", "02-28"),
        ("2027-12-20T09:00", "2月29号", "02-29"),
        ("2027-02-10T09:00", "30号", "03-30"),
        ("2027-02-10T09:00", "这个月30号", "no 这个月30号"),
        # In a leap month of the moon
        ("2025-07-20T09:00", "闰六月初一", "07-25"),
    ],
)
def test_a_sentence_is_read_on_other_days(now: str, text: str, meant: str) -> None:
    assert told(read_when(text, at(now), calendar)) == meant


@pytest.mark.parametrize(
    ("text", "old", "new", "shift"),
    [
        ("把周四上午的改到下周一", "11-26 am", "11-30", None),
        ("我还约了这周四上午来办户口，往后挪到下周一", "11-26 am", "11-30", None),
        ("哎不对，明天我有事，改成后天下午三点吧", "11-24", "11-25 pm 15:00", None),
        ("崖子。后日俺老头儿要打针，换大后日过晌吧", "11-25", "11-26 pm", None),
        ("不对 是下周四", "", "12-03", None),
        ("不是周三，是周四", "11-25", "11-26", None),
        ("说错了，下周六行吗", "", "12-05", None),
        ("我约的周三上午九点，能不能改到十点半", "11-25 am 09:00", "am 10:30", None),
        ("1号改3号", "12-01", "12-03", None),
        ("改周四的预约到下周一", "11-26", "11-30", None),
        ("改到下周一，原来是周四", "11-26", "11-30", None),
        ("換個時間，明天上午", "", "11-24 am", None),
        ("周四上午的能改不", "11-26 am", "", None),
        ("帮我改一下周四的号", "11-26", "", None),
        ("把明天的推迟三天", "11-24", "", 3),
        ("往后推一个星期", "", "", 7),
        ("提前两天", "", "", -2),
    ],
)
def test_a_move_has_an_old_and_a_new_time(text: str, old: str, new: str, shift: int | None) -> None:
    move = read_move(text, at(MONDAY), calendar)
    assert move is not None
    assert (told(move.old), told(move.new), move.shift) == (old, new, shift)


@pytest.mark.parametrize(
    "text", ["明天上午", "我换身份证，约明天", "改名字要带什么", "取消周四的预约", "还是明天吧", ""]
)
def test_what_moves_nothing_is_no_move(text: str) -> None:
    assert read_move(text, at(MONDAY), calendar) is None


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("给我妈约下周三上午九点半去办低保", "给我妈约去办低保"),
        ("夏村镇，明天上午", "夏村镇,"),
        ("这周四以后都行", "都行"),
        ("12月1日（周二）上午", "()"),
        ("2号窗口在哪", "2号窗口在哪"),
        ("办残疾证", "办残疾证"),
    ],
)
def test_a_sentence_can_be_had_without_its_times(text: str, rest: str) -> None:
    assert without_times(text) == rest


def test_what_the_matcher_makes_of_a_sentence_says_the_same() -> None:
    """So that a word which an office adds to intents/dialect.yaml is understood here, too."""
    knowledge = load_knowledge(Path("intents"))
    normal = Reader(knowledge.replacements, ()).normal
    other = {text: normal(text) for text, meant in SENTENCES if told(_read(normal(text))) != meant}
    assert other == {}


def _read(text: str) -> When | None:
    return read_when(text, at(MONDAY), calendar)


PIECES = """
    明天 后日 下周 周三 周 上午 过晌 12月 2月 1号 30 三十 九点 半 点 : . / - 农历 初五 腊月 改到 不行 不是
    以后 前 到 国庆 节 年 后 月底 两 个 星期 工作日 过 都行 今天 昨天 ， 、 闰 9999年 十一 99 哪天 号 日 零 二〇二六年 0
"""
WORDS = PIECES.split()
numerals = st.text(
    "0123456789零〇一二两三四五六七八九十廿元半刻分点号日月年周初第每过再后前到至-.:/个天下上腊正闰早晚", max_size=12
)
texts = st.text(max_size=60) | numerals | st.lists(st.sampled_from(WORDS), max_size=12).map("".join)
nows = st.datetimes(datetime(2025, 1, 1), datetime(2030, 12, 31), timezones=st.just(SHANGHAI))  # noqa: DTZ001


@given(texts, nows)
def test_whatever_is_said_a_day_lies_ahead_and_what_is_told_agrees(text: str, now: datetime) -> None:
    when = read_when(text, now, calendar)
    move = read_move(text, now, calendar)
    without_times(text)
    assert when != When()
    for read in (when, move.old if move else None, move.new if move else None):
        if read:
            _check(read, now.date())


def _check(when: When, today: date) -> None:
    assert when.day is None or when.day >= today
    assert when.day is None or when.first_day is when.last_day is None
    assert all(day >= today for day in (when.first_day, when.last_day, when.needed_by, *when.not_on) if day)
    assert not (when.first_day and when.last_day) or when.first_day <= when.last_day
    assert when.named is None or when.past
    assert not when.past or when.day is None
    assert when.time is None or when.period == ("am" if when.time.hour < 12 else "pm")
    assert not (when.first_time and when.last_time) or when.first_time < when.last_time
    assert when.day is None or when.day - today < timedelta(days=366 * 8000)


def test_a_when_says_nothing_by_itself() -> None:
    assert all(not getattr(When(), field.name) for field in fields(When))
    assert Move(None, None).shift is None
