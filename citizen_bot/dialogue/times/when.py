"""What a sentence says about time: days, halves of a day, clock times. Pure.

Weeks begin on Monday: 下周六 is the Saturday of the next week, 周三 alone the next one that comes. A number of a day
(15号) is the next such day; a day with its month is the nearest one, so 11月20号 said three days later is past. A clock
time without a half of the day lies within office hours: 两点 is 14:00. What could be two things is no day at all.

The words are those of Standard Chinese and the commonest of Jiaodong; an office adds others to intents/dialect.yaml,
which the matcher's `normal` turns into these. Why this is no library's work: docs/adr/0011-time-expressions.md.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from itertools import pairwise
from typing import Literal

from citizen_bot.dialogue.times.days import Days, NoDay
from citizen_bot.dialogue.times.words import (
    CHANGES,
    DAY_KINDS,
    PERIODS,
    Said,
    moved_by,
    runs,
    scan,
    simple,
    turned,
    value,
)
from citizen_bot.platform.calendar import CLOSING, OPENING_HOURS, WorkingCalendar
from citizen_bot.platform.clock import SHANGHAI

Period = Literal["am", "pm"]
ClockTime = time

# What the words around an expression make of it.
_CLAUSE = re.compile(r"[,，。;；!！?？\n]")
# 行不行, 不行吗, 要是不行: asked or supposed, not refused. 恁上班不: whose day it is.
_ASKED = re.compile(r"(.)[不没]\1|[不没]\w{0,4}[吗么]|(?:要是|如果|万一|实在).*|不行(?:的话|就)|(?:你们|恁|咱).*")
_REFUSED = re.compile(
    r"不(?:行|中|成|可以|能|方便|在|得空|得闲|想|去|来|约|办(?![公理])|合适)|没有?(?:空|时间|工夫|功夫|号)|有(?:点|别的|个)?事|有安排"
    r"|[去来过](?:不了|不来|不去)|[赶]不[上及]|走不开|太[早晚远赶]|(?:得|要|在|我|俺)(?:上班|值班|加班|出差|打针|看病|开会|上课|赶集|住院"
    r"|手术|化疗|透析|检查|复查|输液|去医院)|[约排]?满了|(?<!帮)忙"
)
_REFUSED_BEFORE = re.compile(r"(?:不是|不要|不想|不约|不去|避开|除了|别)$")
# 后天坐飞机: why the resident is in a hurry, and no day to come.
_NEEDED = re.compile(
    r"^[^办换领约补]{0,6}(?:到期|过期|截止|失效|[坐赶]?飞机|火车|高铁|动身|出发|开学|[考高中]考|考试|出国|要用|急用|等着用|入职|面试)"
)
_BIRTH = re.compile(r"生日|出生|^生的?|过寿|大寿|满[月岁一二三四五六七八九十0-9]")
_BORN_BEFORE = re.compile(r"(?:生日|出生|生于)\w?$")
# 昨天去了没办成: told, not wished.
_DONE = re.compile(r"[了过没]|的(?!时候)")
_RANGE = re.compile(rf"\s*(?:{PERIODS})?\s*(?:到|至|[-~—]+)\s*")
_CHOICE = re.compile(
    rf"\s*(?:{PERIODS})?[\s、,，]*(?P<word>或者?是?|和|跟|与|还是|要么|要不|都?可以|都?行|不行的?话?就?|没有就|不然就?)?[\s、,，]*"
)
_PAIRS = {
    "七八": (7, 8), "八九": (8, 9), "九十": (9, 10), "十一二": (11, 12), "一两": (1, 2), "两三": (2, 3), "三四": (3, 4),
    "四五": (4, 5),
}  # fmt: skip
_NIGHT = ("夜里", "半夜")
_NOON = ("中午", "晌午", "晌午头")


@dataclass(frozen=True, slots=True)
class When:
    """What was said about time; what was not said is None. Days and times are those of Asia/Shanghai.

    `day` is the one day meant, never before today. Without it, `first_day` and `last_day` (both included) are the
    days that would do; either may be open. `time` is the one clock time, `first_time` and `last_time` the span of
    those that would do. `period` is the half of the day (pm from noon on) and agrees with `time`.
    """

    day: date | None = None
    period: Period | None = None
    time: ClockTime | None = None
    first_day: date | None = None
    last_day: date | None = None
    first_time: ClockTime | None = None
    last_time: ClockTime | None = None
    earliest: bool = False  # the sooner the better, or any day
    needed_by: date | None = None  # something else falls on this day (后天坐飞机)
    not_on: tuple[date, ...] = ()  # days that were refused (明天没空)
    past: bool = False  # what was meant is over
    named: date | None = None  # the past day that was meant, where it was one day
    no_such_day: str | None = None  # in the resident's words: 2月30号
    vague: bool = False  # time was spoken of, but no day can be told from it: ask


@dataclass(frozen=True, slots=True)
class Move:
    """A change of time: from `old` to `new`, None where not said, or by `shift` days (推迟三天: 3)."""

    old: When | None
    new: When | None
    shift: int | None = None


def read_when(text: str, now: datetime, calendar: WorkingCalendar) -> When | None:
    """What `text`, as it was written, says about time at `now` (aware); None where it says nothing.

    Of a sentence that changes its mind (明天，不对，后天) it is what was said last.
    """
    plain = simple(text)
    said = scan(plain)
    old, new = turned(plain, said)
    if old and new and not any(s.kind in DAY_KINDS for s in new):
        # 明天上午，不对，下午: only what is said anew changes.
        new = [*(s for s in old if s.kind in DAY_KINDS), *new]
    return _Reading(plain, said, now, calendar).of(new or old)


def read_move(text: str, now: datetime, calendar: WorkingCalendar) -> Move | None:
    """The change of time that `text` asks for (把周四的改到下周一; 不对，是下周四); None where it asks for none."""
    plain = simple(text)
    said = scan(plain)
    reading = _Reading(plain, said, now, calendar)
    shift = moved_by(plain)
    old, new = turned(plain, said, firmly=True)
    if shift is None and not new and not CHANGES.search(plain):
        return None
    return Move(reading.of(old, refusals=False), None if shift is not None else reading.of(new), shift)


def without_times(text: str) -> str:
    """`text` in half width without its expressions of time, for whoever looks for something else in it."""
    plain = simple(text)
    rest, done = [], 0
    for said in scan(plain):
        rest.append(plain[done : said.start])
        done = said.end
    return "".join([*rest, plain[done:]])


_Found = tuple[Said, date, date]


@dataclass(frozen=True, slots=True)
class _Clock:
    period: Period | None = None
    time: ClockTime | None = None
    first: ClockTime | None = None
    last: ClockTime | None = None


class _Reading:
    """The sense of what was `said` in `text` (plain) at `now`."""

    def __init__(self, text: str, said: Sequence[Said], now: datetime, calendar: WorkingCalendar) -> None:
        self._text = text
        self._starts = [*(s.start for s in said), len(text)]
        self._now = now.astimezone(SHANGHAI)
        self._today = self._now.date()
        self._calendar = calendar

    def of(self, said: Sequence[Said], *, refusals: bool = True) -> When | None:
        """What `said` comes to, None where it comes to nothing. Without `refusals` a refused day counts as said."""
        kept, refused, needed = self._sorted(said, refusals=refusals)
        if sum(s.kind in DAY_KINDS for s in kept) > 1:
            # 我现在就能来，下周也行: 现在 says the least.
            kept = [s for s in kept if s.kind != "now"]
        clock = _clock(kept)
        days = Days(self._today, self._calendar, today_is_over=self._over(clock, CLOSING))
        deadlines = (days.deadline(s) for s in needed)
        when = replace(
            self._meant([s for s in kept if s.kind in DAY_KINDS], days, clock, besides=bool(needed)),
            period=clock.period,
            time=clock.time,
            first_time=clock.first,
            last_time=clock.last,
            earliest=any(s.kind in ("soonest", "now") for s in kept),
            not_on=tuple(day for s in refused if (day := days.one(s)) and day >= self._today),
            needed_by=next((day for day in deadlines if day and day >= self._today), None),
        )
        return None if when == When() else when

    def _sorted(self, said: Sequence[Said], *, refusals: bool) -> tuple[list[Said], list[Said], list[Said]]:
        """What is meant, what is refused, and what something else falls on."""
        kept: list[Said] = []
        refused: list[Said] = []
        needed: list[Said] = []
        groups = runs(self._text, said)
        for run, follows in zip(groups, [*groups[1:], []], strict=False):
            before, after = self._around(run)
            days = [s for s in run if s.kind in DAY_KINDS]
            if _BIRTH.search(after) or _BORN_BEFORE.search(before):
                continue
            if _NEEDED.search(after):
                needed += days
            elif not refusals or not (_REFUSED_BEFORE.search(before) or _REFUSED.search(_ASKED.sub("", after))):
                kept += run
            elif len(days) < len(run) and follows and not any(s.kind in DAY_KINDS for s in follows):
                # 明天上午不行，下午吧: the day stays.
                kept += days
            else:
                refused += days
                kept += (s for s in run if s.kind == "soonest")
        return kept, refused, needed

    def _around(self, run: Sequence[Said]) -> tuple[str, str]:
        """The few characters before a run, and what follows it in its clause, up to the next expression."""
        start, end = run[0].start, run[-1].end
        following = min(s for s in self._starts if s >= end)
        return self._text[max(0, start - 4) : start], _CLAUSE.split(self._text[end:following], maxsplit=1)[0]

    def _over(self, clock: _Clock, closing: ClockTime | None = None) -> bool:
        """Whether what was said of the time of day is over today; `closing` is when the day ends without a word."""
        ends = {"am": OPENING_HOURS[0][1], "pm": CLOSING, None: closing}
        end = clock.time or clock.last or ends[clock.period]
        return end is not None and end <= self._now.time()

    def _meant(self, said: Sequence[Said], days: Days, clock: _Clock, *, besides: bool) -> When:
        """The day or the days of a `When`, or why there is none. `besides`: whether other days were spoken of."""
        flaw = When()
        found: list[_Found] = []
        for s in said:
            try:
                span = days.span(s)
            except NoDay:
                continue
            except (ValueError, OverflowError):
                flaw = replace(flaw, no_such_day=s.words)
                continue
            if span is None:
                flaw = replace(flaw, vague=True)
            else:
                found.append((s, span[0] or date.min, span[1] or date.max))
        # 周二 beside 12月1号 is that Tuesday, not the next one.
        found = [f for f in found if not (_bare(f[0]) and any(_same_weekday(f, other) for other in found))]
        ahead: list[_Found] = []
        for s, first, last in self._joined(found):
            one = first == last
            # 昨天去了没办成 tells, 昨天下午 wishes.
            told = one and first <= self._today and _DONE.search(self._around([s])[1])
            if last > self._today or (last == self._today and not (one and self._over(clock))):
                if not told or not (besides or len(found) > 1):
                    ahead.append((s, first, last))
            elif one and not told:
                flaw = replace(flaw, past=True, named=first)
        return self._one_or_range(ahead) if ahead else flaw

    def _joined(self, found: Sequence[_Found]) -> list[_Found]:
        """`found` with 周三到周五 as one."""
        joined: list[_Found] = []
        for s, first, last in found:
            before = joined[-1] if joined else None
            if before and before[1] < last and _RANGE.fullmatch(self._text, before[0].end, s.start):
                joined[-1] = (s, before[1], last)
            else:
                joined.append((s, first, last))
        return joined

    def _one_or_range(self, ahead: Sequence[_Found]) -> When:
        single = [(s, first) for s, first, last in ahead if first == last]
        if len({day for _, day in single}) == 1:
            return When(day=single[0][1])
        if not single:
            first, last = max(first for _, first, _ in ahead), min(last for _, _, last in ahead)
        elif all(self._choice(one, other) for (one, _), (other, _) in pairwise(single)):
            first, last = min(day for _, day in single), max(day for _, day in single)
        else:
            return When(vague=True)
        if first > last:
            return When(vague=True)
        first = first if first == date.min else max(first, self._today)
        if first == last:
            return When(day=first)
        return When(first_day=None if first == date.min else first, last_day=None if last == date.max else last)

    def _choice(self, one: Said, other: Said) -> bool:
        """周三周四; 明天或者周五; but not 12月1号周三, which contradicts itself."""
        between = _CHOICE.fullmatch(self._text, one.end, other.start)
        return between is not None and (one.kind == other.kind or between["word"] is not None)


def _bare(said: Said) -> bool:
    return said.kind == "weekday" and "which" not in said.parts


def _same_weekday(bare: _Found, other: _Found) -> bool:
    days = {*bare[1:], *other[1:]}
    return other[0].kind != "weekday" and other[1] == other[2] and len({day.weekday() for day in days}) == 1


def _clock(said: Sequence[Said]) -> _Clock:
    """The time of day that `said` comes to."""
    halves: list[Period] = ["am" if "am" in s.parts else "pm" for s in said if s.kind == "period"]
    sole = halves[0] if len(set(halves)) == 1 else None
    half: Period | None = None
    word = ""
    times: list[time] = []
    bounds: set[str | None] = set()
    for s in said:
        if s.kind == "period":
            half, word = ("am" if "am" in s.parts else "pm"), s.words
        elif s.kind in ("clock", "hours"):
            times += _times(s.parts, half or sole, word)
            bounds.add(s.bound)
    if not times:
        return _Clock(sole)
    within: set[Period] = {"am" if t.hour < 12 else "pm" for t in times}
    period = within.pop() if len(within) == 1 else None
    if len(set(times)) == 1 and bounds == {None}:
        return _Clock(period, times[0])
    if len(set(times)) == 1:
        return _Clock(period, None, times[0] if "after" in bounds else None, times[0] if "before" in bounds else None)
    return _Clock(period, None, min(times), max(times))


def _times(parts: Mapping[str, str], half: Period | None, word: str) -> list[time]:
    if pair := parts.get("pair"):
        told = [(hour, 0) for hour in _PAIRS[pair]]
    elif "to" in parts:
        told = [
            (value(parts["from"]), 30 if "half" in parts else 0),
            (value(parts["to"]), 30 if "until_half" in parts else 0),
        ]
    else:
        told = [(value(parts["hour"]), _minutes(parts.get("minute", "")))]
    return [t for hour, minute in told if (t := _time(hour, minute, half, word))]


def _minutes(word: str) -> int:
    if word == "半":
        return 30
    if word.endswith("刻"):
        return 15 * value(word[0])
    return value(word.removesuffix("分") or "0")


def _time(hour: int, minute: int, half: Period | None, word: str) -> time | None:
    """The clock time of 24 hours; without a half of the day the one within office hours."""
    before_noon = (hour in (10, 11) and word in _NOON) or (hour < 6 and word in _NIGHT)
    if (half == "pm" and hour < 12 and not before_noon) or (half is None and 1 <= hour <= 6):
        hour += 12
    return time(hour, minute) if 0 < hour < 24 and minute < 60 else None
