"""The agent's (代办员) side of the talk: binding the own WeChat, the list of tasks, and each step from 接下 to 办完了, by
numbers or in words; and the resident's answer to what was taken over.

What counts is who the account's agent is in the database at this moment, never what the conversation remembers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from citizen_bot.catalog.model import Catalogue
from citizen_bot.dialogue import agent_taken
from citizen_bot.dialogue.agent_desk import Action, AgentDesk, can, possible, waiting_for_answer
from citizen_bot.dialogue.agent_told import ROOM, AgentTold
from citizen_bot.dialogue.agent_words import AgentWords, Coming, Heard, code_in
from citizen_bot.dialogue.desk import Desk
from citizen_bot.dialogue.model import AgentState, AgentStep, Choices, Conversation, Part, Reply, Text
from citizen_bot.dialogue.signals import Command, Signals, chosen_number
from citizen_bot.dialogue.tasks import parked
from citizen_bot.dialogue.turn import Turn, said
from citizen_bot.platform.calendar import WorkingCalendar
from citizen_bot.platform.clock import SHANGHAI, spell_day, spell_hour, spell_moment
from citizen_bot.platform.privacy import mask_name
from citizen_bot.visits.records import FINISHED
from citizen_bot.visits.service import NotPossible, Taken, Visit
from citizen_bot.wordings import Wordings

WRONG_CODES_A_DAY = 5
# After so much silence numbers and 确认 mean nothing any more; words still do.
FRESH_FOR = timedelta(minutes=30)
# So long what was just taken over is what a resident means with 对.
ANSWER_FOR = timedelta(hours=48)
MOST_LISTED = 9
# In one message: what is read back has to fit into one, too.
MOST_THINGS = 10
# Of the same question, this try brings an example, and the one after it ends.
EXAMPLE, GIVEN_UP = 2, 3
# So much of what was said is kept until the task is known.
LONGEST_SAID = 300
# Commands that may be an answer here as well.
_ANSWERING: tuple[Command | None, ...] = (None, "ack", "none_of_these", "correct", "drop", "enough", "more", "again")


@dataclass(frozen=True, slots=True)
class _At:
    """Where the agent stands. `fresh`: numbers and 确认 still mean what was asked last."""

    before: Conversation
    desk: AgentDesk
    state: AgentState = field(default_factory=AgentState)
    fresh: bool = True

    def blank(self, asking: AgentStep = "nothing", visit: Visit | None = None) -> AgentState:
        """A state that remembers nothing but how often a wrong code was tried."""
        counted = AgentState(wrong_codes=self.state.wrong_codes, wrong_on=self.state.wrong_on)
        return replace(counted, asking=asking, code=visit.code if visit else None)


class AgentWork:
    def __init__(
        self, catalogue: Catalogue, signals: Signals, wordings: Wordings, calendar: WorkingCalendar
    ) -> None:
        self._signals = signals
        self._say = wordings
        self._words = AgentWords(signals, calendar, wordings("agent_money"))
        self._told = AgentTold(catalogue, wordings)

    def bind(self, before: Conversation, text: str, desk: Desk) -> Turn | None:
        """The answer to 绑定 with a one-time code; None for any other message."""
        code = self._words.bound(text)
        if code is None:
            return None
        known = AgentDesk.of(desk)
        if not code:
            return said(before, self._bound_already(known) if known else self._say("agent_bind_how"))
        state, today = before.agent or AgentState(), desk.now.astimezone(SHANGHAI).date()
        tried = state.wrong_codes if state.wrong_on == today else 0
        if tried >= WRONG_CODES_A_DAY:
            return said(before, self._bound_already(known) if known else self._say("agent_bind_too_often"))
        bound = AgentDesk.bound(desk, code)
        if bound is None:
            after = replace(before, agent=replace(state, wrong_codes=tried + 1, wrong_on=today))
            # Sent twice, it is used up the second time.
            return said(after, self._bound_already(known) if known else self._say("agent_bind_wrong"))
        agent = bound.agent
        told = self._say(
            "agent_bound", name=agent.name, village=self._told.place(agent.division_code), count=len(bound.tasks())
        )
        return said(replace(before, agent=AgentState()), told)

    def tasks(self, before: Conversation, desk: Desk) -> Turn:
        """我的任务."""
        own = AgentDesk.of(desk)
        if own is None:
            return said(_without_work(before), self._say("agent_none"))
        return self._list(_At(before, own, before.agent or AgentState()))

    def go_on(self, before: Conversation, text: str, desk: Desk) -> Turn | None:
        """What follows on a message to the open list or task, or on one that names a task or a step in words; None for
        one that is about something else, or not from an agent."""
        heard = self._words.read(text)
        state = _open_work(before)
        if state is None and not self._concerns(before, text, heard):
            return None
        own = AgentDesk.of(desk)
        if own is None:
            # Nobody's agent any more: what was open is over.
            told = state is not None and chosen_number(text) is not None
            return said(_without_work(before), self._say("agent_no_longer")) if told else None
        if heard.visit is not None and own.find(heard.visit) is None and own.asked_for(heard.visit):
            return None
        if state is None:
            return self._worded(_At(before, own, before.agent or AgentState(), fresh=False), heard)
        fresh = desk.now - (before.last_at or desk.now) <= FRESH_FOR
        return self._open(_At(before, own, state, fresh), text, heard)

    def receipts(self, before: Conversation, text: str, desk: Desk) -> Turn | None:
        """A resident's 确认 or 不对 to what was taken over; None where nothing waits for it, another question is open, or
        the message is about something else."""
        answer = self._words.receipts_right(text)
        if answer is None or _other_question(before):
            return None
        right, sure = answer
        waiting = waiting_for_answer(desk, disputed=right and sure)
        named = code_in(text)
        if named is not None:
            waiting = [(visit, receipts) for visit, receipts in waiting if visit.id == named]
        if not sure and named is None:
            waiting = [w for w in waiting if desk.now - max(r.taken_at for r in w[1]) <= ANSWER_FOR]
        if not waiting:
            return None
        (visit, receipts), *others = waiting
        try:
            desk.answer_receipts(visit, confirmed=right)
        except NotPossible:
            return None
        key = "agent_receipts_right" if right else "agent_receipts_wrong"
        parts = [Text(self._receipts(key, visit, [receipt.taken for receipt in receipts]))]
        unanswered = [(other, [r.taken for r in rs if r.answer is None]) for other, rs in others]
        for other, taken in [one for one in unanswered if one[1]][:1]:
            parts.append(Text(self._receipts("agent_receipts_next", other, taken)))
        return Turn(before, Reply(tuple(parts)))

    def _receipts(self, key: str, visit: Visit, taken: Sequence[Taken]) -> str:
        item, site = self._told.item(visit), self._told.site(visit)
        return self._say(key, item=item, code=visit.code, site=site, taken=self._told.taken(taken, ROOM // 2 - 300))

    def _bound_already(self, known: AgentDesk) -> str:
        return self._say("agent_bound_already", name=known.agent.name)

    def _concerns(self, before: Conversation, text: str, heard: Heard) -> bool:
        """Whether a message may be meant for a task while none is open: with a code, or a step in so many words."""
        if heard.visit is not None or (heard.misread and heard.action is not None):
            return True
        if heard.action is None or before.task or before.checklist or self._signals.command(text) is not None:
            return False
        # 收了…, 接明天…: what a resident might say as well needs a code, or an open list.
        return heard.action not in ("take_over", "accept", "decline") or not heard.rest

    # Where the message goes

    def _open(self, at: _At, text: str, heard: Heard) -> Turn | None:
        command = self._signals.command(text)
        if command == "tasks":
            return self._list(at)
        if command == "cancel":
            return self._back(at)
        if command in ("again", "confused"):
            return self._once_more(at)
        if command not in _ANSWERING and not (heard.action and at.fresh):
            return None
        if not at.fresh:
            if heard.action or heard.visit or heard.misread:
                return self._worded(at, heard)
            numbered = chosen_number(text) is not None or self._words.decided(text) is not None
            return self._once_more(at) if numbered else None
        answers: dict[AgentStep, Callable[[_At, str, Heard], Turn | None]] = {
            "task": self._on_list,
            "action": self._on_task,
            "time": self._on_time,
            "reason": self._on_reason,
            "refusal": self._on_refusal,
            "things": self._on_things,
            "receipt": self._on_receipt,
            "paid": self._on_paid,
        }
        if at.state.asking == "refusal" and command == "drop":
            # 不去了 means the refusal.
            text = self._say("agent_yes_word")
        return answers[at.state.asking](at, text, heard)

    def _worded(self, at: _At, heard: Heard) -> Turn | None:
        """A task that is named by its code, or a step that is said in words, or both."""
        if heard.visit is not None:
            visit = at.desk.find(heard.visit)
            return self._not_theirs(at, heard.visit) if visit is None else self._said_of(at, visit, heard)
        if heard.misread:
            return self._turn(at, at.state, Text(self._say("agent_code_misread")))
        if heard.action is None:
            return None
        if heard.nth is not None and at.fresh and at.state.asking == "task":
            return self._chosen(at, heard.nth, heard)
        opened = self._opened(at) if at.fresh else None
        if opened is not None:
            return self._act(at, opened, heard.action, heard.rest)
        fitting = [visit for visit in at.desk.tasks() if can(heard.action, visit)]
        if len(fitting) == 1:
            return self._act(at, fitting[0], heard.action, heard.rest)
        if fitting:
            return self._which(at, fitting, heard)
        if at.state.asking == "nothing":
            return None
        return self._turn(at, at.blank(), Text(self._say("agent_nothing_fits")))

    def _said_of(self, at: _At, visit: Visit, heard: Heard) -> Turn:
        """What was said besides the code: a step, what a step needs, or nothing."""
        if visit.state in FINISHED:
            return self._over(at, visit)
        if heard.action is not None:
            return self._act(at, visit, heard.action, heard.rest)
        return self._implied(at, visit, heard.text) or self._show(at, visit)

    def _implied(self, at: _At, visit: Visit, text: str) -> Turn | None:
        """A time alone takes a task on, a list of things alone takes them over."""
        if can("accept", visit) and self._words.only_time(text):
            coming = self._words.coming(text, Coming(), at.desk.now)
            if coming is not None:
                return self._coming(at, visit, coming)
        if can("take_over", visit):
            things = self._words.things(text)
            if things.taken and things.counted and not things.unclear:
                return self._read_back(at, visit, things.taken)
        return None

    def _on_list(self, at: _At, text: str, heard: Heard) -> Turn | None:
        number = chosen_number(text)
        if number is not None:
            return self._chosen(at, number, self._words.read(at.state.said) if at.state.said else None)
        if self._signals.command(text) == "more":
            return self._list(at, at.state.skip + len(at.state.offered))
        return self._worded(at, heard)

    def _chosen(self, at: _At, number: int, heard: Heard | None) -> Turn:
        """The task of that number in the list, with the step that was said for it."""
        offered = at.state.offered
        index = number - 1 - at.state.skip
        if not 0 <= index < len(offered):
            last = at.state.skip + len(offered)
            return self._turn(at, at.state, Text(self._say("agent_out_of_range", count=last)))
        visit = self._find(at, offered[index])
        if visit is None:
            return self._not_theirs(at, offered[index])
        return self._show(at, visit) if heard is None else self._said_of(at, visit, heard)

    def _on_task(self, at: _At, text: str, heard: Heard) -> Turn | None:
        if heard.visit is not None or heard.misread or heard.action is not None:
            return self._worded(at, heard)
        visit = self._opened(at)
        if visit is None:
            return self._not_theirs(at, at.state.code) if chosen_number(text) is not None else None
        number = chosen_number(text)
        if number is None:
            return None if self._words.asks(text) else self._implied(at, visit, heard.text)
        if not 1 <= number <= len(at.state.offered):
            return self._turn(at, at.state, Text(self._say("agent_out_of_range", count=len(at.state.offered))))
        action: Action = at.state.offered[number - 1]  # type: ignore[assignment]
        return self._act(at, visit, action, "")

    # The steps

    def _act(self, at: _At, visit: Visit, action: Action, rest: str) -> Turn:
        if not can(action, visit):
            return self._refused(at, visit)
        match action:
            case "accept":
                coming = self._words.coming(rest, Coming(), at.desk.now) if rest else None
                return self._coming(at, visit, coming or Coming())
            case "decline":
                return self._refusing(at, visit, self._words.reason(rest))
            case "set_out":
                return self._done(at, visit, action, at.desk.set_out)
            case "take_over":
                return self._things(at, visit, rest)
            case "hand_in":
                return self._hand_in(at, visit)
            case "done":
                return self._done(at, visit, action, at.desk.finish)

    def _coming(self, at: _At, visit: Visit, coming: Coming, *, lead: str = "") -> Turn:
        """Takes the task on, or asks for what is missing of the time."""
        moment = coming.moment
        if moment is not None:
            return self._done(at, visit, "accept", lambda visit: at.desk.accept(visit, moment))
        state = replace(at.blank("time", visit), tries=at.state.tries if at.state.asking == "time" else 0)
        if coming.flaw is None:
            # What is half a time is no failure.
            state = replace(state, day=coming.day, period=coming.period, at=coming.at)
            state = replace(state, tries=0 if coming != Coming() else state.tries)
            return self._turn(at, state, Text(f"{lead}{self._time_question(visit, coming)}"))
        key, tries = f"agent_time_{coming.flaw}", state.tries + 1
        told = self._say(key, day=coming.words, when=coming.words[:20])
        if tries >= EXAMPLE:
            told += self._say("agent_example_time")
        return self._turn(at, replace(state, tries=tries % GIVEN_UP), Text(told))

    def _time_question(self, visit: Visit, coming: Coming) -> str:
        if coming.at is not None:
            return self._say("agent_ask_day", hour=spell_hour(datetime.combine(date(2000, 1, 1), coming.at, SHANGHAI)))
        if coming.day is None and coming.period is None:
            return self._say("agent_ask_time", item=self._told.item(visit))
        period = coming.period
        if coming.day is None:
            day = self._say(f"agent_some_{period}")
        else:
            day = spell_day(coming.day)
            day = self._say(f"agent_day_{period}", day=day) if period else day
        return self._say("agent_ask_hour", day=day, hour=self._say(f"agent_hour_{period or 'am'}"))

    def _on_time(self, at: _At, text: str, heard: Heard) -> Turn | None:
        visit = self._opened(at)
        if visit is None:
            return self._not_theirs(at, at.state.code)
        if heard.visit is not None or heard.action in ("decline", "set_out", "take_over", "hand_in", "done"):
            return self._worded(at, heard)
        known = Coming(at.state.day, at.state.period, at.state.at)
        coming = self._words.coming(heard.text, known, at.desk.now)
        if coming is not None:
            return self._coming(at, visit, coming)
        if self._something_else(text):
            return None
        return self._not_understood(at, visit, self._time_question(visit, known))

    def _refusing(self, at: _At, visit: Visit, reason: str | None) -> Turn:
        if reason is None:
            return self._turn(at, at.blank("reason", visit), Text(self._say("agent_ask_reason")))
        state = replace(at.blank("refusal", visit), said=reason)
        return self._turn(at, state, Text(self._refusal_question(visit, reason)))

    def _refusal_question(self, visit: Visit, reason: str) -> str:
        site = self._told.site(visit)
        return self._say("agent_check_refusal", reason=reason, site=site, **self._told.masked(visit))

    def _on_reason(self, at: _At, text: str, heard: Heard) -> Turn | None:
        visit = self._opened(at)
        if visit is None:
            return self._not_theirs(at, at.state.code)
        if self._words.keeps(text):
            return self._next(at, visit, self._say("agent_kept"))
        if heard.visit is not None or (heard.action not in (None, "decline") and not heard.rest):
            return self._worded(at, heard)
        if self._something_else(text) and self._words.asks(text):
            return None
        reason = self._words.reason(heard.rest if heard.action == "decline" else heard.text)
        if reason is not None and can("decline", visit):
            return self._refusing(at, visit, reason)
        return self._not_understood(at, visit, self._say("agent_ask_reason"))

    def _on_refusal(self, at: _At, text: str, heard: Heard) -> Turn | None:
        visit = self._opened(at)
        if visit is None:
            return self._not_theirs(at, at.state.code)
        decided = False if self._words.keeps(text) else self._words.decided(text)
        if decided is None and heard.action == "decline":
            decided = True
        if decided is None and heard.visit is not None:
            return self._worded(at, heard)
        if decided is None:
            question = self._refusal_question(visit, at.state.said)
            return None if self._words.asks(text) else self._not_understood(at, visit, question)
        if not decided:
            return self._next(at, visit, self._say("agent_kept"))
        return self._done(at, visit, "decline", lambda visit: at.desk.decline(visit, at.state.said))

    def _things(self, at: _At, visit: Visit, words: str) -> Turn:
        """Reads back what was taken over, or asks for it."""
        things = self._words.things(words)
        if len(things.taken) > MOST_THINGS:
            told = self._say("agent_things_many", count=MOST_THINGS)
            return self._turn(at, at.blank("things", visit), Text(told))
        if things.taken and not things.unclear:
            return self._read_back(at, visit, things.taken)
        lead = ""
        if things.unclear:
            lead = self._say("agent_things_unclear", words="、".join(things.unclear)[:60])
        return self._turn(at, at.blank("things", visit), Text(f"{lead}{self._say('agent_ask_things')}"))

    def _read_back(self, at: _At, visit: Visit, taken: Sequence[Taken]) -> Turn:
        state = replace(at.blank("receipt", visit), taken=agent_taken.dump(taken))
        return self._turn(at, state, Text(self._receipt_question(visit, taken)))

    def _receipt_question(self, visit: Visit, taken: Sequence[Taken]) -> str:
        head = self._say("agent_check_things")
        return "\n".join([head, self._told.taken(taken, ROOM), self._say("agent_check_things_ask")])

    def _on_things(self, at: _At, text: str, heard: Heard) -> Turn | None:
        visit = self._opened(at)
        if visit is None:
            return self._not_theirs(at, at.state.code)
        if heard.visit is not None or (heard.action not in (None, "take_over") and not heard.rest):
            return self._worded(at, heard)
        words = heard.rest if heard.action == "take_over" else heard.text
        things = self._words.things(words)
        if things.taken and can("take_over", visit):
            return self._things(at, visit, words)
        if self._something_else(text):
            return None
        lead = self._say("agent_things_unclear", words=words[:60]) if things.counted else ""
        return self._not_understood(at, visit, self._say("agent_ask_things"), lead)

    def _on_receipt(self, at: _At, text: str, heard: Heard) -> Turn | None:
        visit = self._opened(at)
        if visit is None:
            return self._not_theirs(at, at.state.code)
        taken = agent_taken.load(at.state.taken)
        corrected = self._signals.corrected(text)
        decided = self._words.decided(text)
        if corrected == "" or decided is False:
            return self._turn(at, at.blank("things", visit), Text(self._say("agent_things_again")))
        if decided:
            return self._done(at, visit, "take_over", lambda visit: at.desk.take_over(visit, taken))
        more = self._words.more(text)
        things = self._words.things(more or corrected or (heard.rest if heard.action == "take_over" else heard.text))
        if things.taken and not things.unclear and (things.counted or more):
            now_taken = agent_taken.changed(taken, things.taken, more=more is not None)
            if len(now_taken) > MOST_THINGS:
                return self._turn(at, at.state, Text(self._say("agent_things_many", count=MOST_THINGS)))
            return self._read_back(at, visit, now_taken)
        if self._words.asks(text):
            return None
        return self._not_understood(at, visit, self._receipt_question(visit, taken))

    def _hand_in(self, at: _At, visit: Visit) -> Turn:
        """Where money was taken over, only after it was said to be paid."""
        money = self._money(at, visit)
        if not money:
            return self._done(at, visit, "hand_in", at.desk.hand_in)
        return self._turn(at, at.blank("paid", visit), Text(self._paid_question(visit, money)))

    def _paid_question(self, visit: Visit, money: Sequence[Taken]) -> str:
        item, listed = self._told.item(visit), self._told.taken(money, ROOM - 500)
        return self._say("agent_check_paid", item=item, code=visit.code, money=listed)

    def _on_paid(self, at: _At, text: str, heard: Heard) -> Turn | None:
        visit = self._opened(at)
        if visit is None:
            return self._not_theirs(at, at.state.code)
        decided = self._words.decided(text)
        if decided is None and heard.visit is not None:
            return self._worded(at, heard)
        if decided is None:
            question = self._paid_question(visit, self._money(at, visit))
            return None if self._words.asks(text) else self._not_understood(at, visit, question)
        if not decided:
            return self._next(at, visit, self._say("agent_not_paid"))
        return self._done(at, visit, "hand_in", at.desk.hand_in)

    def _money(self, at: _At, visit: Visit) -> list[Taken]:
        taken = [receipt.taken for receipt in at.desk.receipts(visit)]
        return [one for one in taken if (one.amount or Decimal(0)) > 0]

    def _done(self, at: _At, visit: Visit, action: Action, step: Callable[[Visit], Visit]) -> Turn:
        """Takes the step and says so, with what comes next."""
        try:
            after = step(visit)
        except NotPossible:
            return self._refused(at, visit)
        told = self._say(
            f"agent_did_{action}",
            item=self._told.item(after),
            code=after.code,
            name=mask_name(after.name),
            site=self._told.site(after),
            visitor_code=after.visitor_code,
            when=spell_moment(after.coming_at) if after.coming_at else "",
            hand_in_by=spell_moment(after.hand_in_by) if after.hand_in_by else "",
        )
        if action in ("decline", "done"):
            return self._turn(at, at.blank(), Text(f"{told}\n{self._left(at)}"))
        return self._next(at, after, told)

    def _next(self, at: _At, visit: Visit, told: str) -> Turn:
        """`told`, and what can be done now."""
        actions = possible(visit)
        if not actions:
            return self._turn(at, at.blank(), Text(told))
        state = replace(at.blank("action", visit), offered=actions)
        prompt = f"{told}\n{self._say('agent_next')}"
        return self._turn(at, state, Choices(prompt, self._told.options(actions)))

    # What is shown

    def _list(self, at: _At, skip: int = 0) -> Turn:
        tasks = at.desk.tasks()
        name = at.desk.agent.name
        if not tasks:
            return self._turn(at, at.blank(), Text(self._say("agent_no_tasks", name=name)))
        skip = skip if skip < len(tasks) else 0
        lines, shown, room = [self._say("agent_tasks", name=name, count=len(tasks))], 0, ROOM
        for number, visit in enumerate(tasks[skip : skip + MOST_LISTED], skip + 1):
            line = f"{number}. {self._told.line(visit, at.desk.now)}"
            if len("\n".join([*lines, line]).encode()) > room - 150:
                break
            lines.append(line)
            shown += 1
        left = len(tasks) - skip - shown
        if left:
            lines.append(self._say("agent_tasks_more", count=left))
        codes = tuple(visit.code for visit in tasks[skip : skip + shown])
        state = replace(at.blank("task"), offered=codes, skip=skip)
        return self._turn(at, state, Text("\n".join(lines)))

    def _which(self, at: _At, fitting: Sequence[Visit], heard: Heard) -> Turn:
        """Which of several tasks is meant, with what was said of it kept until then."""
        offered = fitting[:MOST_LISTED]
        state = replace(
            at.blank("task"), offered=tuple(visit.code for visit in offered), said=heard.text[:LONGEST_SAID]
        )
        lines: list[str] = []
        for number, visit in enumerate(offered, 1):
            lines.append(f"{number}. {self._told.line(visit, at.desk.now)}")
        return self._turn(at, state, Text("\n".join([self._say("agent_which"), *lines])))

    def _show(self, at: _At, visit: Visit) -> Turn:
        """The whole task, and what can be done."""
        if visit.state in FINISHED:
            return self._over(at, visit)
        actions = possible(visit)
        told = Text(self._told.task(visit, at.desk.receipts(visit), at.desk.now))
        if not actions:
            return self._turn(at, at.blank(), told)
        state = replace(at.blank("action", visit), offered=actions)
        return self._turn(at, state, told, Choices(self._say("agent_ask_action"), self._told.options(actions)))

    def _once_more(self, at: _At) -> Turn | None:
        """What was asked last, from its beginning."""
        visit = self._opened(at)
        if visit is not None:
            return self._show(at, visit)
        return self._list(at)

    def _back(self, at: _At) -> Turn:
        """One step back: from a question to its task, from there to nothing."""
        visit = self._opened(at)
        if visit is None or at.state.asking in ("task", "action", "nothing"):
            return self._turn(at, at.blank(), Text(self._say("agent_closed")))
        return self._next(at, visit, self._say("agent_closed"))

    def _left(self, at: _At) -> str:
        count = len(at.desk.tasks())
        return self._say("agent_left", count=count) if count else self._say("agent_left_none")

    # What does not work

    def _refused(self, at: _At, visit: Visit) -> Turn:
        """Why not: as it stands now, which may be other than when it was shown."""
        now = at.desk.find(visit.id)
        if now is None:
            return self._not_theirs(at, visit.code)
        if now.state in FINISHED:
            return self._over(at, now)
        words = {"item": self._told.item(now), "code": now.code, "state": self._told.state(now)}
        return self._next(at, now, self._say("agent_not_now", **words))

    def _over(self, at: _At, visit: Visit) -> Turn:
        told = self._say("agent_over", code=visit.code, state=self._told.state(visit))
        return self._turn(at, at.blank(), Text(f"{told}\n{self._left(at)}"))
