"""Booking a window: item, site, day and hour, for whom, and the confirmation."""

from dataclasses import replace

from citizen_bot.appointments.service import NotBookable
from citizen_bot.catalog.model import Guide, Site
from citizen_bot.dialogue.desk import Desk
from citizen_bot.dialogue.model import NoticeCard, Task, Text
from citizen_bot.dialogue.tasks.hours import Hours
from citizen_bot.dialogue.tasks.own import Own
from citizen_bot.dialogue.tasks.steps import Next, Questions, asked, ended, led
from citizen_bot.dialogue.tasks.windows import Windows
from citizen_bot.dialogue.whereabouts import Whereabouts
from citizen_bot.notices.notice import Notice
from citizen_bot.platform.clock import spell_day, spell_moment
from citizen_bot.platform.privacy import mask_phone
from citizen_bot.rules import AppointmentRules
from citizen_bot.wordings import Wordings


class Booking:
    def __init__(
        self,
        windows: Windows,
        whereabouts: Whereabouts,
        questions: Questions,
        hours: Hours,
        own: Own,
        rules: AppointmentRules,
        wordings: Wordings,
    ) -> None:
        self._windows = windows
        self._where = whereabouts
        self._ask = questions
        self._hours = hours
        self._own = own
        self._rules = rules
        self._say = wordings

    def advance(self, task: Task, home: str | None, desk: Desk) -> Next:
        """What is still missing, with the seat held as soon as the hour is known. `home` is the own place's code."""
        guide = self._windows.guide(task.item)
        if guide is None:
            return self._ask.item(task)
        if guide.id in self._rules.not_bookable:
            return ended(self._not_here(guide))
        lead: list[str] = []
        if "online" not in task.told:
            lead += self._online(guide)
            task = replace(task, told=(*task.told, "online"))
        site = self._windows.site_of(task, guide, home)
        if site is None and task.place is not None:
            return led(ended(self._not_here(guide)), lead)
        if site is None:
            return led(self._ask_place(task, guide), lead)
        if task.place != site.code:
            task = replace(task, place=site.code)
            lead.append(self._say("place_takes", site=self._windows.spell(site, guide)))
        held = self._held(task, site, guide, desk, lead)
        if isinstance(held, Next):
            return led(held, lead)
        return led(self._ask.person(held) or self._check(held, site, guide), lead)

    def finish(self, task: Task, home: str | None, desk: Desk) -> Next:
        """The resident has confirmed."""
        guide, site = self._windows.guide(task.item), self._windows.site(task.place)
        if guide is None or site is None or task.hour is None or task.name is None or task.phone is None:
            return self.advance(task, home, desk)
        try:
            booked = desk.confirm(task.name, task.phone)
        except NotBookable as refusal:
            return self._own.refused(task, refusal, site, guide, desk)
        text = self._say(
            "booked",
            code=booked.code,
            item=guide.name,
            site=self._windows.spell(site, guide),
            hour=self._hours.spell(booked),
            name=booked.name,
        )
        link = f'<a href="{desk.appointment_link(booked.id)}">{self._say("booked_page")}</a>'
        papers = NoticeCard(Notice("consultation", guide.id), "materials", short=True, place=self._where.named(site))
        return ended(Text(f"{text}\n{link}"), papers, done=True)

    def _held(self, task: Task, site: Site, guide: Guide, desk: Desk, lead: list[str]) -> Next | Task:
        """`task` with its seat held, or the question for another hour."""
        if task.hour is not None:
            return task
        found = self._hours.find(task, site, guide, desk)
        if found.hour is None:
            return self._hours.ask(task, found, site)
        try:
            held = desk.hold(site, guide, found.hour.starts_at)
        except NotBookable as refusal:
            return self._own.refused(task, refusal, site, guide, desk, found.hour)
        lead.append(found.note or self._say("hour_held", hour=self._hours.spell(found.hour)))
        if task.day is None:
            task = self._hours.dated(task, held.starts_at)
        return replace(task, hour=held.starts_at, offered=())

    def _ask_place(self, task: Task, guide: Guide) -> Next:
        if len(task.offered) > 1 and task.asking == "place":
            return self._ask.which_place(task)
        noted = self._say("item_noted", item=guide.name)
        if task.day is not None:
            when = spell_day(task.day)
            when = self._say(f"period_{task.period}", day=when) if task.period else when
            noted += self._say("when_noted", when=when)
        return asked(task, "place", f"{noted}{self._say('ask_place')}")

    def _check(self, task: Task, site: Site, guide: Guide) -> Next:
        text = self._say(
            "check_book",
            item=guide.name,
            site=self._windows.spell(site, guide),
            hour=spell_moment(task.hour) if task.hour else "",
            name=task.name,
            phone=mask_phone(task.phone or ""),
            minutes=self._rules.hold_minutes,
        )
        return asked(task, "confirm", text)

    def _online(self, guide: Guide) -> list[str]:
        online = guide.online
        if not (online.available and online.channel):
            return []
        return [self._say("online_before", channel=online.channel.rstrip("。"))]

    def _not_here(self, guide: Guide) -> str:
        where = self._say("place_elsewhere", where=guide.where) if guide.where else ""
        return self._say("place_none", item=guide.name) + where
