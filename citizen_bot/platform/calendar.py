"""Working days and opening hours of the Chinese calendar, with its moved holidays (调休) and an office's own days.

The holidays come from the chinesecalendar package, whose data end with a year (`data_until`). After it, Monday to
Friday count as working days and the office's own file says what differs, until a newer package brings the year.
"""

from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import chinese_calendar
import structlog
from chinese_calendar.constants import holidays
from marshmallow import fields

from citizen_bot.documents import Fault, FaultyFiles, FileSchema, load
from citizen_bot.platform.clock import SHANGHAI

# Half-open spans of a working day, Asia/Shanghai: at 11:30 sharp the doors are closed.
OPENING_HOURS = ((time(8, 30), time(11, 30)), (time(13, 30), time(17, 0)))
CLOSING = OPENING_HOURS[-1][1]
OVERRIDES_FILE = "calendar.yaml"
ENDS_SOON = timedelta(days=60)

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
        return date(max(holidays).year, 12, 31)

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
