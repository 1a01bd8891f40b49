"""Working days and opening hours of the Chinese calendar, with its moved holidays (调休) and an office's own days.

The holidays come from the chinesecalendar package, whose data end with a year (`data_until`). After it, Monday to
Friday count as working days and the office's own file says what differs, until a newer package brings the year.

Opening time is counted in half-open spans on the clock of Asia/Shanghai, which has had no summer time since 1991.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import chinese_calendar
import structlog
from borax.calendars.lunardate import LunarDate
from chinese_calendar.constants import Holiday, holidays
from marshmallow import fields

from citizen_bot.documents import Fault, FaultyFiles, FileSchema, load
from citizen_bot.platform.clock import SHANGHAI

# Half-open spans of a working day, Asia/Shanghai: at 11:30 sharp the doors are closed.
OPENING_HOURS = ((time(8, 30), time(11, 30)), (time(13, 30), time(17, 0)))
CLOSING = OPENING_HOURS[-1][1]
OVERRIDES_FILE = "calendar.yaml"
ENDS_SOON = timedelta(days=60)
# Scanned once: the table is long, and every question about a day asks for its end.
_DATA_UNTIL = date(max(holidays).year, 12, 31)
# The first day off of a holiday, where neither the moon nor the sun need be asked for more.
_FIXED_HOLIDAYS = {"元旦": (1, 1), "劳动节": (5, 1), "国庆节": (10, 1)}
_A_YEAR = timedelta(days=366)

Span = tuple[datetime, datetime]

log = structlog.get_logger(__name__)


class WorkingCalendar:
    """Which days are worked and when the doors are open. No I/O; any thread may use it."""

    def __init__(self, *, days_off: frozenset[date] = frozenset(), working_days: frozenset[date] = frozenset()) -> None:
        """`days_off` and `working_days` are the office's own and win over the national calendar."""
        self._days_off = days_off
        self._working_days = working_days
        self._end_told = False

    def is_working_day(self, day: date) -> bool:
        if day in self._working_days:
            return True
        if day in self._days_off:
            return False
        if day > self.data_until():
            self._tell_end()
            return day.weekday() < 5
        return bool(chinese_calendar.is_workday(day))

    def is_open(self, instant: datetime) -> bool:
        """`instant` is aware."""
        local = instant.astimezone(SHANGHAI)
        within = any(start <= local.time() < end for start, end in OPENING_HOURS)
        return within and self.is_working_day(local.date())

    def next_opening(self, instant: datetime) -> datetime:
        """The next time that the doors are opened, at or after `instant` (aware), in Asia/Shanghai."""
        local = instant.astimezone(SHANGHAI)
        day = local.date() if self.is_working_day(local.date()) else self.add_working_days(local.date(), 1)
        for start, _ in OPENING_HOURS:
            opening = datetime.combine(day, start, SHANGHAI)
            if opening >= local:
                return opening
        return datetime.combine(self.add_working_days(day, 1), OPENING_HOURS[0][0], SHANGHAI)

    def spans(self, day: date) -> tuple[Span, ...]:
        """The half-open (start, end) of opening on `day`, in order, aware in Asia/Shanghai; empty on a day off."""
        if not self.is_working_day(day):
            return ()
        return tuple(
            (datetime.combine(day, start, SHANGHAI), datetime.combine(day, end, SHANGHAI))
            for start, end in OPENING_HOURS
        )

    def add_working_minutes(self, start: datetime, minutes: int) -> datetime:
        """The first instant at which `minutes` of opening time have passed since `start` (aware), in Asia/Shanghai.

        A start outside the opening hours counts from the next opening. Time that is used up exactly at a closing ends
        there and not at the next opening, so the answer may be the end of a span. Raises ValueError below 0.
        """
        if minutes < 0:
            raise ValueError("minutes must not be negative")
        left = timedelta(minutes=minutes)
        instant = start.astimezone(SHANGHAI)
        if not self.is_open(instant):
            instant = self.next_opening(instant)
        while True:
            for begin, end in self.spans(instant.date()):
                begin = max(begin, instant)
                if begin + left <= end:
                    return begin + left
                left -= max(end - begin, timedelta())
            next_day = self.add_working_days(instant.date(), 1)
            instant = datetime.combine(next_day, OPENING_HOURS[0][0], SHANGHAI)

    def working_minutes_between(self, start: datetime, end: datetime) -> int:
        """The full minutes of opening time from `start` to `end` (both aware); negative where `end` is earlier."""
        if end < start:
            return -self.working_minutes_between(end, start)
        start, end = start.astimezone(SHANGHAI), end.astimezone(SHANGHAI)
        passed = timedelta()
        day = start.date()
        while day <= end.date():
            for begin, close in self.spans(day):
                passed += max(min(close, end) - max(begin, start), timedelta())
            day += timedelta(days=1)
        return passed // timedelta(minutes=1)

    def deadline_days(self, start: datetime, days: int) -> datetime:
        """The closing time of the `days`-th working day after the day of `start` (aware), in Asia/Shanghai.

        The day of `start` does not count (Civil Code, art. 201), days off do not either (Administrative Licence Law,
        art. 82). Raises ValueError below 1.
        """
        if days < 1:
            raise ValueError("days must be at least 1")
        return datetime.combine(self.add_working_days(start.astimezone(SHANGHAI).date(), days), CLOSING, SHANGHAI)

    def working_days_between(self, start: date, end: date) -> int:
        """How many working days after `start` the day `end` is, itself included if it is one: what `add_working_days`
        adds. Negative where `end` is earlier."""
        step = timedelta(days=1 if end > start else -1)
        count = 0
        while start != end:
            start += step
            count += self.is_working_day(start)
        return count * step.days

    def holiday_of(self, day: date) -> str | None:
        """The holiday that `day` is off for, weekends and moved days within it included, in its Chinese name (国庆节).

        None on any other day, on days off that only the office has, and after `data_until`.
        """
        english = holidays.get(day)
        return str(Holiday(english).chinese) if english and not self.is_working_day(day) else None

    def after_holiday(self, day: date, name: str | None = None) -> date | None:
        """The first working day after the holiday that `day` is in or that comes next, within a year.

        `name`: one of the names of `holiday_of`; without one, whichever comes first. None where the holiday lies after
        `data_until`, unless the office has put its first day into its own file.
        """
        near = (off for off in holidays if day <= off <= day + _A_YEAR)
        first = min((off for off in near if (found := self.holiday_of(off)) and name in (None, found)), default=None)
        if first is None:
            own = (off for off in self._first_days_off(day, name) if off > self.data_until() and off in self._days_off)
            first = min(own, default=None)
        return None if first is None else self.add_working_days(first, 1)

    @staticmethod
    def _first_days_off(day: date, name: str | None) -> Iterator[date]:
        """The days from `day` on, of this year and the next, that the holidays with a day of their own begin with."""
        for year in (day.year, day.year + 1):
            firsts = {holiday: date(year, *month_day) for holiday, month_day in _FIXED_HOLIDAYS.items()}
            firsts["春节"] = LunarDate(year, 1, 1).to_solar_date()
            yield from (first for holiday, first in firsts.items() if first >= day and name in (None, holiday))

    def add_working_days(self, day: date, count: int) -> date:
        """The `count`-th working day after `day`, or before it for a negative count. `day` itself is not counted, and
        is the answer for a count of 0."""
        step = timedelta(days=1 if count > 0 else -1)
        for _ in range(abs(count)):
            day += step
            while not self.is_working_day(day):
                day += step
        return day

    @staticmethod
    def data_until() -> date:
        """The last day for which the national holidays are known."""
        return _DATA_UNTIL

    def warning(self, today: date) -> str | None:
        """A sentence for the operator when the known holidays end within 60 days or have ended."""
        until = self.data_until()
        if until - today > ENDS_SOON:
            return None
        return f"national holidays are known until {until}; upgrade chinesecalendar or fill in guides/{OVERRIDES_FILE}"

    def _tell_end(self) -> None:
        if not self._end_told:
            self._end_told = True
            log.warning("holiday data have ended, weekdays count as working days", until=str(self.data_until()))


class _Day(fields.Date):
    """YAML reads an ISO day as a date already."""

    default_error_messages = {"invalid": "应为日期，如 2027-01-01"}  # noqa: RUF012

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        return super()._deserialize(value, attr, data, **kwargs)


class _OverridesSchema(FileSchema):
    days_off = fields.List(_Day(), load_default=list)
    working_days = fields.List(_Day(), load_default=list)


def load_calendar(guides_dir: Path) -> WorkingCalendar:
    """The calendar with the days of guides/calendar.yaml, where there is one. Raises FaultyFiles with all faults."""
    path = guides_dir / OVERRIDES_FILE
    if not path.exists():
        return WorkingCalendar()
    file = f"{guides_dir.name}/{OVERRIDES_FILE}"
    loaded = load(path, file, _OverridesSchema())
    days_off, working_days = frozenset(loaded["days_off"]), frozenset(loaded["working_days"])
    both = [Fault(file, None, "", f"{day} 又是休息日又是上班日") for day in sorted(days_off & working_days)]
    if both:
        raise FaultyFiles(both)
    return WorkingCalendar(days_off=days_off, working_days=working_days)
