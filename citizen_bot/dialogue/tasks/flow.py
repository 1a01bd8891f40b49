"""The flow of a task: each message is read for everything that it tells, and only what is still missing is asked."""

from dataclasses import replace

from citizen_bot.catalog.model import Catalogue, Division
from citizen_bot.dialogue.desk import Desk
from citizen_bot.dialogue.items import NEARBY, Items
from citizen_bot.dialogue.model import Choices, Conversation, Incoming, Reply, Task, TaskKind, Text
from citizen_bot.dialogue.signals import Signals
from citizen_bot.dialogue.tasks.booking import Booking
from citizen_bot.dialogue.tasks.hours import Hours
from citizen_bot.dialogue.tasks.own import Own
from citizen_bot.dialogue.tasks.steps import Next, Questions, asked, led
from citizen_bot.dialogue.tasks.told import Reader, near
from citizen_bot.dialogue.tasks.visiting import Visiting
from citizen_bot.dialogue.tasks.windows import Windows
from citizen_bot.dialogue.times.when import read_move, read_when
from citizen_bot.dialogue.turn import Turn, Understood
from citizen_bot.dialogue.whereabouts import Whereabouts
from citizen_bot.matching.matcher import Matcher
from citizen_bot.matching.model import Decision, Intent, Match
from citizen_bot.platform.calendar import WorkingCalendar
from citizen_bot.rules import AppointmentRules
from citizen_bot.wordings import Wordings

# Of the same question, this try brings an example, and the one after it a person.
EXAMPLE, PERSON = 2, 3
NEAREST = 3
INTENTS: dict[TaskKind, Intent] = {"book": "book", "visit": "visit", "move": "cancel", "cancel": "cancel"}


class Tasks:
    """`unverified`: whether places that nobody has confirmed may be booked, as samples (development only)."""

    def __init__(
        self,
        catalogue: Catalogue,
        matcher: Matcher,
        signals: Signals,
        wordings: Wordings,
        items: Items,
        whereabouts: Whereabouts,
        rules: AppointmentRules,
        calendar: WorkingCalendar,
        *,
        unverified: bool,
    ) -> None:
        self._matcher = matcher
        self._signals = signals
        self._say = wordings
        self._items = items
        self._where = whereabouts
        self._calendar = calendar
        self._windows = Windows(catalogue, whereabouts, rules, unverified=unverified)
        self._reader = Reader(matcher, signals, whereabouts, self._windows, calendar, wordings)
        questions = Questions(self._windows, whereabouts, wordings)
        hours = Hours(rules, calendar, whereabouts, wordings)
        self._own = Own(self._windows, whereabouts, hours, rules, wordings)
        self._booking = Booking(self._windows, whereabouts, questions, hours, self._own, rules, wordings)
        self._visiting = Visiting(self._windows, questions, signals, wordings)

    def begin(self, before: Conversation, kind: TaskKind, text: str, match: Match | None, desk: Desk) -> Turn:
        """A booking or a visit that the message asks for, with everything that it tells already. Where
        `match` has no item, what for is looked for in the rest of it."""
        if match is None or match.item is None:
            match = self._matcher.match(self._reader.subject(text))
        task = Task(
            kind, item=self._item_of(before, match), help=self._signals.tasks.help(text) if kind == "visit" else None
        )
        if task.item is None:
            task = replace(task, offered=near(match))
        if before.task is not None and before.task.kind in ("book", "visit"):
            desk.release()
            task = _keeping(task, before.task)
        lead: list[str] = []
        task = self._reader.merge(task, self._reader.read(text, task, desk.now), lead)
        return self._turn(before, task, led(self._advance(before, task, desk), lead), desk)

    def begin_own(
        self, before: Conversation, kind: TaskKind, text: str, desk: Desk, match: Match | None = None
    ) -> Turn:
        """Another time for what is booked, or giving it back."""
        if kind == "cancel" and before.parked is not None and not (desk.open_appointments() or desk.open_visits()):
            return self._stopped(before, before.parked)
        moving = read_move(text, desk.now, self._calendar)
        said = moving.old if moving else read_when(text, desk.now, self._calendar)
        booked_on = said.day if said is not None else None
        item = match.item if match is not None and match.decision == "answer" else None
        task = Task(kind, asking="target", item=item)
        if kind == "move" and moving and moving.new:
            task = self._reader.timed(task, moving.new, [])
        told = {} if booked_on is None else {"booking_date": booked_on.isoformat()}
        found = self._own.meant(task, text, booked_on, moving.shift if moving else None, desk)
        following = found if isinstance(found, Next) else self._advance(before, found, desk)
        turn = self._turn(before, task if isinstance(found, Next) else found, following, desk)
        return replace(turn, slots={**turn.slots, **told})

    def moves(self, text: str, desk: Desk) -> bool:
        """Whether `text` wants another time for what is booked, and not to give it back."""
        moving = read_move(text, desk.now, self._calendar)
        return self._signals.tasks.moves(text) or (moving is not None and moving.shift is not None)

    def moves_booked(self, text: str, desk: Desk) -> bool:
        """Whether `text` names another time for a booking that there is (后天去不了了，换到大后天行不)."""
        if not self._signals.tasks.moves(text):
            return False
        moving = read_move(text, desk.now, self._calendar)
        return moving is not None and moving.new is not None and bool(desk.open_appointments())

    def resume(self, before: Conversation, text: str, desk: Desk) -> Turn:
        """Goes on with what was broken off."""
        if before.parked is None:
            nothing = Reply((Text(self._say("task_nothing_to_resume")),))
            return Turn(before, nothing, understood=Understood("book", decision="clarify", score=1.0))
        lead = [self._say("task_resumed")]
        task = self._reader.merge(before.parked, self._reader.read(text, before.parked, desk.now), lead)
        return self._turn(before, task, led(self._advance(before, task, desk), lead), desk)

    def go_on(self, before: Conversation, task: Task, text: str, desk: Desk) -> Turn | None:
        """What follows on `text`; None where it is about something else."""
        if task.kind == "cancel" and task.asking == "confirm" and self._signals.tasks.gives_back(text):
            return self._decided(before, task, True, desk)
        if self._signals.tasks.stops(text):
            return self.stop(before, task, desk)
        if other := self._other_kind(task, text):
            return self.begin(before, other, text, None, desk)
        told = self._reader.read(text, task, desk.now)
        if task.asking == "target" and told.number is None and (told.when or self._own.numbered(text)):
            return self.begin_own(before, task.kind, text, desk)
        if self._reader.digresses(text, told):
            return None
        lead: list[str] = []
        if task.kind in ("book", "visit") and task.item and self._signals.tasks.another(text):
            lead.append(self._say("task_one_at_a_time"))
            return self._turn(before, task, led(self._advance(before, task, desk), lead), desk)
        chosen = self._reader.chosen(task, told)
        after = self._reader.merge(chosen or task, told, lead)
        after = self._reader.item_said(after, told)
        if after == task and self._signals.tasks.moves(text) and not told.something:
            after = _timeless(task)
        if after == task and not lead:
            if task.asking == "confirm" and told.decided is not None:
                return self._decided(before, task, told.decided, desk)
            if told.something:
                return self._turn(before, task, self._advance(before, task, desk), desk)
            return None if self._reader.says_else(text) else self._not_understood(before, task, desk)
        following = led(self._advance(before, after, desk), lead)
        if told.decided and following.task is not None and following.task.asking == "confirm" and not lead:
            # 下周一吧，确认: what was missing, and the answer to what would be asked next.
            return self._decided(before, following.task, True, desk)
        return self._turn(before, after, following, desk)

    def located(self, before: Conversation, task: Task, incoming: Incoming, desk: Desk) -> Turn | None:
        """A location that was sent in answer to where; None where it is not asked for."""
        guide = self._windows.guide(task.item)
        if task.asking != "place" or task.kind != "book" or guide is None:
            return None
        if incoming.latitude is None or incoming.longitude is None:
            return None
        near = self._windows.nearest(incoming.latitude, incoming.longitude, guide, NEAREST)
        if not near:
            return None
        options = tuple(self._say("nearest_line", name=self._where.named(site), km=f"{km:.1f}") for site, km in near)
        choices = Choices(self._say("ask_nearest", item=guide.name), options)
        return self._turn(before, task, asked(task, "place", choices, [site.code for site, _ in near]), desk)

    def stop(self, before: Conversation, task: Task, desk: Desk) -> Turn:
        """The resident breaks it off: what was held is given back."""
        if task.kind in ("move", "cancel"):
            understood = Understood("cancel", task.item, decision="answer", score=1.0)
            after = replace(before, task=None, item=task.item or before.item, pending=None, misses=0)
            return Turn(after, Reply((Text(self._kept(task)),)), understood=understood)
        if task.kind == "book":
            desk.release()
        return self._stopped(before, parked(task))

    def _stopped(self, before: Conversation, broken_off: Task) -> Turn:
        understood = Understood("cancel", broken_off.item, decision="answer", score=1.0)
        told = self._say("task_stopped", doing=self._say(f"task_stopping_{broken_off.kind}"))
        item = broken_off.item or before.item
        after = replace(before, task=None, parked=broken_off, item=item, pending=None, misses=0)
        return Turn(after, Reply((Text(told),)), understood=understood)

    def reopened(self, before: Conversation, turn: Turn, task: Task, desk: Desk) -> Turn:
        """`turn`, which answered something else, with the open question of `task` once more."""
        following = self._advance(before, task, desk)
        if following.task is None or turn.conversation is None:
            return turn
        item = self._windows.name(task.item)
        if item:
            back = self._say("task_back", item=item, doing=self._say(f"task_doing_{task.kind}"))
            following = led(following, [back])
        after = replace(turn.conversation, task=following.task)
        reply = Reply((*turn.reply.parts, *following.parts))
        return replace(turn, conversation=after, reply=reply, slots=self.slots(task))

    def home(self, task: Task) -> str | None:
        """The code of the village or town that `task` is about; None where it is not known."""
        return task.place if self._windows.place(task.place) else None

    def silence(self, task: Task) -> str:
        """The word about a task that ended by silence."""
        item = self._windows.name(task.item)
        return self._say("task_silent", item=item) if item else self._say("task_silent_nameless")

    def numbered(self, text: str) -> bool:
        """Whether `text` is nothing but the number of a case, a booking or a visit."""
        return self._own.numbered(text)

    def own(self, before: Conversation, text: str, desk: Desk, match: Match | None = None) -> Turn:
        """What the resident has booked and how far it is; with a code in `text`, of that alone."""
        item = self._item_of(before, match) if match is not None else before.item
        lines, number = self._own.told(text, desk)
        if not lines:
            lines = [self._say("mine_none" if match is None else "progress_ask")]
        told = {name: value for name, value in (("item", item), ("case_no", number)) if value is not None}
        after = replace(before, item=item or before.item, pending=None, misses=0)
        understood = Understood("progress", item, None, "answer", 1.0)
        return Turn(after, Reply((Text("\n".join(lines)),)), understood=understood, slots=told)

    def slots(self, task: Task) -> dict[str, object]:
        """What is known of a task, by the names that reports use; days and times as ISO texts."""
        place = self._windows.place(task.place) or self._windows.site(task.place)
        found = {
            "item": task.item,
            "place": (self._windows.town(place) if isinstance(place, Division) else place).name if place else None,
            "address": task.address,
            "new_date" if task.kind == "move" else "date": task.day and task.day.isoformat(),
            "date_from": task.first_day and task.first_day.isoformat(),
            "period": task.period,
            "time": task.at and f"{task.at:%H:%M}",
            "name": task.name,
            "phone": task.phone,
            "contact_relation": task.relation,
            "reason": task.reason,
        }
        return {name: value for name, value in found.items() if value is not None}

    def _item_of(self, before: Conversation, match: Match) -> str | None:
        if match.item is not None and match.decision == "answer":
            return match.item
        if before.item is not None and (match.follow_up or not match.candidates or match.candidates[0].score < NEARBY):
            return before.item
        return match.item

    def _advance(self, before: Conversation, task: Task, desk: Desk) -> Next:
        match task.kind:
            case "book":
                return self._booking.advance(task, before.home, desk)
            case "visit":
                return self._visiting.advance(task, before.home)
            case "move" | "cancel":
                return self._own.advance(task, desk)

    def _decided(self, before: Conversation, task: Task, agreed: bool, desk: Desk) -> Turn:
        if agreed:
            match task.kind:
                case "book":
                    following = self._booking.finish(task, before.home, desk)
                case "visit":
                    following = self._visiting.finish(task, before.home, desk)
                case "move" | "cancel":
                    following = self._own.finish(task, desk)
            return self._turn(before, task, following, desk)
        if task.kind in ("move", "cancel"):
            return self.stop(before, task, desk)
        lead = [self._say("task_example_confirm")]
        return self._turn(before, task, led(self._advance(before, task, desk), lead), desk)

    def _not_understood(self, before: Conversation, task: Task, desk: Desk) -> Turn:
        """The same question once more, then with an example, then a person (never in a circle)."""
        tries = task.tries + 1
        if tries >= PERSON:
            turn = self._turn(before, task, Next(replace(task, tries=0), ()), desk)
            return replace(turn, wants_person=True)
        example = self._say(f"task_example_{task.asking}") if tries >= EXAMPLE else ""
        following = led(self._advance(before, task, desk), [self._say("task_again") + example])
        if following.task is not None:
            following = replace(following, task=replace(following.task, tries=tries))
        return self._turn(before, task, following, desk)

    def _other_kind(self, task: Task, text: str) -> TaskKind | None:
        """The kind of task that the message wants in place of `task`: somebody to come, or a window after all."""
        if task.kind == "book" and self._signals.tasks.comes(text) and self._matcher.match(text).intent == "visit":
            return "visit"
        return "book" if task.kind == "visit" and self._signals.tasks.books(text) else None

    def _kept(self, task: Task) -> str:
        return self._say("kept_move" if task.kind == "move" else "kept")

    def _turn(self, before: Conversation, task: Task, following: Next, desk: Desk) -> Turn:
        """The turn that says `following`, which is what comes of `task`."""
        waiting = following.task
        if waiting is None and task.kind == "book" and not following.done:
            desk.release()
        after = replace(before, task=waiting, parked=None, pending=None, where=(), misses=0, done=_result(following))
        known = waiting or task
        if known.item is not None:
            after = self._items.about(after, known.item, None)
        settled = known.item is not None or known.kind in ("move", "cancel")
        decision: Decision = "answer" if settled else "clarify"
        understood = Understood(INTENTS[known.kind], known.item, None, decision, 1.0)
        told = {**self.slots(known), **({"confirmed": True} if following.done else {})}
        return Turn(after, Reply(following.parts), understood=understood, slots=told)


def _result(following: Next) -> str | None:
    """What was told of a task that came to its end; None for a question."""
    first = following.parts[0] if following.done and following.parts else None
    return first.text if isinstance(first, Text) else None


def parked(task: Task) -> Task:
    """`task` as it can be gone on with another time: without what tells of persons, and without its seat."""
    return Task(
        task.kind,
        item=task.item,
        place=task.place if task.kind == "book" else None,
        day=task.day,
        period=task.period,
        at=task.at,
        first_day=task.first_day,
        last_day=task.last_day,
        help=task.help,
        told=task.told,
    )


def _timeless(task: Task) -> Task:
    """`task` with the time to be asked for anew (换个时间)."""
    told = tuple(thing for thing in task.told if thing not in ("earliest", "wish"))
    blank = replace(task, day=None, period=None, at=None, first_day=None, last_day=None, hour=None)
    return replace(blank, told=told, offered=task.offered if task.asking == "item" else ())


def _keeping(task: Task, other: Task) -> Task:
    """`task` with the person and the item of `other`, which it takes the place of; another item is another matter."""
    if task.item not in (None, other.item):
        return task
    return replace(task, item=other.item, name=other.name, phone=other.phone, whom=other.whom, offered=())
