"""What one message tells that a task may need, and the task with it."""

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, time

from citizen_bot.catalog.model import Division
from citizen_bot.dialogue.items import nearest
from citizen_bot.dialogue.model import Task
from citizen_bot.dialogue.signals import Signals, chosen_number
from citizen_bot.dialogue.tasks.details import Phone, identity_in, read_name, read_phone
from citizen_bot.dialogue.tasks.windows import Windows, town_code
from citizen_bot.dialogue.times.when import Period, When, read_when, without_times
from citizen_bot.dialogue.whereabouts import Place, Whereabouts
from citizen_bot.matching.matcher import Matcher
from citizen_bot.matching.model import Match
from citizen_bot.platform.calendar import WorkingCalendar
from citizen_bot.platform.clock import SHANGHAI, spell_day
from citizen_bot.wordings import Wordings

MOST_PLACES, MOST_ITEMS = 9, 4
# Who books has said what for: from this probability on, an item is offered.
OFFERED_FROM = 0.15
# A village that nobody has on a list is taken as it was said.
_VILLAGE = re.compile(r"[\u4e00-\u9fff]{1,6}(?:村|社区|小区|屯|庄|夼|疃|埠)(?![里上的人])")
_HOME_STEPS = ("place", "address", "name")


@dataclass(frozen=True, slots=True)
class Told:
    """`village` is the name of one that the catalogue does not have. `rest` is what was said besides all this."""

    text: str
    rest: str
    when: When | None
    places: tuple[Place, ...]
    village: str | None
    phone: Phone | None
    name: str | None
    whom: str | None
    relation: str | None
    reason: str | None
    decided: bool | None
    number: int | None


class Reader:
    def __init__(
        self,
        matcher: Matcher,
        signals: Signals,
        whereabouts: Whereabouts,
        windows: Windows,
        calendar: WorkingCalendar,
        wordings: Wordings,
    ) -> None:
        self._matcher = matcher
        self._signals = signals
        self._where = whereabouts
        self._windows = windows
        self._calendar = calendar
        self._say = wordings

    def read(self, text: str, task: Task, now: datetime) -> Told:
        """What `text` tells in answer to what `task` asks."""
        phone, left = read_phone(text, task.phone)
        when = read_when(left, now, self._calendar)
        untimed = without_times(left) if when is not None else left
        found = tuple(self._where.found(untimed))
        rest = self._where.without_names(untimed) if found else untimed
        village = _VILLAGE.search(rest) if task.kind == "visit" and task.asking in _HOME_STEPS else None
        nameless = rest.replace(village[0], " ") if village else rest
        # Who lives there often follows in the same breath: 赤家口村，宋德福.
        named_home = task.kind == "visit" and task.asking in _HOME_STEPS and bool(found or village)
        expected = task.asking in ("name", "phone") or named_home or phone is not None
        reason = self._signals.reason(text) if task.kind == "visit" else None
        return Told(
            text=text,
            rest=rest,
            when=when,
            places=found,
            village=village[0] if village else None,
            phone=phone,
            name=read_name(nameless, self._signals.not_names, asked=expected),
            whom=self._signals.whom(text),
            relation=self._signals.relation(text),
            reason=reason[0] if reason else None,
            decided=self._signals.decided(rest),
            number=chosen_number(text),
        )

    def subject(self, text: str) -> str:
        """What `text` wants something for, without when, where, for whom, and that it is to be booked."""
        _, left = read_phone(text)
        rest = self._signals.without_booking(self._where.without_names(without_times(left)))
        return self._signals.without_whom(rest)

    def digresses(self, text: str, told: Told) -> bool:
        """Whether the message asks something else, whatever it names on the way."""
        if told.number is not None or told.phone is not None or told.name is not None:
            return False
        if (told.when is not None and told.when.earliest) or self._signals.any_time(text):
            return False
        match = self._matcher.match(text)
        if match.intent in ("human", "complain", "progress", "rate") and match.decision == "answer":
            return True
        if not self._signals.asks(self._matcher.normal(text)) or (told.when is not None and told.when.day is not None):
            return False
        if match.intent == "site":
            return True
        return match.intent == "guide" and not told.places and (match.follow_up or match.decision == "answer")

    def says_else(self, text: str) -> bool:
        """Whether a message that answers nothing is understood as something of its own."""
        if self._signals.rude(text) or self._signals.injection(text):
            return True
        match = self._matcher.match(text)
        if match.intent in ("guide", "oos", "site"):
            understood = match.decision == "answer" or match.follow_up or match.topic is not None
            return understood and self._signals.asks(self._matcher.normal(text))
        return match.intent not in ("book", "visit", "cancel")

    def chosen(self, task: Task, told: Told) -> Task | None:
        """`task` with what was chosen among the offered; None where nothing was."""
        if not task.offered:
            return None
        if told.number is not None:
            return self._with_choice(task, task.offered[told.number - 1]) if told.number <= len(task.offered) else None
        if task.asking == "place":
            named = {code for place in told.places for code in (place.code, town_code(place))}
            inside = [code for code in task.offered if {code, self._town(code)} & named]
            return self._with_choice(task, inside[0]) if len(inside) == 1 else None
        if task.asking in ("day", "hour") and told.when and told.when.time and not told.when.day and task.day is None:
            same = [start for start in task.offered if _start(start).time() == told.when.time]
            return self._with_choice(task, same[0]) if len(same) == 1 else None
        return None

    def merge(self, task: Task, told: Told, lead: list[str]) -> Task:
        """`task` with what the message tells; what is wrong with it goes to `lead`."""
        if identity_in(told.text):
            lead.append(self._say("identity_not_needed"))
        if told.phone is not None and told.phone.number is None:
            lead.append(self._say("bad_phone"))
        merged = self._placed(task, told, lead)
        if told.when is not None:
            merged = self.timed(merged, told.when, lead)
        elif merged.asking == "wish" and (self._signals.any_time(told.text) or told.decided):
            merged = replace(merged, told=(*merged.told, "wish"))
        return replace(
            merged,
            phone=(told.phone.number if told.phone else None) or merged.phone,
            name=told.name or merged.name,
            whom=told.whom or merged.whom,
            relation=told.relation or merged.relation,
            reason=told.reason or merged.reason,
        )

    def timed(self, task: Task, when: When, lead: list[str]) -> Task:
        """`task` at the time that was said; what was left open stays as it was."""
        if when.no_such_day is not None:
            lead.append(self._say("day_no_such", day=when.no_such_day))
            return task
        if when.past:
            lead.append(self._say("day_past", day=spell_day(when.named)) if when.named else self._say("time_past"))
            return task
        if task.kind == "cancel":
            return task
        if when.vague:
            lead.append(self._say("day_vague"))
            return task
        if when.day is not None and when.day == task.day and when.time is None and when.period is None:
            lead.append(self._say("day_same", day=spell_day(when.day)))
            return task
        if when.earliest:
            return replace(task, told=tuple(dict.fromkeys((*task.told, "wish", "earliest"))))
        if not (when.day or when.first_day or when.last_day or when.period or when.time or when.first_time):
            return task
        return _at(task, when)

    def item_said(self, task: Task, text: str) -> Task:
        """`task` with the item that the message names in answer, or in place of the one before."""
        if task.kind in ("move", "cancel"):
            return task
        match = self._matcher.match(text)
        if task.item is not None and task.asking != "item":
            other = match.item if match.intent in ("book", "visit") and match.decision == "answer" else None
            return task if other in (None, task.item) else replace(task, item=other, hour=None, offered=())
        if task.item is not None:
            return task
        named = match.item if match.decision == "answer" else None
        if named is None and task.offered:
            named = self._matcher.choose(self._signals.without_references(text), task.offered)
        if named is not None:
            return replace(task, item=named, offered=(), hour=None)
        return replace(task, offered=near(match) or task.offered)

    def _placed(self, task: Task, told: Told, lead: list[str]) -> Task:
        if task.kind in ("move", "cancel"):
            return task
        if len(told.places) > 1:
            several = tuple(place.code for place in told.places[:MOST_PLACES])
            return replace(task, asking="place", place=None, offered=several, hour=None)
        named = told.places[0] if told.places else None
        if task.kind == "visit":
            return _home(task, named, told.village)
        place = self._where.hall_named(told.text) or named
        guide = self._windows.guide(task.item)
        if place is None:
            return task
        site = self._windows.site_for(place, guide) if guide else None
        if guide is not None and site is not None and site.level == "city" and place.code != site.code:
            lead.append(self._say("place_only", item=guide.name, site=self._where.named(site)))
        code = site.code if site else place.code
        return task if code == task.place else replace(task, place=code, hour=None, offered=_still_offered(task))

    def _with_choice(self, task: Task, choice: str) -> Task:
        task = replace(task, offered=())
        match task.asking:
            case "item":
                return replace(task, item=choice)
            case "place" if task.kind == "visit":
                return _home(task, self._windows.place(choice), None)
            case "place":
                return replace(task, place=choice, hour=None)
            case "day" | "hour":
                start = _start(choice)
                return replace(
                    task, day=start.date(), at=start.time(), period=_half(start.time()), first_day=None, last_day=None
                )
            case "target":
                return replace(task, target=choice)
            case _:
                return task

    def _town(self, code: str) -> str:
        place = self._windows.place(code)
        return town_code(place) if place else code


def near(match: Match) -> tuple[str, ...]:
    """The items that may be meant, where there are several; else none."""
    likely = match.candidates and (match.decision == "clarify" or match.candidates[0].score >= OFFERED_FROM)
    return nearest(match.candidates, MOST_ITEMS) if likely else ()


def _home(task: Task, place: Place | None, village: str | None) -> Task:
    """Where the person lives who is to be visited: a village of the catalogue, or one as it was said."""
    if isinstance(place, Division):
        return replace(task, place=place.code, address=place.name + (village or ""), offered=())
    if place is not None:
        return replace(task, place=place.code, address=village or task.address, offered=())
    return replace(task, address=village) if village else task


def _at(task: Task, when: When) -> Task:
    period, at = when.period, when.time or when.first_time
    if at is None and period is None and when.day is not None:
        period, at = task.period, task.at
    elif at is None and period is not None and period == task.period and when.day is None:
        at = task.at
    if at is not None and period is None:
        period = _half(at)
    first, last = when.first_day, when.last_day
    if when.day is None and first is None and last is None:
        first, last = task.first_day, task.last_day
    ranged = when.first_day is not None or when.last_day is not None
    day: date | None = when.day or (None if ranged else task.day)
    return replace(
        task,
        day=day,
        period=period,
        at=at,
        first_day=None if day else first,
        last_day=None if day else last,
        hour=None,
        offered=_still_offered(task),
        told=tuple(thing for thing in task.told if thing != "earliest"),
    )


def _still_offered(task: Task) -> tuple[str, ...]:
    """Which item is meant is not settled by a place or a time."""
    return task.offered if task.asking == "item" else ()


def _start(instant: str) -> datetime:
    return datetime.fromisoformat(instant).astimezone(SHANGHAI)


def _half(at: time) -> Period:
    return "am" if at.hour < 12 else "pm"
