"""Which hours a day has, and whether one can still be booked. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from citizen_bot.appointments.records import Reason
from citizen_bot.platform.calendar import WorkingCalendar
from citizen_bot.platform.clock import SHANGHAI
from citizen_bot.rules import Office

_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Opening:
    """An hour of a day, whoever may have it. Both instants are aware, in Asia/Shanghai."""

    starts_at: datetime
    ends_at: datetime
    extended: bool


def bookable_days(office: Office, now: datetime) -> tuple[date, date]:
    """The first and the last day that can be booked now, of which not every one is open."""
    today = now.astimezone(SHANGHAI).date()
    return today, office.calendar.add_working_days(today, office.rules.appointments.opens_working_days_ahead)


def days_between(first: date, last: date) -> Iterator[date]:
    """Both inside; none where `last` is earlier."""
    return (first + timedelta(days=count) for count in range((last - first).days + 1))


def openings(office: Office, day: date) -> list[Opening]:
    """The hours of `day`, earliest first: on a working day the usual ones and one before and after, on a Saturday those
    of the morning (延时服务), none on any other day off."""
    rules = office.rules.appointments
    if office.calendar.is_working_day(day):
        starts = {**dict.fromkeys(rules.extended_hours, True), **dict.fromkeys(rules.hours, False)}
    elif _is_plain_saturday(office.calendar, day):
        starts = dict.fromkeys(rules.saturday_hours, True)
    else:
        return []
    length = timedelta(minutes=rules.minutes)
    begins = {datetime.combine(day, start, SHANGHAI): extended for start, extended in sorted(starts.items())}
    return [Opening(start, start + length, extended) for start, extended in begins.items()]


def opening_at(office: Office, starts_at: datetime) -> Opening | None:
    """The hour that begins at this instant (aware)."""
    day = starts_at.astimezone(SHANGHAI).date()
    return next((opening for opening in openings(office, day) if opening.starts_at == starts_at), None)


def judge(office: Office, now: datetime) -> Callable[[Opening], Reason | None]:
    """What tells why an hour can no longer, or not yet, be booked; None where it can."""
    rules = office.rules.appointments
    today, last = bookable_days(office, now)

    def why_not(opening: Opening) -> Reason | None:
        day = opening.starts_at.date()
        if now >= opening.starts_at:
            return "past"
        if day > last:
            return "too_early"
        if now >= opening.starts_at - timedelta(minutes=rules.closes_minutes_before):
            return "too_late"
        if opening.extended and today > office.calendar.add_working_days(day, -rules.extended_working_days_earlier):
            return "extended_too_late"
        return None

    return why_not


def _is_plain_saturday(calendar: WorkingCalendar, day: date) -> bool:
    """A Saturday that nobody works and that is not part of a holiday: the days around its weekend are worked, which
    also tells of holidays that only the office's own calendar has."""
    around = (day - timedelta(days=1), day + timedelta(days=2))
    return day.weekday() == _SATURDAY and calendar.holiday_of(day) is None and all(map(calendar.is_working_day, around))
