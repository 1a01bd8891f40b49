"""Which hour of an office is meant: the one that was asked for, or why it cannot be had and what is near it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from citizen_bot.appointments.service import Appointment, Hour
from citizen_bot.catalog.model import Guide, Site
from citizen_bot.dialogue.desk import Desk
from citizen_bot.dialogue.model import Choices, Task, Text
from citizen_bot.dialogue.tasks.steps import Next, asked, led
from citizen_bot.dialogue.whereabouts import Whereabouts
from citizen_bot.platform.calendar import WorkingCalendar
from citizen_bot.platform.clock import SHANGHAI, spell_day, spell_hour, spell_moment, spell_time
from citizen_bot.rules import AppointmentRules
from citizen_bot.wordings import Wordings

# So many hours are offered where the day is open, and so many within one day.
OFFERED, OFFERED_OF_A_DAY = 4, 9
NOON = time(12)


@dataclass(frozen=True, slots=True)
class Found:
    """Either the `hour` that is meant, or the hours `offered`; `of_day`: all of the day that was asked for. `note` is
    said before either: why it is not the hour that was asked for, or that another may be chosen."""

    hour: Hour | None = None
    note: str | None = None
    offered: tuple[Hour, ...] = ()
    of_day: bool = False


class Hours:
    def __init__(
        self, rules: AppointmentRules, calendar: WorkingCalendar, whereabouts: Whereabouts, wordings: Wordings
    ) -> None:
        self._rules = rules
        self._calendar = calendar
        self._where = whereabouts
        self._say = wordings

    def find(self, task: Task, site: Site, guide: Guide, desk: Desk) -> Found:
        """What `task` asks for at `site`."""
        first, last = desk.bookable_days()
        if "earliest" in task.told:
            soonest = [hour for hour in desk.free_hours(site, guide, first, last) if not hour.extended]
            soonest = [hour for hour in soonest if task.period in (None, _period_of(hour))] or soonest
            return Found(soonest[0]) if soonest else Found()
        if task.day is None:
            return self._within(task, site, guide, desk, max(first, task.first_day or first), task.last_day or last)
        if task.day > last:
            why = self._say("day_too_far", last=spell_day(last))
            return Found(note=why, offered=self._backwards(site, guide, desk, first, last))
        free = desk.free_hours(site, guide, task.day, task.day)
        wanted = _usual([hour for hour in free if task.period is None or _period_of(hour) == task.period])
        if task.at is not None and (exact := self._at_time(task, task.at, free)):
            return exact
        if task.at is not None or not wanted:
            why = self._why_not(task, free, desk.closed_because(site, guide, task.day))
            same_day = (wanted or free) if task.at is not None else _usual(free)
            return self._instead(task, why, same_day, site, guide, desk)
        if task.period is not None:
            return Found(wanted[0], self._first_of(task, task.day, wanted))
        return Found(offered=tuple(wanted[:OFFERED_OF_A_DAY]), of_day=True)

    def _at_time(self, task: Task, at: time, free: Sequence[Hour]) -> Found | None:
        exact = next((hour for hour in free if _holds(hour, at)), None)
        if exact is None:
            return None
        start = exact.starts_at.astimezone(SHANGHAI)
        within = start.time() != at and task.day is not None
        return Found(exact, self._say("hour_within", at=spell_time(at), hour=spell_hour(start)) if within else None)

    def _first_of(self, task: Task, day: date, wanted: Sequence[Hour]) -> str:
        """Of half a day the first hour is taken; the others can be had by naming them."""
        half = self._say(f"period_{task.period}", day=spell_day(day))
        others = "、".join(spell_hour(hour.starts_at) for hour in wanted[1:])
        first = spell_hour(wanted[0].starts_at)
        if not others:
            return self._say("hour_only", half=half, hour=first)
        return self._say("hour_first", half=half, hour=first, others=others)

    def ask(self, task: Task, found: Found, site: Site) -> Next:
        """The question for the day or the hour, with what can be had."""
        lead = [found.note] if found.note else []
        if not found.offered:
            none = self._say("no_hours", site=self._where.named(site))
            return led(asked(replace(task, day=None), "day", none), lead)
        starts = [hour.starts_at.isoformat() for hour in found.offered]
        options = tuple(self.spell(hour) for hour in found.offered)
        if found.of_day:
            day = spell_day(task.day) if task.day else ""
            prompt = self._say("other_hours") if found.note else self._say("ask_hour", day=day)
            return led(asked(task, "hour", Choices(prompt, options), starts), lead)
        following = asked(
            task, "day", Choices(self._say("nearest_hours" if found.note else "ask_day"), options), starts
        )
        hint = Text(self._say("ask_day_hint"))
        return led(replace(following, parts=(*following.parts, hint)), lead)

    @staticmethod
    def dated(task: Task, starts_at: datetime) -> Task:
        """`task`, for which any day would do, at the hour that was found."""
        start = starts_at.astimezone(SHANGHAI)
        return replace(task, day=start.date(), period="am" if start.time() < NOON else "pm", at=start.time())

    def spell(self, hour: Hour | Appointment) -> str:
        """An hour as it is told: 12月2日（周三）9点30分."""
        spelled = spell_moment(hour.starts_at)
        return self._say("hour_extended", hour=spelled) if hour.extended else spelled

    def _within(self, task: Task, site: Site, guide: Guide, desk: Desk, first: date, last: date) -> Found:
        """The earliest hours of a range of days, of each half day the first, so that there is a choice."""
        bookable, end = desk.bookable_days()
        why = None
        if first > end:
            return Found(
                note=self._say("day_too_far", last=spell_day(end)),
                offered=self._backwards(site, guide, desk, bookable, end),
            )
        free = desk.free_hours(site, guide, first, min(last, end))
        wanted = [hour for hour in free if task.period is None or _period_of(hour) == task.period]
        if task.at is not None:
            wanted = [hour for hour in wanted if _holds(hour, task.at)] or wanted
        usual = _usual(wanted)
        if not usual and (task.first_day or task.last_day or task.period):
            usual = desk.free_hours(site, guide, bookable, end, OFFERED)
            why = self._say("other_hours") if usual else None
            return Found(note=why, offered=tuple(usual))
        return Found(offered=_spread(usual))

    def _instead(self, task: Task, why: str, same_day: Sequence[Hour], site: Site, guide: Guide, desk: Desk) -> Found:
        """What is near to the day that was asked for: the rest of it, else the days around it."""
        if same_day:
            return Found(note=why, offered=tuple(same_day[:OFFERED_OF_A_DAY]), of_day=True)
        first, last = desk.bookable_days()
        free = [hour for hour in desk.free_hours(site, guide, first, last) if not hour.extended]
        day = task.day or first
        near = sorted(free, key=lambda hour: (abs((_day(hour) - day).days), _day(hour) < day, hour.starts_at))
        return Found(note=why, offered=tuple(sorted(near[:OFFERED], key=lambda hour: hour.starts_at)))

    def _why_not(self, task: Task, free: Sequence[Hour], closed: str | None) -> str:
        day = task.day
        if day is None:
            raise ValueError("only a day can be refused")
        spelled = spell_day(day)
        if not free and closed is not None and self._calendar.is_working_day(day):
            return self._say("day_site_closed", day=spelled, reason=closed)
        if free and task.at is not None and not self._is_office_hour(task.at):
            return self._say("day_not_hours")
        if task.at is not None:
            return self._say("day_full", day=f"{spelled}{spell_time(task.at)}")
        if free:
            return self._say("day_full", day=self._say(f"period_{task.period}", day=spelled))
        if not self._calendar.is_working_day(day):
            holiday = self._calendar.holiday_of(day)
            if holiday:
                return self._say("day_holiday", day=spelled, holiday=holiday)
            return self._say("day_closed", day=spelled)
        return self._say("day_full", day=spelled)

    def _is_office_hour(self, at: time) -> bool:
        length = timedelta(minutes=self._rules.minutes)
        return any(_between(start, at, length) for start in self._rules.hours)

    def _backwards(self, site: Site, guide: Guide, desk: Desk, first: date, last: date) -> tuple[Hour, ...]:
        """The last hours that can be booked now."""
        free = [hour for hour in desk.free_hours(site, guide, first, last) if not hour.extended]
        days = sorted({_day(hour) for hour in free})[-2:]
        return _spread([hour for hour in free if _day(hour) in days])


def _period_of(hour: Hour) -> str:
    return "am" if hour.starts_at.astimezone(SHANGHAI).time() < NOON else "pm"


def _usual(hours: Sequence[Hour]) -> Sequence[Hour]:
    """Extended hours are for who asks for them, or where there are no others."""
    return [hour for hour in hours if not hour.extended] or hours


def _day(hour: Hour) -> date:
    return hour.starts_at.astimezone(SHANGHAI).date()


def _holds(hour: Hour, at: time) -> bool:
    start = hour.starts_at.astimezone(SHANGHAI)
    return _between(start.time(), at, hour.ends_at - hour.starts_at)


def _between(start: time, at: time, length: timedelta) -> bool:
    day = date.min
    begins = datetime.combine(day, start)
    return begins <= datetime.combine(day, at) < begins + length


def _spread(hours: Sequence[Hour]) -> tuple[Hour, ...]:
    """The first of each half day, at most a few."""
    firsts: dict[tuple[date, str], Hour] = {}
    for hour in hours:
        firsts.setdefault((_day(hour), _period_of(hour)), hour)
    return tuple(list(firsts.values())[:OFFERED])
