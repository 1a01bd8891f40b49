"""Asking somebody to come home: item, where, who, when it suits, and the mandate."""

from dataclasses import replace

from citizen_bot.catalog.model import Division, Guide
from citizen_bot.dialogue.desk import Desk
from citizen_bot.dialogue.model import Task
from citizen_bot.dialogue.signals import Signals
from citizen_bot.dialogue.tasks.steps import Next, Questions, asked, ended, led
from citizen_bot.dialogue.tasks.windows import Windows
from citizen_bot.dialogue.whereabouts import Place
from citizen_bot.platform.clock import spell_day, spell_moment
from citizen_bot.platform.privacy import mask_phone
from citizen_bot.visits.service import NotPossible, Wish
from citizen_bot.wordings import Wordings


class Visiting:
    def __init__(self, windows: Windows, questions: Questions, signals: Signals, wordings: Wordings) -> None:
        self._windows = windows
        self._ask = questions
        self._signals = signals
        self._say = wordings

    def advance(self, task: Task, home: str | None) -> Next:
        """What is still missing. `home` is the code of the resident's own place, asked for who lives elsewhere."""
        guide = self._windows.guide(task.item)
        if guide is None:
            return self._ask.item(task)
        lead = [] if "online" in task.told else self._first(task, guide)
        task = replace(task, told=tuple(dict.fromkeys((*task.told, "online"))))
        where = self._windows.place(task.place)
        if where is None and len(task.offered) > 1 and task.asking == "place":
            return led(self._ask.which_place(task), lead)
        if where is None and task.whom is None:
            where = self._windows.place(home)
            if isinstance(where, Division):
                task = replace(task, place=where.code, address=where.name)
        if where is None:
            ask = self._say("ask_town", address=task.address) if task.address else self._say("ask_home")
            return led(asked(task, "place", ask), lead)
        if task.address is None:
            return led(asked(task, "address", self._say("ask_village", town=where.name)), lead)
        if person := self._ask.person(task):
            return led(person, lead)
        if not (task.day or task.first_day or task.last_day or task.period or "wish" in task.told):
            return led(asked(task, "wish", self._say("ask_wish")), lead)
        return led(self._check(task, guide), lead)

    def finish(self, task: Task, home: str | None, desk: Desk) -> Next:
        """The resident has confirmed, and so given the mandate."""
        guide, where = self._windows.guide(task.item), self._windows.place(task.place)
        if guide is None or where is None or task.name is None or task.phone is None:
            return self.advance(task, home)
        kind = task.help or "assist"
        try:
            visit = desk.ask_visit(
                guide=guide,
                help=kind,
                home=where,
                address=self._windows.address(task),
                name=task.name,
                phone=task.phone,
                relation=task.relation,
                priority=self._signals.tasks.priority(task.reason) if task.reason else None,
                wish=Wish(task.day or task.first_day, task.day or task.last_day, task.period),
                mandate=self._say("mandate", name=task.name, item=guide.name, help=self._say(f"help_{kind}")),
            )
        except NotPossible:
            known = next((visit for visit in desk.open_visits() if visit.item == guide.id), None)
            return ended(self._say("visit_same", name=task.name, item=guide.name, code=known.code if known else ""))
        told = self._say(
            "visit_asked",
            code=visit.code,
            item=guide.name,
            name=visit.name,
            whom=self._handed_to(where, desk.agent_name(visit)),
            answer_by=spell_moment(visit.answer_by) if visit.answer_by else "",
        )
        return ended(told, done=True)

    def _first(self, task: Task, guide: Guide) -> list[str]:
        """What is said before the first question: a kind word, and how it can be done without anybody coming."""
        lead = [self._say("visit_sorry")] if task.reason is not None else []
        if guide.online.available and guide.online.channel:
            lead.append(self._say("visit_asked_online", channel=guide.online.channel.rstrip("。")))
        return lead

    def _handed_to(self, where: Place, agent: str | None) -> str:
        if agent is not None:
            return self._say("visit_asked_agent", agent=agent)
        return self._say("visit_asked_town", site=self._windows.town(where).official_name)

    def _check(self, task: Task, guide: Guide) -> Next:
        text = self._say(
            "check_visit",
            item=guide.name,
            name=task.name,
            address=self._windows.address(task),
            phone=mask_phone(task.phone or ""),
            wish=self._wish(task),
        )
        return asked(task, "confirm", text)

    def _wish(self, task: Task) -> str:
        if task.day is not None:
            said = spell_day(task.day)
        elif task.first_day is not None and task.last_day is not None:
            said = self._say("wish_between", first=spell_day(task.first_day), last=spell_day(task.last_day))
        elif task.first_day is not None:
            said = self._say("wish_from", day=spell_day(task.first_day))
        elif task.last_day is not None:
            said = self._say("wish_until", day=spell_day(task.last_day))
        else:
            said = "" if task.period else self._say("wish_any")
        return self._say(f"period_{task.period}", day=said) if task.period else said
