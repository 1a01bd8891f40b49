"""What agents and staff fill in on a task's page: checked, and told all at once what is wrong. Pure.

What a mistake reads like stands in templates/pages/task.html, under its `key`.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Literal

from citizen_bot.platform.calendar import OPENING_HOURS, WorkingCalendar
from citizen_bot.platform.clock import SHANGHAI
from citizen_bot.visits.service import Taken

DAYS_AHEAD = 10
STEP = timedelta(minutes=30)
# Rows of the form for what is taken over: papers, and money.
PAPERS, SUMS = range(6), range(2)
LONGEST_NAME, LONGEST_REASON = 40, 200
MOST_PIECES = 999

_PIECES = re.compile(r"0*(\d{1,3})(?:份|张|本|个)?")
_AMOUNT = re.compile(r"[¥￥]?(\d{1,8}(?:\.\d{1,2})?)(?:元|块|块钱)?")

Key = Literal[
    "no_day", "no_hour", "past", "not_offered", "no_reason", "too_long", "no_name", "no_pieces", "no_amount",
    "name_too_long", "nothing",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mistake:
    """`field` is the id of the input it is about, `said` what the row is called by who filled it in."""

    key: Key
    field: str
    said: str = ""


class Mistakes(Exception):
    """Nothing was done: `mistakes` are all of the form's."""

    def __init__(self, *mistakes: Mistake) -> None:
        super().__init__(", ".join(mistake.key for mistake in mistakes))
        self.mistakes = mistakes


def days_offered(calendar: WorkingCalendar, now: datetime) -> list[date]:
    """Today, while the doors are still to be open, and the next working days."""
    today = now.astimezone(SHANGHAI).date()
    left = any(start > now for start, _ in calendar.spans(today)) or calendar.is_open(now)
    following = [calendar.add_working_days(today, count) for count in range(1, DAYS_AHEAD + 1)]
    return [today, *following] if left else following


def hours_offered() -> list[time]:
    """Every half hour at which the doors are open."""
    found = []
    for start, end in OPENING_HOURS:
        # Of no particular day.
        at, close = (datetime.combine(date.min, edge) for edge in (start, end))
        while at < close:
            found.append(at.time())
            at += STEP
    return found


def read_coming(form: Mapping[str, str], calendar: WorkingCalendar, now: datetime) -> datetime:
    """When somebody comes, aware, in Asia/Shanghai. Raises Mistakes."""
    empty: list[Mistake] = []
    if not form.get("day"):
        empty.append(Mistake("no_day", "day"))
    if not form.get("hour"):
        empty.append(Mistake("no_hour", "hour"))
    if empty:
        raise Mistakes(*empty)
    day = next((day for day in days_offered(calendar, now) if day.isoformat() == form["day"]), None)
    hour = next((hour for hour in hours_offered() if f"{hour:%H:%M}" == form["hour"]), None)
    if day is None or hour is None:
        raise Mistakes(Mistake("not_offered", "day" if day is None else "hour"))
    coming_at = datetime.combine(day, hour, SHANGHAI)
    if coming_at <= now:
        raise Mistakes(Mistake("past", "hour"))
    return coming_at


def read_reason(form: Mapping[str, str]) -> str:
    """Raises Mistakes."""
    reason = _plain(form.get("reason", ""))
    if not reason:
        raise Mistakes(Mistake("no_reason", "reason"))
    if len(reason) > LONGEST_REASON:
        raise Mistakes(Mistake("too_long", "reason"))
    return reason


def read_taken(form: Mapping[str, str]) -> list[Taken]:
    """What was taken over; rows that were left empty aside. Raises Mistakes."""
    taken: list[Taken] = []
    wrong: list[Mistake] = []
    for number in PAPERS:
        name, pieces = (_plain(form.get(f"{part}_{number}", "")) for part in ("paper", "pieces"))
        found = _PIECES.fullmatch(_number(pieces))
        if not name and not pieces:
            continue
        wrong += _wrong_name(name, f"paper_{number}", pieces)
        if found is None or int(found[1]) == 0:
            wrong.append(Mistake("no_pieces", f"pieces_{number}", name))
        else:
            taken.append(Taken(name, pieces=int(found[1])))
    for number in SUMS:
        name, amount = (_plain(form.get(f"{part}_{number}", "")) for part in ("money", "amount"))
        found = _AMOUNT.fullmatch(_number(amount))
        if not name and not amount:
            continue
        wrong += _wrong_name(name, f"money_{number}", amount)
        if found is None or Decimal(found[1]) == 0:
            wrong.append(Mistake("no_amount", f"amount_{number}", name))
        else:
            taken.append(Taken(name, amount=Decimal(found[1])))
    if wrong:
        raise Mistakes(*wrong)
    if not taken:
        raise Mistakes(Mistake("nothing", "paper_0"))
    return taken


def _wrong_name(name: str, field: str, said: str) -> list[Mistake]:
    if not name:
        return [Mistake("no_name", field, said)]
    return [Mistake("name_too_long", field)] if len(name) > LONGEST_NAME else []


def _plain(text: str) -> str:
    """Without what no keyboard has, and blanks at the ends."""
    return "".join(c for c in text if c == "\n" or not unicodedata.category(c).startswith("C")).strip()


def _number(text: str) -> str:
    return re.sub(r"[\s,，]", "", unicodedata.normalize("NFKC", text))
