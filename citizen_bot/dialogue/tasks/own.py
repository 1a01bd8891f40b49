"""What the resident has already: bookings and visits, another time for them, giving them back, and how far they are."""

import re
from dataclasses import replace
from datetime import date, timedelta

from citizen_bot.appointments.service import Appointment, Hour, NotBookable
from citizen_bot.catalog.model import Guide, Site
from citizen_bot.dialogue.desk import Desk
from citizen_bot.dialogue.model import Choices, Task, TaskKind
from citizen_bot.dialogue.patterns import plain
from citizen_bot.dialogue.tasks.hours import Hours
from citizen_bot.dialogue.tasks.steps import Next, asked, ended, led
from citizen_bot.dialogue.tasks.windows import Windows
from citizen_bot.dialogue.whereabouts import Whereabouts
from citizen_bot.platform.clock import SHANGHAI, spell_day, spell_moment
from citizen_bot.platform.numbers import APPOINTMENT, VISIT
from citizen_bot.rules import AppointmentRules
from citizen_bot.visits.service import NotPossible, Visit
from citizen_bot.wordings import Wordings

Target = Appointment | Visit

MOST_OFFERED = 9
# Reasons for which another hour helps.
ANOTHER_HOUR = frozenset(
    {"full", "closed", "past", "too_late", "too_early", "no_such_hour", "hold_ended", "extended_too_late"}
)
# A number on a slip, ours or an office's.
_CASE_NO = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{0,3}\d{6,16}(?!\d)")
_OF_VISITS, _OF_BOOKINGS = re.compile(r"上门|代办|帮办|来家"), re.compile(r"约|号")
_NUMBER_WORDS = re.compile(r"编号|单号|受理号|预约号|号码|号|是|查|一下|我的|帮我|查询|[：:，, ]")


class Own:
    def __init__(
        self, windows: Windows, whereabouts: Whereabouts, hours: Hours, rules: AppointmentRules, wordings: Wordings
    ) -> None:
        self._windows = windows
        self._where = whereabouts
        self._hours = hours
        self._rules = rules
        self._say = wordings

    def meant(self, task: Task, text: str, day: date | None, shift: int | None, desk: Desk) -> Next | Task:
        """`task` with what is to be moved (by `shift` days, where that is said) or given back: the one of the code or
        the day in `text`, the only one there is, or several to choose from."""
        found = _spoken_of(self._targets(desk, task.kind), text)
        code = code_in(text)
        if code is not None:
            found = [target for target in found if target.code == code]
            if not found:
                return ended(self._say("code_unknown", code=code))
        if day is not None:
            found = [t for t in found if isinstance(t, Appointment) and _day(t) == day] or found
        if not found:
            return ended(self._say("target_none"))
        if len(found) == 1:
            only = found[0]
            if shift is not None and isinstance(only, Appointment):
                task = replace(task, day=_day(only) + timedelta(shift))
            return replace(task, target=only.code)
        return replace(task, asking="target", offered=tuple(target.code for target in found[:MOST_OFFERED]))

    def advance(self, task: Task, desk: Desk) -> Next:
        target = self._target(task, desk)
        if target is None:
            return self._ask_which(task, desk)
        if task.kind == "cancel":
            task = replace(task, item=target.item)
            return asked(task, "confirm", self._say("check_cancel", booked=self.line(target)))
        guide = self._windows.guide(target.item)
        site = self._windows.site(target.site_code) if isinstance(target, Appointment) else None
        if not isinstance(target, Appointment) or guide is None or site is None:
            return ended(self._say("refused_not_open"))
        task = replace(task, item=target.item, place=target.site_code)
        if task.day is not None and task.at is None and task.period is None:
            # Another day and nothing else: at the same time, where that is free.
            task = replace(task, at=target.starts_at.astimezone(SHANGHAI).time())
        elif task.day is None and task.first_day is None and (task.at or task.period):
            task = replace(task, day=_day(target))
        found = self._hours.find(task, site, guide, desk)
        if found.hour is None:
            return self._hours.ask(task, found, site)
        text = self._say(
            "check_move",
            item=guide.name,
            site=self._windows.spell(site, guide),
            before=spell_moment(target.starts_at),
            hour=self._hours.spell(found.hour),
        )
        return led(asked(replace(task, hour=found.hour.starts_at), "confirm", text), [found.note] if found.note else [])

    def finish(self, task: Task, desk: Desk) -> Next:
        """The resident has confirmed."""
        target = self._target(task, desk)
        if target is None:
            return ended(self._say("refused_not_open"))
        if isinstance(target, Visit):
            try:
                desk.cancel_visit(target)
            except NotPossible:
                return ended(self._say("visit_not_cancelled"))
            return ended(self._say("visit_cancelled", code=target.code), done=True)
        try:
            return self._cancel(target, desk) if task.kind == "cancel" else self._move(task, target, desk)
        except NotBookable as refusal:
            guide, site = self._windows.guide(target.item), self._windows.site(target.site_code)
            if guide is None or site is None:
                return ended(self._say("refused_not_open"))
            return self.refused(task, refusal, site, guide, desk)

    def refused(
        self, task: Task, refusal: NotBookable, site: Site, guide: Guide, desk: Desk, hour: Hour | None = None
    ) -> Next:
        """Why the rules say no: with other hours where another one helps, else the end."""
        if refusal.reason not in ANOTHER_HOUR:
            return ended(self._reason(task, refusal))
        spelled = self._hours.spell(hour) if hour else (spell_moment(task.hour) if task.hour else "")
        if refusal.reason == "extended_too_late":
            told = self._say("day_extended_too_late", day=spelled)
            again = replace(task, hour=None, at=None, day=None, period=None)
        else:
            told = self._say("refused_hold_ended" if refusal.reason == "hold_ended" else "refused_full", hour=spelled)
            again = replace(task, hour=None, at=None, period=None)
        found = self._hours.find(again, site, guide, desk)
        return led(self._hours.ask(again, found, site), [told])

    def told(self, text: str, desk: Desk) -> tuple[list[str], str | None]:
        """How far the resident's things are, in lines, and the number that `text` names; no lines without any."""
        found = _CASE_NO.search(text)
        targets = self._targets(desk, "cancel")
        if found is not None:
            code = code_in(text)
            lines = [self.line(target) for target in targets if target.code == code]
            return lines or [self._say("code_unknown", code=found[0])], found[0].upper()
        booked = [self.line(target) for target in targets if isinstance(target, Appointment)]
        visits = [self.line(target) for target in targets if isinstance(target, Visit)]
        lines = [self._say("mine"), *booked] if booked else []
        lines += [self._say("mine_visits"), *visits] if visits else []
        return [*lines, self._say("mine_hint")] if lines else [], None

    def numbered(self, text: str) -> bool:
        """Whether `text` is nothing but a number of that kind, with 编号 or the like before it."""
        found = _CASE_NO.search(text)
        rest = _NUMBER_WORDS.sub("", text.replace(found[0], "")) if found else text
        return found is not None and not plain(rest) and found[0][0].isalpha()

    def line(self, target: Target) -> str:
        name = self._windows.name(target.item)
        if isinstance(target, Visit):
            state = self._say(f"visit_state_{target.state}")
            return self._say("mine_visit_line", item=name, state=state, code=target.code)
        site = self._windows.site(target.site_code)
        named = self._where.named(site) if site else ""
        return self._say("mine_line", hour=self._hours.spell(target), item=name, site=named, code=target.code)

    def _ask_which(self, task: Task, desk: Desk) -> Next:
        known = {target.code: self.line(target) for target in self._targets(desk, task.kind)}
        offered = [code for code in task.offered if code in known]
        if task.target is not None or not offered:
            return ended(self._say("refused_not_open"))
        choices = Choices(self._say("which_target"), tuple(known[code] for code in offered))
        return asked(task, "target", choices, offered)

    def _move(self, task: Task, target: Appointment, desk: Desk) -> Next:
        guide, site = self._windows.guide(target.item), self._windows.site(task.place)
        if guide is None or site is None or task.hour is None:
            return ended(self._say("refused_not_open"))
        moved = desk.move(target, site, task.hour)
        text = self._say(
            "moved",
            code=moved.code,
            item=guide.name,
            site=self._windows.spell(site, guide),
            hour=self._hours.spell(moved),
            name=moved.name,
        )
        return ended(text, done=True)

    def _cancel(self, target: Appointment, desk: Desk) -> Next:
        desk.cancel(target)
        return ended(self._say("booking_cancelled", booked=self.line(target)), done=True)

    def _reason(self, task: Task, refusal: NotBookable) -> str:
        rules, name = self._rules, task.name or ""
        match refusal.reason:
            case "same_item":
                booked = self.line(refusal.existing) if refusal.existing else ""
                return self._say("refused_same_item", name=name, item=self._windows.name(task.item), booked=booked)
            case "person_limit":
                return self._say("refused_person_limit", name=name, count=rules.most_of_person)
            case "account_limit":
                return self._say("refused_account_limit", count=rules.most_of_account)
            case "paused":
                until = spell_day(refusal.until) if refusal.until else ""
                return self._say("refused_paused", name=name, count=rules.no_shows, until=until)
            case "moves":
                return self._say("refused_moves", count=rules.most_moves)
            case "not_here":
                return self._say("place_none", item=self._windows.name(task.item))
            case _:
                return self._say("refused_not_open")

    def _targets(self, desk: Desk, kind: TaskKind) -> list[Target]:
        """Visits have no hour of their own to be moved by the resident."""
        return [*desk.open_appointments(), *(desk.open_visits() if kind == "cancel" else ())]

    def _target(self, task: Task, desk: Desk) -> Target | None:
        return next((target for target in self._targets(desk, task.kind) if target.code == task.target), None)


def code_in(text: str) -> str | None:
    """The code of an appointment or a visit in `text`, rightly typed."""
    for code in (APPOINTMENT, VISIT):
        number = code.read(text)
        if number is not None:
            return code.spell(number)
    return None


def _spoken_of(targets: list[Target], text: str) -> list[Target]:
    """Those of the kind that `text` speaks of, where there are any."""
    kind = Visit if _OF_VISITS.search(text) else Appointment if _OF_BOOKINGS.search(text) else None
    meant = [target for target in targets if kind is not None and isinstance(target, kind)]
    return meant or targets


def _day(appointment: Appointment) -> date:
    return appointment.starts_at.astimezone(SHANGHAI).date()
