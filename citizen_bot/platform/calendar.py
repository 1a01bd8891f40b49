"""Working days and opening hours of the Chinese calendar, with its moved holidays (调休) and an office's own days.

The holidays come from the chinesecalendar package, whose data end with a year (`data_until`). After it, Monday to
Friday count as working days and the office's own file says what differs, until a newer package brings the year.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import chinese_calendar
import structlog
import yaml
from chinese_calendar.constants import holidays
from marshmallow import Schema, ValidationError, fields

from citizen_bot.platform.clock import SHANGHAI

# Half-open spans of a working day, Asia/Shanghai: at 11:30 sharp the doors are closed.
OPENING_HOURS = ((time(8, 30), time(11, 30)), (time(13, 30), time(17, 0)))
CLOSING = OPENING_HOURS[-1][1]
OVERRIDES_FILE = "calendar.yaml"
ENDS_SOON = timedelta(days=60)

log = structlog.get_logger(__name__)


class CalendarError(Exception):
    """The office's own calendar file is wrong. `faults` has a sentence for each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


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

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        return super()._deserialize(value, attr, data, **kwargs)


class _OverridesSchema(Schema):
    days_off = fields.List(_Day(format="iso"), load_default=list)
    working_days = fields.List(_Day(format="iso"), load_default=list)


def load_calendar(guides_dir: Path) -> WorkingCalendar:
    """The calendar with the days of guides/calendar.yaml, where there is one. Raises CalendarError with all faults."""
    file = guides_dir / OVERRIDES_FILE
    if not file.exists():
        return WorkingCalendar()
    try:
        loaded = _OverridesSchema().load(yaml.safe_load(file.read_text("utf-8")) or {})
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CalendarError([f"{file}: is not readable as YAML: {error}"]) from error
    except ValidationError as error:
        raise CalendarError([f"{file}: {fault}" for fault in _flat(error.messages)]) from error
    days_off, working_days = frozenset(loaded["days_off"]), frozenset(loaded["working_days"])
    both = sorted(days_off & working_days)
    if both:
        raise CalendarError([f"{file}: {day} is in days_off and in working_days" for day in both])
    return WorkingCalendar(days_off=days_off, working_days=working_days)


def _flat(messages: Any, path: str = "") -> Iterator[str]:
    """`{"days_off": {0: ["Not a valid date."]}}` as `days_off.0: Not a valid date.`"""
    if isinstance(messages, dict):
        for key, inner in messages.items():
            yield from _flat(inner, f"{path}.{key}" if path else str(key))
    else:
        yield from (f"{path}: {message}" for message in messages)
