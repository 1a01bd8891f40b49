"""The one source of time. Instants are aware UTC; Asia/Shanghai only where people read them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Protocol
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
_WEEKDAYS = "一二三四五六日"


class Clock(Protocol):
    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class FixedClock:
    """A clock that stands still until it is set: for tests and for replayed dialogues."""

    instant: datetime

    def now(self) -> datetime:
        return self.instant


def spell_day(day: date) -> str:
    """A day as residents read it: 12月1日（周二）."""
    return f"{day.month}月{day.day}日（周{_WEEKDAYS[day.weekday()]}）"


def spell_hour(at: datetime) -> str:
    """The time of day of an aware instant in Asia/Shanghai, as residents read it: 9点30分, 13点."""
    return spell_time(at.astimezone(SHANGHAI).time())


def spell_time(at: time) -> str:
    """A time of day as residents read it: 9点30分, 14点."""
    return f"{at.hour}点{at.minute}分" if at.minute else f"{at.hour}点"


def spell_moment(at: datetime) -> str:
    """Day and time of an aware instant in Asia/Shanghai, as residents read them: 12月2日（周三）9点30分."""
    return spell_day(at.astimezone(SHANGHAI).date()) + spell_hour(at)
