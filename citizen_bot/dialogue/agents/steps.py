"""What an agent does with one task, from 接下 to 办完了, and what is asked on the way.

What is about money, and a refusal, is read back and done only after 确认. Each turn ends with what can be done next.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from citizen_bot.dialogue.agents import taken as taken_things
from citizen_bot.dialogue.agents.desk import Action, AgentDesk, can, possible
from citizen_bot.dialogue.agents.told import AgentTold
from citizen_bot.dialogue.agents.words import AgentWords, Coming, Heard
from citizen_bot.dialogue.model import AgentState, AgentStep, Choices, Conversation, Part, Reply, Text
from citizen_bot.dialogue.signals import Signals
from citizen_bot.dialogue.tasks.flow import parked
from citizen_bot.dialogue.turn import Turn
from citizen_bot.platform.clock import SHANGHAI, spell_day, spell_hour, spell_moment
from citizen_bot.platform.numbers import VISIT
from citizen_bot.platform.privacy import mask_name
from citizen_bot.visits.records import FINISHED
from citizen_bot.visits.service import NotPossible, Taken, Visit
from citizen_bot.wordings import Wordings

# In one message: what is read back has to fit into one, too.
MOST_THINGS = 10
# Of the same question, this try brings an example, and the one after it ends.
EXAMPLE, GIVEN_UP = 2, 3

Question = Literal["time", "reason", "refusal", "things", "receipt", "paid"]
# What an open question is on the way to.
_TOWARDS: dict[AgentStep, Action] = {
    "time": "accept",
    "reason": "decline",
    "refusal": "decline",
    "things": "take_over",
    "receipt": "take_over",
    "paid": "hand_in",
}


@dataclass(frozen=True, slots=True)
class At:
    """Where the agent stands. `fresh`: numbers and 确认 still mean what was asked last."""

    before: Conversation
    desk: AgentDesk
    state: AgentState = field(default_factory=AgentState)
    fresh: bool = True

    def blank(self, asking: AgentStep = "nothing", visit: Visit | None = None) -> AgentState:
        """A state that remembers nothing but how often a wrong code was tried."""
        return AgentState(
            asking,
            code=visit.code if visit else None,
            wrong_codes=self.state.wrong_codes,
            wrong_on=self.state.wrong_on,
        )

    @property
    def opened(self) -> Visit | None:
        """The task that is open, as long as it is the agent's."""
        return self.find(self.state.code) if self.state.code else None

    def find(self, code: str) -> Visit | None:
        number = VISIT.read(code)
        return None if number is None else self.desk.find(number)


class AgentSteps:
    def __init__(self, signals: Signals, wordings: Wordings, words: AgentWords, told: AgentTold) -> None:
        self._signals = signals
        self._say = wordings
        self._words = words
        self._told = told

    def show(self, at: At, visit: Visit) -> Turn:
        """The whole task, and what can be done."""
        if visit.state in FINISHED:
            return self._over(at, visit)
        actions = possible(visit)
        told = Text(self._told.task(visit, at.desk.receipts(visit), at.desk.now))
        if not actions:
            return self._turn(at, at.blank(), told)
        state = replace(at.blank("action", visit), offered=actions)
        return self._turn(at, state, told, Choices(self._say("agent_ask_action"), self._told.options(actions)))

    def said_of(self, at: At, visit: Visit, heard: Heard) -> Turn:
        """A task that was named, with a step, with what a step needs, or with nothing else."""
        if visit.state in FINISHED:
            return self._over(at, visit)
        if heard.action is not None:
            return self.act(at, visit, heard.action, heard.rest)
        return self.implied(at, visit, heard.text) or self.show(at, visit)

    def implied(self, at: At, visit: Visit, text: str) -> Turn | None:
        """A time alone takes a task on, a list of things alone takes them over."""
        if can("accept", visit) and self._words.only_time(text):
            coming = self._words.coming(text, Coming(), at.desk.now)
            if coming is not None:
                return self._coming(at, visit, coming)
        if can("take_over", visit) and self._words.lists(text):
            return self._things(at, visit, text)
        return None

    def act(self, at: At, visit: Visit, action: Action, rest: str) -> Turn:
        """The step, or what has to be asked before; `rest` is what was said with it."""
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

    def answered(self, at: At, text: str, heard: Heard) -> Turn | None:
        """What follows on an answer to the open question of a step; None where `text` asks something else."""
        visit = at.opened
        asks = self._words.asks(text)
        if visit is None:
            return None if asks else self.not_theirs(at, at.state.code or "")
        if not can(_TOWARDS[at.state.asking], visit):
            return None if asks else self._refused(at, visit)
        match at.state.asking:
            case "time":
                return self._on_time(at, visit, text, heard)
            case "reason":
                return self._on_reason(at, visit, text, heard)
            case "refusal":
                return self._on_refusal(at, visit, text, heard)
            case "things":
                return self._on_things(at, visit, text, heard)
            case "receipt":
                return self._on_receipt(at, visit, text, heard)
            case _:
                return self._on_paid(at, visit, text)

    def next(self, at: At, visit: Visit, told: str) -> Turn:
        """`told`, and what can be done now."""
        actions = possible(visit)
        if not actions:
            return self._turn(at, at.blank(), Text(told))
        state = replace(at.blank("action", visit), offered=actions)
        return self._turn(at, state, Choices(f"{told}\n{self._say('agent_next')}", self._told.options(actions)))

    def not_theirs(self, at: At, code: str) -> Turn:
        """It went to somebody else, or never was the agent's: nothing is told of it."""
        return self._turn(at, at.blank(), Text(f"{self._say('agent_not_yours', code=code)}\n{self._left(at)}"))

    # When somebody comes

    def _coming(self, at: At, visit: Visit, coming: Coming) -> Turn:
        """Takes the task on, or asks for what is missing of the time."""
        moment = coming.moment
        if moment is not None:
            return self._done(at, visit, "accept", lambda visit: at.desk.accept(visit, moment))
        if coming.flaw is not None:
            flaw = self._say(f"agent_time_{coming.flaw}", words=coming.words[:20])
            return self._not_understood(at, visit, "time", self._time_question(visit, Coming()), flaw)
        state = replace(at.blank("time", visit), day=coming.day, period=coming.period, at=coming.at)
        return self._turn(at, state, Text(self._time_question(visit, coming)))

    def _time_question(self, visit: Visit, known: Coming) -> str:
        if known.at is not None:
            # Of no particular day: only the hour is told.
            hour = spell_hour(datetime.combine(date(2000, 1, 1), known.at, SHANGHAI))
            return self._say("agent_ask_day", hour=hour)
        period = known.period
        if known.day is not None:
            day = spell_day(known.day)
            day = self._say(f"agent_day_{period}", day=day) if period else day
        elif period is not None:
            day = self._say(f"agent_some_{period}")
        else:
            return self._say("agent_ask_time", item=self._told.item(visit))
        return self._say("agent_ask_hour", day=day, hour=self._say(f"agent_hour_{period or 'am'}"))

    def _on_time(self, at: At, visit: Visit, text: str, heard: Heard) -> Turn | None:
        if heard.action not in (None, "accept"):
            return self.act(at, visit, heard.action, heard.rest)
        known = Coming(at.state.day, at.state.period, at.state.at)
        coming = self._words.coming(heard.text, known, at.desk.now)
        if coming is not None:
            return self._coming(at, visit, coming)
        if self._signals.asks(text) or self._words.asks(text):
            return None
        return self._not_understood(at, visit, "time", self._time_question(visit, known))

    # Refusing

    def _refusing(self, at: At, visit: Visit, reason: str | None) -> Turn:
        if reason is None:
            return self._turn(at, at.blank("reason", visit), Text(self._say("agent_ask_reason")))
        state = replace(at.blank("refusal", visit), said=reason)
        return self._turn(at, state, Text(self._refusal_question(visit, reason)))

    def _refusal_question(self, visit: Visit, reason: str) -> str:
        site = self._told.site(visit)
        return self._say("agent_check_refusal", reason=reason, site=site, **self._told.masked(visit))

    def _on_reason(self, at: At, visit: Visit, text: str, heard: Heard) -> Turn | None:
        if self._words.keeps(text):
            return self.next(at, visit, self._say("agent_kept"))
        if heard.action not in (None, "decline") and not heard.rest:
            return self.act(at, visit, heard.action, heard.rest)
        if self._words.asks_back(text):
            return None
        reason = self._words.reason(heard.rest if heard.action == "decline" else heard.text)
        if reason is None:
            return self._not_understood(at, visit, "reason", self._say("agent_ask_reason"))
        return self._refusing(at, visit, reason)

    def _on_refusal(self, at: At, visit: Visit, text: str, heard: Heard) -> Turn | None:
        decided = False if self._words.keeps(text) else self._words.decided(text)
        if decided is None and heard.action == "decline":
            # 推了, 真去不了: once more the same, or with another reason.
            reason = self._words.reason(heard.rest)
            if reason is not None and reason != at.state.said:
                return self._refusing(at, visit, reason)
            decided = True
        if decided is None:
            if self._words.asks(text):
                return None
            question = self._refusal_question(visit, at.state.said)
            return self._not_understood(at, visit, "refusal", question)
        if not decided:
            return self.next(at, visit, self._say("agent_kept"))
        return self._done(at, visit, "decline", lambda visit: at.desk.decline(visit, at.state.said))

    # What was taken over

    def _things(self, at: At, visit: Visit, words: str) -> Turn:
        """Reads back what was taken over, or asks for it."""
        things = self._words.things(words)
        if things.taken and not things.unclear:
            return self._read_back(at, visit, things.taken)
        question = self._say("agent_ask_things")
        if things.unclear:
            unclear = self._say("agent_things_unclear", words="、".join(things.unclear)[:60])
            return self._not_understood(at, visit, "things", question, unclear)
        return self._turn(at, at.blank("things", visit), Text(question))

    def _read_back(self, at: At, visit: Visit, taken: Sequence[Taken]) -> Turn:
        if len(taken) > MOST_THINGS:
            asking = at.state if at.state.asking == "receipt" else at.blank("things", visit)
            return self._turn(at, asking, Text(self._say("agent_things_many", count=MOST_THINGS)))
        state = replace(at.blank("receipt", visit), taken=taken_things.dump(taken))
        return self._turn(at, state, Text(self._receipt_question(taken)))

    def _receipt_question(self, taken: Sequence[Taken]) -> str:
        head, end = self._say("agent_check_things"), self._say("agent_check_things_ask")
        return f"{head}\n{self._told.taken(taken)}\n{end}"

    def _on_things(self, at: At, visit: Visit, text: str, heard: Heard) -> Turn | None:
        if heard.action not in (None, "take_over") and not heard.rest:
            return self.act(at, visit, heard.action, heard.rest)
        words = heard.rest if heard.action == "take_over" else heard.text
        if not self._words.lists(words) and (self._signals.asks(text) or self._words.asks(text)):
            return None
        things = self._words.things(words)
        if not things.taken and not things.unclear:
            return self._not_understood(at, visit, "things", self._say("agent_ask_things"))
        return self._things(at, visit, words)

    def _on_receipt(self, at: At, visit: Visit, text: str, heard: Heard) -> Turn | None:
        taken = taken_things.load(at.state.taken)
        more, corrected = self._words.more(text), self._signals.corrected(text)
        words = more or corrected or (heard.rest if heard.action == "take_over" else heard.text)
        things = self._words.things(words)
        if things.taken and not things.unclear and (things.counted or more):
            return self._read_back(at, visit, taken_things.changed(taken, things.taken, more=more is not None))
        decided = False if corrected is not None else self._words.decided(text)
        if decided is None:
            if self._words.asks(text):
                return None
            return self._not_understood(at, visit, "receipt", self._receipt_question(taken))
        if not decided:
            return self._turn(at, at.blank("things", visit), Text(self._say("agent_things_again")))
        return self._done(at, visit, "take_over", lambda visit: at.desk.take_over(visit, taken))

    # Handing in

    def _hand_in(self, at: At, visit: Visit) -> Turn:
        """Where money was taken over, only after it was said to be paid."""
        money = self._money(at, visit)
        if not money:
            return self._done(at, visit, "hand_in", at.desk.hand_in)
        return self._turn(at, at.blank("paid", visit), Text(self._paid_question(visit, money)))

    def _paid_question(self, visit: Visit, money: Sequence[Taken]) -> str:
        return self._say(
            "agent_check_paid", item=self._told.item(visit), code=visit.code, money=self._told.taken(money)
        )

    def _on_paid(self, at: At, visit: Visit, text: str) -> Turn | None:
        decided = self._words.decided(text)
        if decided is None:
            if self._words.asks(text):
                return None
            return self._not_understood(at, visit, "paid", self._paid_question(visit, self._money(at, visit)))
        if not decided:
            return self.next(at, visit, self._say("agent_not_paid"))
        return self._done(at, visit, "hand_in", at.desk.hand_in)

    def _money(self, at: At, visit: Visit) -> list[Taken]:
        taken = [receipt.taken for receipt in at.desk.receipts(visit)]
        return [one for one in taken if (one.amount or Decimal(0)) > 0]

    # What becomes of it

    def _done(self, at: At, visit: Visit, action: Action, step: Callable[[Visit], Visit]) -> Turn:
        """Takes the step and says so, with what comes next."""
        try:
            after = step(visit)
        except NotPossible:
            return self._refused(at, visit)
        told = "agent_told" if after.resident_id is not None else "agent_not_told"
        did = self._say(
            f"agent_did_{action}",
            told=self._say(f"{told}_check" if action == "take_over" else told),
            item=self._told.item(after),
            code=after.code,
            name=mask_name(after.name),
            site=self._told.site(after),
            visitor_code=after.visitor_code,
            when=spell_moment(after.coming_at) if after.coming_at else "",
            hand_in_by=spell_moment(after.hand_in_by) if after.hand_in_by else "",
        )
        if action in ("decline", "done"):
            return self._turn(at, at.blank(), Text(f"{did}\n{self._left(at)}"))
        return self.next(at, after, did)

    def _not_understood(self, at: At, visit: Visit, asking: Question, question: str, why: str = "") -> Turn:
        """The same question once more, then with an example, then no more of it (never in a circle)."""
        same = at.state.asking == asking
        tries = (at.state.tries if same else 0) + 1
        if tries >= GIVEN_UP:
            return self.next(at, visit, self._say("agent_given_up"))
        state = replace(at.state if same else at.blank(asking, visit), tries=tries)
        example = self._say(f"agent_example_{asking}") if tries >= EXAMPLE else ""
        return self._turn(at, state, Text(f"{why or self._say('agent_again')}{example}\n{question}"))

    def _refused(self, at: At, visit: Visit) -> Turn:
        """Why not: as it stands now, which may be other than when it was shown."""
        now = at.desk.find(visit.id)
        if now is None:
            return self.not_theirs(at, visit.code)
        if now.state in FINISHED:
            return self._over(at, now)
        words = {"item": self._told.item(now), "code": now.code, "state": self._told.state(now)}
        return self.next(at, now, self._say("agent_not_now", **words))

    def _over(self, at: At, visit: Visit) -> Turn:
        told = self._say("agent_over", code=visit.code, state=self._told.state(visit))
        return self._turn(at, at.blank(), Text(f"{told}\n{self._left(at)}"))

    def _left(self, at: At) -> str:
        count = len(at.desk.tasks())
        return self._say("agent_left", count=count) if count else self._say("agent_left_none")

    def _turn(self, at: At, state: AgentState, *parts: Part) -> Turn:
        return working(at, self._say, state, *parts)


def working(at: At, say: Wordings, state: AgentState, *parts: Part) -> Turn:
    """An agent's turn, which takes the place of any other open question: an own booking is broken off."""
    after = replace(at.before, agent=state, pending=None, checklist=None, where=(), misses=0)
    task = at.before.task
    if task is not None:
        at.desk.desk.release()
        after = replace(after, task=None, parked=parked(task))
        parts = (*parts, Text(say("agent_parked")))
    return Turn(after, Reply(parts))
