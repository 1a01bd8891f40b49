"""One turn of the talk: (conversation, message) → (conversation, reply, effects). No clock of its own; what it books
and looks up goes through the turn's Desk."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from citizen_bot.catalog.model import Catalogue
from citizen_bot.dialogue.agents.public import PublicAgents
from citizen_bot.dialogue.agents.work import AgentWork
from citizen_bot.dialogue.checklist import Checklists
from citizen_bot.dialogue.desk import Desk
from citizen_bot.dialogue.items import Items
from citizen_bot.dialogue.model import Checklist, Conversation, Incoming, Pending, Reply, Task, TaskKind, Text
from citizen_bot.dialogue.patterns import plain
from citizen_bot.dialogue.render import NoticeLink, Renderer
from citizen_bot.dialogue.signals import Command, Signals, chosen_number
from citizen_bot.dialogue.tasks.flow import Tasks, parked
from citizen_bot.dialogue.turn import ForgetResident, RequestPerson, Turn, Understood, said
from citizen_bot.dialogue.whereabouts import Whereabouts
from citizen_bot.matching.knowledge import Topic
from citizen_bot.matching.matcher import Matcher
from citizen_bot.matching.model import Facet, Intent, Match
from citizen_bot.platform.calendar import CLOSING, WorkingCalendar
from citizen_bot.platform.clock import SHANGHAI, spell_day, spell_hour
from citizen_bot.rules import Rules
from citizen_bot.wordings import Wordings

# An open question is over after half an hour of silence; what was talked of is remembered for the day.
PENDING_FOR = timedelta(minutes=30)
TOPIC_FOR = timedelta(hours=24)
# Characters of a message that are read: WeChat lets people send about this many.
READ = 700
# Commands that may be the answer to an open question as well.
ANSWERING: tuple[Command, ...] = ("ack", "none_of_these", "bye", "enough")
# What is said to a command that does nothing, or nothing now.
_ANSWERS: Mapping[Command, str] = {"who": "who", "bye": "bye", "ack": "ack", "none_of_these": "no_choices"}
# The number of an item of a life event within a sentence.
_NTH = re.compile(r"第([0-9]{1,2}|[一二三四五六七八九十])[件个项]")


class Talk:
    """Answers messages out of one catalogue.

    `topics` are the subjects that are not ours, by the matcher's key for them. `unverified_sites`: whether places that
    nobody has confirmed may be told (development only).
    """

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        matcher: Matcher,
        topics: Mapping[str, Topic],
        signals: Signals,
        wordings: Wordings,
        calendar: WorkingCalendar,
        rules: Rules,
        notice_link: NoticeLink,
        unverified_sites: bool,
    ) -> None:
        self._catalogue = catalogue
        self._matcher = matcher
        self._signals = signals
        self._say = wordings
        self._calendar = calendar
        self._where = Whereabouts(catalogue, wordings, calendar, unverified=unverified_sites)
        self._items = Items(catalogue, matcher, topics, signals, wordings, self._where)
        self._lists = Checklists(catalogue, matcher, signals, wordings, self._items, self._where)
        self._tasks = Tasks(
            catalogue,
            matcher,
            signals,
            wordings,
            self._items,
            self._where,
            rules.appointments,
            calendar,
            unverified=unverified_sites,
        )
        self._agents = AgentWork(catalogue, signals, wordings, calendar)
        self._public_agents = PublicAgents(catalogue, self._where, wordings, unverified=unverified_sites)
        self._renderer = Renderer(catalogue, wordings, notice_link)

    @property
    def catalogue(self) -> Catalogue:
        """What the answers come from."""
        return self._catalogue

    def warm(self) -> None:
        """Proves that a message is understood. Raises RuntimeError otherwise."""
        self._matcher.warm()

    def render(self, reply: Reply, limit: int = 2048, number: int | None = None) -> str | None:
        """`reply` as one text of at most `limit` bytes; None where no answer is expected. `number` is that of the
        notice in it, where it was kept."""
        return self._renderer.text(reply, limit, number)

    def respond(self, conversation: Conversation, incoming: Incoming, desk: Desk) -> Turn:
        now = desk.now
        before = self._current(conversation, now)
        turn = self._turn(before, incoming, desk)
        if turn.wants_person:
            turn = self._helped_by_person(turn, incoming.text, now)
        if turn.conversation is None:
            return turn
        turn = self._with_task(before, turn, desk)
        if conversation.task is not None and before.task is None and turn.reply.parts:
            silent = Text(self._tasks.silence(conversation.task))
            turn = replace(turn, reply=Reply((silent, *turn.reply.parts)))
        return replace(turn, conversation=replace(turn.conversation or before, last_at=now))

    def _with_task(self, before: Conversation, turn: Turn, desk: Desk) -> Turn:
        """`turn` with the open question of the task under way, where it answered something else and asks nothing."""
        after, task = turn.conversation, before.task
        if after is None or task is None or after.task is not task or not turn.reply.parts:
            return turn
        asks = after.checklist or after.where or (after.pending and not after.pending.standing)
        if asks or turn.understood.intent == "human":
            return replace(turn, slots=self._tasks.slots(task))
        return self._tasks.reopened(before, turn, task, desk)

    def _helped_by_person(self, turn: Turn, question: str | None, now: datetime) -> Turn:
        """`turn` of a task that is not understood, with somebody of the staff asked to help."""
        person = self._person(turn.conversation or Conversation(), question, now)
        promised = "".join(part.text for part in person.reply.parts if isinstance(part, Text))
        told = Text(self._say("task_person", promised=promised))
        return replace(turn, reply=Reply((told,)), effects=(*turn.effects, *person.effects))

    def _current(self, conversation: Conversation, now: datetime) -> Conversation:
        """`conversation` without what is too old and without items that the catalogue no longer has."""
        silence = now - (conversation.last_at or now)
        if silence > TOPIC_FOR:
            return Conversation(home=conversation.home)
        known = self._catalogue.guides
        topics = tuple(topic for topic in conversation.topics if topic in known)
        item = conversation.item if conversation.item in known else None
        pending, checklist, where = conversation.pending, conversation.checklist, conversation.where
        task, broken_off, done = conversation.task, conversation.parked, conversation.done
        if silence > PENDING_FOR:
            pending, checklist, where = None, None, ()
            task, broken_off, done = None, parked(task) if task else broken_off, None
        if pending and not all(self._catalogue.subject(item) for item in pending.items):
            pending = None
        if checklist and checklist.item not in known:
            checklist = None
        if task and task.item is not None and task.item not in known:
            task = None
        return replace(
            conversation,
            item=item,
            topics=topics,
            pending=pending,
            checklist=checklist,
            where=where,
            task=task,
            parked=broken_off,
            done=done,
        )

    def _turn(self, before: Conversation, incoming: Incoming, desk: Desk) -> Turn:
        match incoming.kind:
            case "event":
                return self._event(before, incoming, desk)
            case "text":
                return self._said(before, incoming.text or "", desk)
            case "voice":
                if not (incoming.text or "").strip():
                    return said(before, self._say("voice_unheard"))
                return self._said(before, incoming.text or "", desk)
            case "location":
                placed = self._tasks.located(before, before.task, incoming, desk) if before.task else None
                return placed or self._where.located(before, self._items.of(before), incoming)
            case kind:
                return said(before, self._say(kind))

    def _event(self, before: Conversation, incoming: Incoming, desk: Desk) -> Turn:
        match incoming.event:
            case "subscribe":
                return said(Conversation(), self._say("welcome"))
            case "unsubscribe":
                return Turn(None, Reply(), (ForgetResident(),))
            case "click":
                word = self._signals.menu_keys.get(incoming.event_key or "")
                return self._said(before, word, desk) if word else said(before, self._say("menu"))
            case "scan":
                return said(before, self._say("menu"))
            case _:
                return Turn(before, Reply())

    def _said(self, before: Conversation, text: str, desk: Desk) -> Turn:
        text = text[:READ]
        now = desk.now
        checklist = before.checklist
        emergency = self._signals.emergency(text)
        if emergency is not None and not (checklist and self._lists.is_choice(checklist, text)):
            told = self._say(emergency.wording, number=emergency.number)
            return said(before, told, Understood("oos", decision="fallback", score=1.0))
        if (work := self._agents.go_on(before, text, desk)) is not None:
            return work
        if before.where:
            turn = self._where.which_place(before, self._items.of(before), text, now)
            if turn is not None:
                return turn if checklist is None else self._lists.keep_open(turn, checklist)
            before = replace(before, where=())
        if checklist is not None:
            return self._in_checklist(before, checklist, text, desk)
        if before.task is not None and not self._answers_choice(before, text):
            return self._in_task(before, before.task, text, desk)
        if (answered := self._agents.receipts(before, text, desk)) is not None:
            return answered
        return self._heard(before, text, desk)

    def _answers_choice(self, before: Conversation, text: str) -> bool:
        """Whether `text` chooses among items that were offered in answer to a question beside a task."""
        pending = before.pending
        if pending is None or pending.standing:
            return False
        if chosen_number(text) is not None:
            return True
        return isinstance(self._items.reply_to(before, pending, text, self._matcher.match(text)), str)

    def _beside(self, before: Conversation, task: Task, text: str, desk: Desk) -> Turn:
        """What is said to a message beside a task; where it is about is known from the task."""
        there = self._tasks.home(task) or before.home
        turn = self._heard(replace(before, home=there), text, desk)
        after = turn.conversation
        if after is None or after.home != there:
            return turn
        return replace(turn, conversation=replace(after, home=before.home))

    def _in_task(self, before: Conversation, task: Task, text: str, desk: Desk) -> Turn:
        """An answer to the open question of a task; or something else, after which it is asked again."""
        command = self._command_in(text)
        if command == "cancel" and not (task.kind == "cancel" and self._signals.tasks.gives_back(text)):
            return self._tasks.stop(before, task, desk)
        if command in (None, *ANSWERING, "cancel", "correct", "resume", "drop", "move") and (
            turn := self._tasks.go_on(before, task, text, desk)
        ):
            return turn
        return self._beside(before, task, text, desk)

    def _in_checklist(self, before: Conversation, checklist: Checklist, text: str, desk: Desk) -> Turn:
        """An answer to the open question of a personal list; or something else, after which it is asked again."""
        answered = self._lists.answer(before, checklist, text)
        command = self._command_in(text)
        if answered is not None and command in (None, *ANSWERING):
            return answered
        match command:
            case "correct":
                return self._lists.take_back(before, checklist)
            case "enough":
                return self._lists.finish(before, checklist)
            case "again" | "confused" | "checklist" | "more":
                return self._lists.repeat(before, checklist)
            case None | "ack" | "none_of_these" | "bye":
                if not self._says_something_else(text):
                    return self._lists.ask_again(before, checklist)
        return self._lists.keep_open(self._heard(before, text, desk), checklist)

    def _says_something_else(self, text: str) -> bool:
        """Whether `text`, which is no answer to an open question, asks or wants something that is understood."""
        if self._where.home_told(text) or self._items.event_named(text):
            return True
        match = self._matcher.match(text)
        if match.intent in ("guide", "oos", "site"):
            understood = match.decision == "answer" or match.follow_up
            return understood and self._signals.asks(self._matcher.normal(text))
        return True

    def _heard(self, before: Conversation, text: str, desk: Desk) -> Turn:
        """A message that is no answer to an open question about a place, of a personal list or of a task."""
        if (bound := self._agents.bind(before, text, desk)) is not None:
            return bound
        if before.done is not None and before.pending is None and self._signals.tasks.sure(text):
            # Confirmed once more: the answer may never have arrived.
            return said(before, before.done)
        command = self._command_in(text)
        if command is not None:
            return self._command(before, command, text, desk)
        if before.parked is not None and self._signals.tasks.resumes(text):
            return self._tasks.resume(before, text, desk)
        choice = chosen_number(text)
        if choice is not None:
            return self._number(before, choice)
        if plain(text) == "":
            return said(before, self._say("ack"))
        if self._tasks.numbered(text) or self._signals.tasks.asks_own(text):
            return self._tasks.own(before, text, desk)
        if before.listed is not None and self._signals.corrected(text) is not None:
            return self._lists.start(before, before.listed, anew=True)
        nth = _NTH.search(text)
        if nth and before.pending and before.pending.standing and (number := chosen_number(nth[1])):
            facet = self._matcher.facet(_NTH.sub("", text))
            return self._number(replace(before, pending=replace(before.pending, facet=facet)), number)
        told = self._where.home_told(text)
        if told:
            return self._where.at_home(before, told, self._items.of(before), text, desk.now)
        return self._understood(before, text, desk)

    def _understood(self, before: Conversation, text: str, desk: Desk) -> Turn:
        """A message in the resident's own words."""
        if self._signals.injection(text):
            return said(before, self._say("limit"), Understood("oos", decision="fallback", score=1.0))
        if self._signals.asks_for_agent(text):
            return self._public_agents.tell(before, text, desk)
        event = self._items.event_named(text)
        if event is not None:
            return self._items.tell_event(before, event)
        match = self._matcher.match(text)
        if self._signals.rude(text) and match.decision != "answer":
            return self._rude(before)
        if self._signals.death(self._matcher.normal(text)) and (turn := self._items.of_death(before, text, match)):
            return turn
        if match.intent in ("guide", "oos") and self._tasks.moves_booked(text, desk):
            return self._tasks.begin_own(before, "move", text, desk)
        if match.intent not in ("book", "visit", "complain") and self._signals.tasks.books(text):
            return self._tasks.begin(before, "book", text, None, desk)
        if match.intent != "complain" and self._signals.tasks.drops(text) and not self._signals.tasks.moves(text):
            return self._tasks.begin_own(before, "cancel", text, desk, match)
        if match.intent in ("book", "visit", "cancel", "progress"):
            return self._task(before, text, match, desk)
        turn = self._matched(self._where.placed(before, text, match), text, match, desk.now)
        return self._lists.remembering(self._where.kept(turn, before, text), text)

    def _command_in(self, text: str) -> Command | None:
        if self._signals.wants_just_checklist(self._matcher.normal(text)):
            return "checklist"
        return self._signals.command(text)

    def _rude(self, before: Conversation) -> Turn:
        wording = "rude_again" if before.soothed else "rude"
        return said(
            replace(before, soothed=True), self._say(wording), Understood("oos", decision="fallback", score=1.0)
        )

    def _command(self, before: Conversation, command: Command, text: str, desk: Desk) -> Turn:
        match command:
            case "menu":
                return said(before, self._say("menu"), Understood("greet", decision="answer", score=1.0))
            case "cancel":
                return self._cancel(before, desk)
            case "human":
                return self._person(before, None, desk.now)
            case "more" | "again":
                return self._tell_again(before, command)
            case "checklist":
                return self._lists.wanted(before)
            case "events":
                return self._items.offer_events(before)
            case "mine" | "progress" | "move" | "drop" | "resume" | "tasks":
                return self._of_own(before, command, text, desk)
            case "correct" if before.listed is not None:
                return self._lists.start(before, before.listed, anew=True)
            case "none_of_these" if before.pending is not None:
                after = replace(before, pending=None, misses=before.misses + 1)
                return said(after, self._say("none_of_these"))
            case _:
                return said(before, self._say(_ANSWERS.get(command, "confused")))

    def _of_own(self, before: Conversation, command: Command, text: str, desk: Desk) -> Turn:
        """What the resident has booked or broken off; an agent's tasks."""
        match command:
            case "move":
                return self._tasks.begin_own(before, "move", text, desk)
            case "drop":
                return self._tasks.begin_own(before, "cancel", text, desk)
            case "resume":
                return self._tasks.resume(before, text, desk)
            case "tasks":
                return self._agents.tasks(before, desk)
            case _:
                return self._tasks.own(before, "", desk)

    def _tell_again(self, before: Conversation, command: Command) -> Turn:
        """The whole notice of the talk's item, or once more what was told of it."""
        if before.item is None:
            return said(before, self._say("which_item" if command == "more" else "nothing_to_repeat"))
        if command == "more":
            return self._items.tell(before, before.item, None, short=False)
        return self._items.tell(before, before.item, before.facet)

    def _cancel(self, before: Conversation, desk: Desk) -> Turn:
        open_questions = before.pending or before.checklist or before.where or before.item
        if not open_questions and (desk.open_appointments() or desk.open_visits()):
            return self._tasks.begin_own(before, "cancel", "", desk)
        wording = "bye_pending" if open_questions else "nothing_to_cancel"
        after = replace(before, pending=None, checklist=None, where=(), item=None, facet=None)
        return said(after, self._say(wording), Understood("cancel", decision="answer", score=1.0))

    def _number(self, before: Conversation, number: int) -> Turn:
        pending = before.pending
        if pending is None or not pending.items:
            return said(before, self._say("no_choices"))
        if not 1 <= number <= len(pending.items):
            return self._items.offer(before, pending, self._say("out_of_range", count=len(pending.items)))
        return self._chosen(before, pending, pending.items[number - 1], pending.facet)

    def _chosen(self, before: Conversation, pending: Pending, item: str, facet: Facet | None) -> Turn:
        if item in self._catalogue.events:
            return self._items.tell_event(before, self._catalogue.events[item])
        if pending.listing:
            return self._lists.start(before, item)
        return _still_standing(self._items.tell(before, item, facet, short=False), pending)

    def _matched(self, before: Conversation, text: str, match: Match, now: datetime) -> Turn:
        turn = self._by_intent(before, text, match, now)
        return turn if before.pending is None else _still_standing(turn, before.pending)

    def _by_intent(self, before: Conversation, text: str, match: Match, now: datetime) -> Turn:
        if before.pending is not None:
            reply = self._items.reply_to(before, before.pending, text, match)
            if isinstance(reply, str):
                return self._chosen(before, before.pending, reply, match.facet or before.pending.facet)
            if reply is not None:
                return reply
            if before.pending.listing and match.item is not None and match.decision == "answer":
                return self._lists.start(before, match.item)
        if self._signals.wants_checklist(self._matcher.normal(text)):
            return self._lists.wanted_for(before, match)
        match match.intent:
            case "guide":
                return self._where.where_too(self._items.question(before, text, match), text, match)
            case "human":
                return self._person(before, text, now)
            case "site":
                return self._where.site(before, self._items.of(before), text, match, now)
            case "greet" | "thanks":
                return said(replace(before, misses=0), self._say(match.intent), Understood.of(match))
            case "oos":
                return self._items.out_of_scope(before, text, match)
            case intent:
                return self._not_open_yet(before, match, intent)

    def _task(self, before: Conversation, text: str, match: Match, desk: Desk) -> Turn:
        """Booking and home visits begin; what is booked already is looked up, moved or given back."""
        match match.intent:
            case "progress":
                return self._tasks.own(before, text, desk, match)
            case "cancel":
                kind: TaskKind = "move" if self._tasks.moves(text, desk) else "cancel"
                return self._tasks.begin_own(before, kind, text, desk, match)
            case "visit":
                return self._tasks.begin(before, "visit", text, match, desk)
            case _:
                wanted: TaskKind = "visit" if self._signals.tasks.comes(text) else "book"
                return self._tasks.begin(before, wanted, text, match, desk)

    def _not_open_yet(self, before: Conversation, match: Match, intent: Intent) -> Turn:
        """Complaints and ratings are not open yet: say so, and what can be done instead."""
        after = replace(before, pending=None, misses=0)
        return Turn(after, Reply((Text(self._say(intent)),)), understood=Understood.of(match))

    def _person(self, before: Conversation, question: str | None, now: datetime) -> Turn:
        asked = f"{now.astimezone(SHANGHAI):%H:%M}"
        if self._calendar.is_open(now):
            local = now.astimezone(SHANGHAI)
            promised = datetime.combine(local.date(), CLOSING, SHANGHAI)
            text = self._say("person_open", asked=asked, closing=spell_hour(promised))
        else:
            promised = self._calendar.next_opening(now).astimezone(SHANGHAI)
            text = self._say("person_closed", asked=asked, promised=_day_and_hour(promised, now))
        effect = RequestPerson(question, before.item, promised)
        understood = Understood("human", decision="answer", score=1.0)
        return Turn(replace(before, pending=None, misses=0), Reply((Text(text),)), (effect,), understood)


def _still_standing(turn: Turn, pending: Pending) -> Turn:
    """`turn` with the choice that stays open as long as the talk is on one of its items."""
    after = turn.conversation
    if not pending.standing or after is None or after.item not in pending.items or after.pending or after.checklist:
        return turn
    return replace(turn, conversation=replace(after, pending=pending))


def _day_and_hour(at: datetime, now: datetime) -> str:
    """今天13点30分, 明天11月24日（周二）8点30分, 11月30日（周一）8点30分."""
    days = (at.date() - now.astimezone(SHANGHAI).date()).days
    if days == 0:
        return f"今天{spell_hour(at)}"
    return f"{'明天' if days == 1 else ''}{spell_day(at.date())}{spell_hour(at)}"
