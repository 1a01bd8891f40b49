"""Which days an expression of time names, seen from today. Pure."""

from calendar import monthrange
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date, timedelta

from borax.calendars.lunardate import LunarDate

from citizen_bot.dialogue.times.words import FARTHEST, NUMERALS, Said, number, value
from citizen_bot.platform.calendar import WorkingCalendar

Span = tuple[date | None, date | None]

# Names as people say them → as the calendar does. 节 and the like: whichever holiday comes next.
_HOLIDAYS = {
    "元旦": "元旦", "春节": "春节", "大年": "春节", "过年": "春节", "年": "春节", "清明": "清明", "五一": "劳动节",
    "劳动": "劳动节", "端午": "端午", "中秋": "中秋", "国庆": "国庆节", "十一": "国庆节",
}  # fmt: skip
_WEEKDAYS = {c: n for n, c in enumerate("一二三四五六日")} | {"天": 6, "末": 5} | {str(n + 1): n for n in range(7)}
_UNTOLD = (None, date.max)
_OFFSETS = {"大前": -3, "前": -2, "昨": -1, "夜": -1, "今": 0, "明": 1, "后": 2, "大后": 3}
_LUNAR_MONTHS = {"正": 1, "冬": 11, "腊": 12}


class NoDay(Exception):
    """What looked like a day and is none."""


class Days:
    """What days an expression names, seen from `today`. A week or a month that was named holds for what follows."""

    def __init__(self, today: date, calendar: WorkingCalendar, *, today_is_over: bool) -> None:
        self._today = today
        self._calendar = calendar
        self._monday = today - timedelta(days=today.weekday())
        self._today_is_over = today_is_over
        self._named_monday: date | None = None
        self._named_month: tuple[int, int] | None = None

    def span(self, said: Said) -> Span | None:
        """The first and the last day, None for an open end; None as a whole where no day can be told.

        Raises ValueError for a day that no calendar has, NoDay for what is no day after all.
        """
        reader: Callable[[Mapping[str, str], str], Span | None] = getattr(self, f"_{said.kind}")
        span = reader(said.parts, said.words)
        if span is None or said.bound is None:
            return span
        if said.kind == "month" and said.bound == "after" and not said.parts.get("month", "1").isdecimal():
            # 三月后: after March, or in three months?
            return None
        first, last = span
        if said.bound == "after" or first is None:
            return first, None
        return None, last if said.words[-1] in "底末" else first - timedelta(days=1)

    def one(self, said: Said) -> date | None:
        """The one day, where there is one."""
        try:
            first, last = self.span(said) or _UNTOLD
        except (NoDay, ValueError, OverflowError):
            return None
        return first if first == last else None

    def deadline(self, said: Said) -> date | None:
        """The day by which something is wanted that falls on what was said; a whole month tells none."""
        if said.bound != "before" and said.words[-1] not in "底末":
            return self.one(said)
        try:
            return (self.span(said) or _UNTOLD)[1]
        except (NoDay, ValueError, OverflowError):
            return None

    def _date(self, parts: Mapping[str, str], words: str) -> Span | None:
        year, month = int(parts["year"]), value(parts["month"])
        self._named_month = year, month
        return _only(date(year, month, value(parts["day"])))

    def _month_day(self, parts: Mapping[str, str], words: str) -> Span | None:
        if "mark" not in parts and not parts["day"].isdecimal():
            # 十月十八: of the sun or of the moon?
            return None
        month, day = value(parts["month"]), value(parts["day"])
        year = self._year(parts["year"]) if "year" in parts else self._nearest_year(month, day)
        self._named_month = year, month
        return _only(date(year, month, day))

    def _year(self, word: str) -> int:
        years = {"今年": 0, "明年": 1, "后年": 2, "去年": -1, "前年": -2}
        if word in years:
            return self._today.year + years[word]
        return int("".join(str(NUMERALS.get(c, c)) for c in word.removesuffix("年")))

    def _nearest_year(self, month: int, day: int) -> int:
        """That of the nearest such day, before or after today."""
        years = range(self._today.year - 1, self._today.year + 2)
        return min(years, key=lambda year: abs(date(year, month, min(max(day, 1), 28)) - self._today))

    def _dotted(self, parts: Mapping[str, str], words: str) -> Span | None:
        month, day = int(parts["month"]), int(parts["day"])
        found = date(self._nearest_year(month, day), month, day)
        if found < self._today:
            # 9.30 in November is as likely half past nine.
            raise NoDay
        return _only(found)

    def _day(self, parts: Mapping[str, str], words: str) -> Span | None:
        day = value(parts["day"])
        if which := parts.get("which"):
            return _only(date(*self._months_on(_steps(which)), day))
        return _only(self._of_named_month(day))

    def _of_named_month(self, day: int) -> date:
        """The day in the month that was just named; else the next one that comes."""
        if self._named_month:
            return date(*self._named_month, day)
        for months in range(0 if day >= self._today.day else 1, 3):
            year, month = self._months_on(months)
            if 1 <= day <= monthrange(year, month)[1]:
                return date(year, month, day)
        raise ValueError(day)

    def _days(self, parts: Mapping[str, str], words: str) -> Span | None:
        first, last = value(parts["from"]), value(parts["to"])
        if "month" in parts:
            month = value(parts["month"])
            self._named_month = self._nearest_year(month, first), month
        end = self._of_named_month(last)
        if first > last:
            raise ValueError(words)
        return end.replace(day=first), end

    def _months_on(self, count: int) -> tuple[int, int]:
        months = self._today.year * 12 + self._today.month - 1 + count
        return months // 12, months % 12 + 1

    def _lunar(self, parts: Mapping[str, str], words: str) -> Span | None:
        day = value((parts.get("day") or parts.get("alone") or parts["new_year"]).removeprefix("初"))
        month = "正" if "new_year" in parts else parts.get("month")
        if month is None:
            return _only(self._next_lunar(day))
        number = _LUNAR_MONTHS.get(month) or value(month)
        leap = int("leap" in parts)
        near = []
        for year in range(self._today.year - 2, self._today.year + 2):
            # Not every year has this leap month.
            with suppress(ValueError):
                near.append((abs(LunarDate(year, number, min(day, 29), leap).to_solar_date() - self._today), year))
        if not near:
            raise ValueError(words)
        return _only(LunarDate(min(near)[1], number, day, leap).to_solar_date())

    def _next_lunar(self, day: int) -> date:
        ahead = day - _lunar_day(self._today)
        # Months of the moon have 29 or 30 days.
        for days in (ahead, ahead + 29, ahead + 30, ahead + 59):
            found = self._today + timedelta(days=days)
            if days >= 0 and _lunar_day(found) == day:
                return found
        raise ValueError(day)

    def _near(self, parts: Mapping[str, str], words: str) -> Span | None:
        return _only(self._today + timedelta(days=_OFFSETS[words[: 2 if words[0] == "大" else 1]]))

    def _weekday(self, parts: Mapping[str, str], words: str) -> Span | None:
        day = parts["weekday"]
        first = _WEEKDAYS[day]
        last = _WEEKDAYS[parts["more"][-1]] if "more" in parts else 6 if day == "末" else first
        if last < first:
            raise NoDay
        monday = self._named_monday or self._monday
        if which := parts.get("which"):
            monday = self._monday + timedelta(weeks=_steps(which))
        elif self._named_monday is None:
            gone = monday + timedelta(days=last) < self._today
            if gone or (last == self._today.weekday() and self._today_is_over):
                monday += timedelta(weeks=1)
        return monday + timedelta(days=first), monday + timedelta(days=last)

    def _week(self, parts: Mapping[str, str], words: str) -> Span | None:
        self._named_monday = self._monday + timedelta(weeks=_steps(parts["which"]))
        return self._named_monday, self._named_monday + timedelta(days=6)

    def _later(self, parts: Mapping[str, str], words: str) -> Span | None:
        if "next" in parts:
            return _only(self._calendar.add_working_days(self._today, 1))
        unit = parts["unit"].removeprefix("个")
        if parts["count"] == "半":
            return _only(self._today + timedelta(days=15)) if unit == "月" else None
        count = number(parts["count"])
        if count is None or count > FARTHEST:
            return None
        if unit == "工作日":
            return _only(self._calendar.add_working_days(self._today, count))
        if unit == "月":
            year, month = self._months_on(count)
            return _only(date(year, month, min(self._today.day, monthrange(year, month)[1])))
        return _only(self._today + timedelta(days=count * (1 if unit == "天" else 7)))

    def _month(self, parts: Mapping[str, str], words: str) -> Span | None:
        part = parts.get("part", "")
        if which := parts.get("which"):
            year, month = self._months_on(_steps(which))
        elif "month" in parts:
            month = value(parts["month"])
            year = self._nearest_year(month, 28)
        elif "year_end" in parts:
            year, month = self._today.year, 12
        else:
            year, month = self._months_on(1 if part in ("初", "上旬") and self._today.day > 10 else 0)
        length = monthrange(year, month)[1]
        first, last = {
            "": (1, length), "初": (1, 10), "上旬": (1, 10), "中旬": (11, 20), "下旬": (21, length),
        }.get(part, (length - 6, length))  # fmt: skip
        if date(year, month, last) < self._today:
            raise NoDay
        if not part:
            self._named_month = year, month
        return date(year, month, first), date(year, month, last)

    def _holiday(self, parts: Mapping[str, str], words: str) -> Span | None:
        name = next((name for said, name in _HOLIDAYS.items() if said in words), None)
        if "before" in parts:
            days = (self._today + timedelta(days=ahead) for ahead in range(366))
            named = ((day, self._calendar.holiday_of(day)) for day in days)
            first = next((day for day, holiday in named if holiday and name in (None, holiday)), None)
            return None if first is None else (None, first - timedelta(days=1))
        after = self._calendar.after_holiday(self._today, name)
        if after is None:
            return None
        return _only(after) if "nth" in parts else (after, None)

    def _these_days(self, parts: Mapping[str, str], words: str) -> Span | None:
        ahead = {"两": 2, "三": 3}.get(parts["count"], 6)
        return self._today, self._today + timedelta(days=ahead)

    def _now(self, parts: Mapping[str, str], words: str) -> Span | None:
        return _only(self._today)

    def _vague(self, parts: Mapping[str, str], words: str) -> Span | None:
        return None


def _only(day: date) -> Span:
    return day, day


def _lunar_day(day: date) -> int:
    return int(LunarDate.from_solar_date(day.year, day.month, day.day).day)


def _steps(which: str) -> int:
    """How many weeks or months on: 下下 2, 这 0, 上 -1."""
    return which.count("下") - which.count("上")
