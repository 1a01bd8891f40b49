"""What one message tells that a task may need, and the task with it."""

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, time

from citizen_bot.catalog.model import Division
from citizen_bot.dialogue.items import NEARBY, nearest
from citizen_bot.dialogue.model import Task
from citizen_bot.dialogue.patterns import plain
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
# Fewer characters name no item (上午, 好的吧 … are told or decided).
LEAST_OF_AN_ITEM = 2
# What is asked beside a time: the time belongs to the question (下午去要带什么).
_ASKED_WITH_A_TIME = ("materials", "fee", "amount", "time", "deadline", "online")
_LAST = re.compile(r"(?:那?就|我?[选要])*(?:最后|末了?)(?:那|一|这)?个?(?:吧|的)?")
# What is said around a name or a telephone number, and names no item.
_ABOUT_PERSON = re.compile(r"[我俺她他]?(?:叫|姓名|名字|的?(?:联系)?(?:电话|手机)号?码?|的?号码)(?:就?是)?")
_NO_HAN = re.compile(r"[^\u4e00-\u9fffa-zA-Z]+")
# A village that nobody has on a list is taken as it was said.
_VILLAGE = re.compile(r"[\u4e00-\u9fff]{1,6}(?:村|社区|小区|屯|庄|夼|疃|埠)(?![里上人]|的[^\s，,。])")
_HOME_STEPS = ("place", "address", "name")
# 南泊子村 is not 泊子村, nor 大庄子村 大庄.
_OTHER_BEFORE, _OTHER_AFTER = "[东西南北前后上下大小新老]", "[子家前后东西南北上下]{1,2}(?:村|庄|夼|疃)"
_PLACE_ENDING = re.compile(r"(?:村|社区)$")
# What is said around a home that nobody has on a list: 就在东头第三排那儿.
_AROUND_HOME = re.compile(r"^(?:就|是|在|住|俺|我|家|他|她|老人)+|(?:那儿|那边|那里|这儿|这边|附近|的|呢|吧|啊|呀)+$")
LONGEST_HOME = 20


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
    hall: bool

    @property
    def something(self) -> bool:
        """Whether anything that a task can use was told, be it known already."""
        return bool(
            self.when or self.places or self.hall or self.village or self.phone or self.name or self.whom or self.reason
        )


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
        home = task.kind == "visit" and (task.asking in _HOME_STEPS or task.place is None)
        if home:
            found = tuple(place for place in found if not _is_another(place, untimed))
        rest = self._where.without_names(untimed) if found else untimed
        village = _VILLAGE.search(rest) if home else None
        nameless = rest.replace(village[0], " ") if village else rest
        # Who lives there often follows in the same breath: 赤家口村，宋德福.
        named_home = home and bool(found or village)
        name = self._name(nameless, task, asked=named_home or phone is not None, beside_phone=phone is not None)
        decided = self._signals.tasks.decided(self._matcher.normal(rest))
        address = village[0] if village else None
        if task.asking == "address" and not (found or phone or name or when or decided is not None):
            address = address or self._address(rest)
        reason = self._signals.tasks.reason(text) if task.kind == "visit" else None
        return Told(
            text=text,
            rest=rest,
            when=when,
            places=found,
            village=address,
            phone=phone,
            name=name,
            whom=self._signals.tasks.whom(text, asked=task.asking == "name"),
            relation=self._signals.tasks.relation(text),
            reason=reason[0] if reason else None,
            decided=decided,
            number=self._number(text, task),
            hall=task.kind == "book" and self._where.hall_named(text) is not None,
        )

    def subject(self, text: str) -> str:
        """What `text` wants something for, without when, where, for whom, and that it is to be booked."""
        _, left = read_phone(text)
        rest = self._signals.tasks.without_booking(self._where.without_names(without_times(left)))
        return self._signals.tasks.without_whom(rest)

    def digresses(self, text: str, told: Told) -> bool:
        """Whether the message asks something else, whatever it names on the way."""
        if told.number is not None or told.phone is not None or told.name is not None:
            return False
        if (told.when is not None and told.when.earliest) or self._signals.tasks.any_time(text):
            return False
        match = self._matcher.match(text)
        if match.intent in ("human", "complain", "progress", "rate") and match.decision == "answer":
            return True
        if not self._signals.asks(self._matcher.normal(text)):
            return False
        if match.intent == "site" and not told.places:
            return True
        if match.intent != "guide" or told.places or not (match.follow_up or match.decision == "answer"):
            return False
        # 下午去行不 tells a time; 后天去要带什么 asks.
        return told.when is None or match.facet in _ASKED_WITH_A_TIME

    def says_else(self, text: str) -> bool:
        """Whether a message that answers nothing is understood as something of its own."""
        if self._signals.rude(text) or self._signals.injection(text):
            return True
        match = self._matcher.match(text)
        if match.topic is not None:
            return True
        if match.intent in ("guide", "oos", "site"):
            understood = match.decision == "answer" or match.follow_up or bool(match.facet and near(match))
            return understood and self._signals.asks(self._matcher.normal(text))
        return match.intent not in ("book", "visit", "cancel")

    def chosen(self, task: Task, told: Told) -> Task | None:
        """`task` with what was chosen among the offered; None where nothing was."""
        if not task.offered:
            return None
        if told.number is not None:
            return self._with_choice(task, task.offered[told.number - 1]) if self._is_offered(task, told) else None
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
        if (identity := identity_in(told.text)) is not None:
            lead.append(self._say(f"identity_{identity}"))
        if told.phone is not None and told.phone.number is None:
            lead.append(self._say("bad_phone"))
        if told.number is not None and len(task.offered) > 1 and not self._is_offered(task, told):
            lead.append(self._say("number_not_offered", count=len(task.offered)))
        merged = self._placed(task, told, lead)
        if told.when is not None:
            merged = self.timed(merged, told.when, lead)
        elif merged.asking == "wish" and (self._signals.tasks.any_time(told.text) or told.decided):
            merged = replace(merged, told=(*merged.told, "wish"))
        # Another person has another name.
        known = merged.name if told.whom in (None, merged.whom) or merged.whom is None else None
        return replace(
            merged,
            phone=(told.phone.number if told.phone else None) or merged.phone,
            name=told.name or known,
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
        if when.earliest and not (when.day or when.first_day or when.last_day):
            again = replace(task, day=None, period=when.period, at=None, first_day=None, last_day=None, hour=None)
            return replace(again, told=tuple(dict.fromkeys((*task.told, "wish", "earliest"))))
        if not (when.day or when.first_day or when.last_day or when.period or when.time or when.first_time):
            return task
        return _at(task, when)

    def item_said(self, task: Task, told: Told) -> Task:
        """`task` with the item that the message names in answer, or in place of the one before."""
        if task.kind in ("move", "cancel") or told.number is not None or told.decided is not None:
            return task
        if task.item is not None and task.asking != "item":
            return self._other_item(task, told)
        text = self.subject(told.text).replace(told.name or " ", " ").replace(told.village or " ", " ")
        if told.name or told.phone:
            text = _ABOUT_PERSON.sub(" ", text)
        if task.item is not None or len(_NO_HAN.sub("", text)) < LEAST_OF_AN_ITEM:
            return task
        match = self._matcher.match(told.text if told.text and not told.something else text)
        named = match.item if match.decision == "answer" else None
        if named is None and task.offered:
            named = self._matcher.choose(self._signals.without_references(text), task.offered)
        if named is not None:
            return replace(task, item=named, offered=(), hour=None)
        # Beside something else that was told, or in place of a list that was asked for, only what is likely.
        likely = bool(match.candidates) and match.candidates[0].score >= NEARBY
        better = near(match) if likely or not (task.offered or told.something) else ()
        return replace(task, offered=better or task.offered)

    def _other_item(self, task: Task, told: Told) -> Task:
        """`task` with the item that the message wants in place of the one before: to be booked, or as a correction
        (不是残疾证，是高龄补贴)."""
        match = self._matcher.match(told.text)
        instead = (
            None if told.something or match.intent in ("book", "visit") else self._signals.tasks.instead(told.text)
        )
        if instead is not None:
            match = self._matcher.match(instead)
            corrected = match.intent == "guide" and match.facet in (None, "how")
            if corrected and match.decision == "clarify" and (offered := near(match)):
                return replace(task, item=None, asking="item", offered=offered, hour=None)
        elif match.intent not in ("book", "visit"):
            return task
        if match.decision != "answer" or match.item in (None, task.item):
            return task
        return replace(task, item=match.item, hour=None, offered=())

    def _name(self, text: str, task: Task, *, asked: bool, beside_phone: bool) -> str | None:
        """The name in `text`; where there is none as it is written, in simplified characters (劉淑貞)."""
        known = self._signals.tasks.not_names
        asked = asked or task.asking in ("name", "phone")
        corrected = task.name is not None
        beside_phone = beside_phone and not corrected
        for written in dict.fromkeys((text, self._matcher.normal(text))):
            if name := read_name(written, known, asked=asked, corrected=corrected, beside_phone=beside_phone):
                return name
        return None

    @staticmethod
    def _number(text: str, task: Task) -> int | None:
        """The number that is chosen; the last one too (最后那个)."""
        last = len(task.offered) if task.offered and _LAST.fullmatch(plain(text)) else None
        return chosen_number(text) or last

    def _address(self, rest: str) -> str | None:
        """The home that is told in answer to where, as it was said: nobody has all of them on a list."""
        said = _AROUND_HOME.sub("", plain(rest))
        if not 2 <= len(said) <= LONGEST_HOME or self.says_else(rest) or self._signals.asks(rest):
            return None
        return said

    @staticmethod
    def _is_offered(task: Task, told: Told) -> bool:
        return told.number is not None and 1 <= told.number <= len(task.offered)

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
        if guide is not None and site is None and "town" in guide.levels:
            lead.append(self._say("place_not_taken", item=guide.name))
            return task
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


def _is_another(place: Place, text: str) -> bool:
    """Whether `text` names a village whose name only contains that of `place`."""
    name = re.escape(_PLACE_ENDING.sub("", place.name))
    return isinstance(place, Division) and bool(re.search(f"{_OTHER_BEFORE}{name}|{name}{_OTHER_AFTER}", text))


def _home(task: Task, place: Place | None, village: str | None) -> Task:
    """Where the person lives who is to be visited: a village of the catalogue, or one as it was said."""
    if isinstance(place, Division):
        return replace(task, place=place.code, address=place.name + (village or ""), offered=_still_offered(task))
    if place is not None:
        return replace(task, place=place.code, address=village or task.address, offered=_still_offered(task))
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
