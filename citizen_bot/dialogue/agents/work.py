"""The agent's (代办员) side of the talk: binding the own WeChat, the list of tasks, and which task a message is about;
and the resident's answer to what was taken over.

Whose agent an account is, the database says at each message, never what the conversation remembers.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from citizen_bot.catalog.model import Catalogue
from citizen_bot.dialogue.agents.desk import Action, AgentDesk, can, waiting_for_answer
from citizen_bot.dialogue.agents.steps import AgentSteps, At, working
from citizen_bot.dialogue.agents.told import ROOM, AgentTold
from citizen_bot.dialogue.agents.words import AgentWords, Heard, code_in
from citizen_bot.dialogue.desk import Desk
from citizen_bot.dialogue.model import AgentState, Conversation, Reply, Text
from citizen_bot.dialogue.signals import Command, Signals, chosen_number
from citizen_bot.dialogue.turn import Turn, said
from citizen_bot.platform.calendar import WorkingCalendar
from citizen_bot.platform.clock import SHANGHAI
from citizen_bot.platform.numbers import VISIT
from citizen_bot.visits.service import NotPossible, Taken, Visit
from citizen_bot.wordings import Wordings

WRONG_CODES_A_DAY = 5
# After so much silence numbers and 确认 mean nothing any more; words still do.
FRESH_FOR = timedelta(minutes=30)
# So long what was just taken over is what a resident means with 对.
ANSWER_FOR = timedelta(hours=48)
MOST_LISTED = 9
# So much of what was said is kept until the task is known.
LONGEST_SAID = 300
# Commands that may be an answer here as well.
_ANSWERING: tuple[Command | None, ...] = (None, "ack", "none_of_these", "correct", "more")


class AgentWork:
    def __init__(self, catalogue: Catalogue, signals: Signals, wordings: Wordings, calendar: WorkingCalendar) -> None:
        self._signals = signals
        self._say = wordings
        self._words = AgentWords(signals, calendar, wordings("agent_money"))
        self._told = AgentTold(catalogue, wordings)
        self._steps = AgentSteps(signals, wordings, self._words, self._told)

    def bind(self, before: Conversation, text: str, desk: Desk) -> Turn | None:
        """The answer to 绑定 with a one-time code; None for any other message."""
        code = self._words.bound(text)
        if code is None:
            return None
        known = AgentDesk.of(desk)
        already = self._say("agent_bound_already", name=known.agent.name) if known else None
        if not code:
            return said(before, already or self._say("agent_bind_how"))
        state, today = before.agent or AgentState(), desk.now.astimezone(SHANGHAI).date()
        tried = state.wrong_codes if state.wrong_on == today else 0
        if tried >= WRONG_CODES_A_DAY:
            return said(before, already or self._say("agent_bind_too_often"))
        bound = AgentDesk.bound(desk, code)
        if bound is None:
            after = replace(before, agent=replace(state, wrong_codes=tried + 1, wrong_on=today))
            # Sent twice, the code is used up the second time.
            return said(after, already or self._say("agent_bind_wrong"))
        agent, count = bound.agent, len(bound.tasks())
        waiting = self._say("agent_bound_waiting", count=count) if count else ""
        village = self._told.place(agent.division_code)
        told = self._say("agent_bound", name=agent.name, village=village, waiting=waiting)
        return said(replace(before, agent=None), told)

    def tasks(self, before: Conversation, desk: Desk) -> Turn:
        """我的任务."""
        own = AgentDesk.of(desk)
        if own is None:
            return said(_without_work(before), self._say("agent_none"))
        return self._list(At(before, own, _counted(before)))

    def go_on(self, before: Conversation, text: str, desk: Desk) -> Turn | None:
        """What follows on a message to the open list or task, or on one that names a task or a step in words; None for
        one that is about something else, or not from an agent."""
        heard = self._words.read(text)
        state = before.agent if before.agent and before.agent.asking != "nothing" else None
        if _other_question(before):
            state = None
        if state is None and not self._concerns(before, text, heard):
            return None
        own = AgentDesk.of(desk)
        if own is None:
            # Nobody's agent any more: what was open is over.
            answers = state is not None and (chosen_number(text) is not None or heard.action is not None)
            return said(_without_work(before), self._say("agent_no_longer")) if answers else None
        if heard.visit is not None and own.find(heard.visit) is None and own.asked_for(heard.visit):
            return None
        if state is None:
            return self._worded(At(before, own, _counted(before), fresh=False), heard)
        fresh = desk.now - (before.last_at or desk.now) <= FRESH_FOR
        return self._open(At(before, own, state, fresh), text, heard)

    def receipts(self, before: Conversation, text: str, desk: Desk) -> Turn | None:
        """A resident's 确认 or 不对 to what was taken over; None where nothing waits for it, where another question is
        open, and for a message about something else."""
        answer = self._words.receipts_right(text)
        if answer is None or _other_question(before):
            return None
        right, sure = answer
        waiting = waiting_for_answer(desk, disputed=right and sure)
        named = code_in(text)
        if named is not None:
            waiting = [(visit, receipts) for visit, receipts in waiting if visit.id == named]
        elif not sure:
            since = desk.now - ANSWER_FOR
            waiting = [one for one in waiting if any(receipt.taken_at >= since for receipt in one[1])]
        if not waiting:
            return None
        (visit, receipts), *others = waiting
        try:
            desk.answer_receipts(visit, confirmed=right)
        except NotPossible:
            return None
        key = "agent_receipts_right" if right else "agent_receipts_wrong"
        parts = [self._receipts(key, visit, [receipt.taken for receipt in receipts])]
        for other, its in others:
            if unanswered := [receipt.taken for receipt in its if receipt.answer is None]:
                parts.append(self._receipts("agent_receipts_next", other, unanswered))
                break
        return Turn(replace(before, misses=0), Reply(tuple(parts)))

    def _receipts(self, key: str, visit: Visit, taken: Sequence[Taken]) -> Text:
        listed = self._told.taken(taken, ROOM // 4)
        site = self._told.site(visit)
        return Text(self._say(key, item=self._told.item(visit), code=visit.code, site=site, taken=listed))

    def _concerns(self, before: Conversation, text: str, heard: Heard) -> bool:
        """Whether a message may be meant for a task while none is open: with a code, or a step in so many words."""
        if heard.visit is not None or (heard.misread and heard.action is not None):
            return True
        if before.task or before.checklist or self._signals.command(text) is not None:
            return False
        match heard.action:
            case "accept":
                return not heard.rest or self._words.only_time(heard.rest)
            case "take_over":
                return not heard.rest or self._words.lists(heard.rest)
            case action:
                return action is not None

    # Which task is meant

    def _open(self, at: At, text: str, heard: Heard) -> Turn | None:
        """A message while the list, a task or a question of a step is open."""
        command, asking = self._signals.command(text), at.state.asking
        match command:
            case "tasks":
                return self._list(at)
            case "cancel":
                return self._back(at)
            case "again" | "confused":
                return self._once_more(at)
        if command not in _ANSWERING and not (heard.action and at.fresh):
            return None
        if heard.visit is not None or heard.misread:
            return self._worded(at, heard)
        if not at.fresh:
            if heard.action is not None:
                return self._worded(at, heard)
            numbered = chosen_number(text) is not None or self._words.decided(text) is not None
            return self._once_more(at) if numbered else None
        if asking == "task":
            return self._on_list(at, text, heard)
        return self._on_task(at, text, heard) if asking == "action" else self._steps.answered(at, text, heard)

    def _worded(self, at: At, heard: Heard) -> Turn | None:
        """A task that is named by its code, or a step that is said in words, or both."""
        if heard.visit is not None:
            visit = at.desk.find(heard.visit)
            if visit is None:
                return self._steps.not_theirs(at, VISIT.spell(heard.visit))
            return self._steps.said_of(at, visit, heard)
        if heard.misread:
            return working(at, self._say, at.state, Text(self._say("agent_code_misread")))
        if heard.action is None:
            return None
        if heard.nth is not None and at.fresh and at.state.asking == "task":
            return self._chosen(at, heard.nth, heard)
        if at.fresh and (opened := at.opened):
            return self._steps.act(at, opened, heard.action, heard.rest)
        fitting = [visit for visit in at.desk.tasks() if can(heard.action, visit)]
        if len(fitting) == 1:
            return self._steps.act(at, fitting[0], heard.action, heard.rest)
        if fitting:
            return self._which(at, fitting, heard)
        if at.state.asking == "nothing":
            return None
        return working(at, self._say, at.blank(), Text(self._say("agent_nothing_fits")))

    def _on_list(self, at: At, text: str, heard: Heard) -> Turn | None:
        number = chosen_number(text)
        if number is not None:
            return self._chosen(at, number, self._words.read(at.state.said) if at.state.said else None)
        if self._signals.command(text) == "more":
            return self._list(at, at.state.skip + len(at.state.offered))
        return self._worded(at, heard)

    def _chosen(self, at: At, number: int, heard: Heard | None) -> Turn:
        """The task of that number in the list, with the step that was said for it."""
        offered, skip = at.state.offered, at.state.skip
        if not skip < number <= skip + len(offered):
            told = self._say("agent_out_of_range", first=skip + 1, last=skip + len(offered))
            return working(at, self._say, at.state, Text(told))
        code = offered[number - 1 - skip]
        visit = at.find(code)
        if visit is None:
            return self._steps.not_theirs(at, code)
        return self._steps.show(at, visit) if heard is None else self._steps.said_of(at, visit, heard)

    def _on_task(self, at: At, text: str, heard: Heard) -> Turn | None:
        number, visit = chosen_number(text), at.opened
        if visit is None:
            meant = number is not None or heard.action is not None
            return self._steps.not_theirs(at, at.state.code or "") if meant else None
        if heard.action is not None:
            return self._steps.act(at, visit, heard.action, heard.rest)
        if number is None:
            return None if self._words.asks(text) else self._steps.implied(at, visit, heard.text)
        if not 1 <= number <= len(at.state.offered):
            told = self._say("agent_out_of_range", first=1, last=len(at.state.offered))
            return working(at, self._say, at.state, Text(told))
        action: Action = at.state.offered[number - 1]  # type: ignore[assignment]
        return self._steps.act(at, visit, action, "")

    # What is shown

    def _list(self, at: At, skip: int = 0) -> Turn:
        tasks = at.desk.tasks()
        name = at.desk.agent.name
        if not tasks:
            return working(at, self._say, at.blank(), Text(self._say("agent_no_tasks", name=name)))
        skip = skip if skip < len(tasks) else 0
        lines = self._lines(at, tasks, skip)
        codes = tuple(visit.code for visit in tasks[skip : skip + len(lines)])
        left = len(tasks) - skip - len(lines)
        more = [self._say("agent_tasks_more", count=left)] if left else []
        told = "\n".join([self._say("agent_tasks", name=name, count=len(tasks)), *lines, *more])
        return working(at, self._say, replace(at.blank("task"), offered=codes, skip=skip), Text(told))

    def _which(self, at: At, fitting: Sequence[Visit], heard: Heard) -> Turn:
        """Which of several tasks is meant, with what was said of it kept until then."""
        lines = self._lines(at, fitting)
        codes = tuple(visit.code for visit in fitting[: len(lines)])
        state = replace(at.blank("task"), offered=codes, said=heard.text[:LONGEST_SAID])
        return working(at, self._say, state, Text("\n".join([self._say("agent_which"), *lines])))

    def _lines(self, at: At, tasks: Sequence[Visit], skip: int = 0) -> list[str]:
        """The tasks from the `skip`th on, numbered, as many as one message takes."""
        lines: list[str] = []
        room = ROOM - 300
        for number, visit in enumerate(tasks[skip : skip + MOST_LISTED], skip + 1):
            line = f"{number}. {self._told.line(visit, at.desk.now)}"
            room -= len(line.encode()) + 1
            if room < 0:
                break
            lines.append(line)
        return lines

    def _once_more(self, at: At) -> Turn:
        """The open task, or the list, from its beginning."""
        visit = at.opened
        return self._list(at) if visit is None else self._steps.show(at, visit)

    def _back(self, at: At) -> Turn:
        """From a question to its task, from there to nothing."""
        visit, closed = at.opened, self._say("agent_closed")
        if visit is None or at.state.asking in ("task", "action"):
            return working(at, self._say, at.blank(), Text(closed))
        return self._steps.next(at, visit, closed)


def _other_question(before: Conversation) -> bool:
    """Whether something else was asked since: the turns of an agent close all of these."""
    return bool(before.task or before.pending or before.checklist or before.where)


def _counted(before: Conversation) -> AgentState:
    """Nothing is open; what was tried is still counted."""
    state = before.agent or AgentState()
    return AgentState(wrong_codes=state.wrong_codes, wrong_on=state.wrong_on)


def _without_work(before: Conversation) -> Conversation:
    return before if before.agent is None else replace(before, agent=_counted(before))
