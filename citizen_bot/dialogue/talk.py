"""One turn of the talk: (conversation, message) → (conversation, reply, effects). Pure: no I/O, no clock of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from citizen_bot.catalog.model import Catalogue, Guide, LifeEvent
from citizen_bot.dialogue.checklist import Asked, ChecklistFlow, Listed
from citizen_bot.dialogue.model import (
    Checklist,
    Choices,
    Conversation,
    Incoming,
    NoticeCard,
    Part,
    Pending,
    Reply,
    Text,
)
from citizen_bot.dialogue.render import NoticeLink, Renderer
from citizen_bot.dialogue.signals import Command, Signals, chosen_number, plain
from citizen_bot.dialogue.whereabouts import Place, Whereabouts
from citizen_bot.matching.knowledge import Topic
from citizen_bot.matching.matcher import Matcher
from citizen_bot.matching.model import Candidate, Decision, Facet, Intent, Match
from citizen_bot.notices.model import Notice
from citizen_bot.platform.calendar import CLOSING, WorkingCalendar
from citizen_bot.platform.clock import SHANGHAI, spell_day
from citizen_bot.wordings import Wordings

# An open question is over after half an hour of silence; what was talked of is remembered for the day.
PENDING_FOR = timedelta(minutes=30)
TOPIC_FOR = timedelta(hours=24)
TOPICS_KEPT = 5
OFFERED = 3
# An item that the talk leads to is meant from this probability on.
NEARBY = 0.4
# A message of at most so many characters, said in the middle of a talk, goes on with it.
SHORT = 12
# So few characters in answer to a choice belong to it, whatever else they resemble (丢了, 补办).
A_FEW = 4
# Characters of a message that are read: WeChat lets people send about this many.
READ = 700
# What the resident wants with a message of these intents happens at a place: the one that it names is the own one.
PLACED = frozenset({"guide", "site", "book", "visit"})


@dataclass(frozen=True, slots=True)
class RequestPerson:
    """A resident wants a person; somebody will answer from `promised_at` on at the latest."""

    question: str | None
    item: str | None
    promised_at: datetime


@dataclass(frozen=True, slots=True)
class ForgetResident:
    """The resident unfollowed the account."""


Effect = RequestPerson | ForgetResident


@dataclass(frozen=True, slots=True)
class Understood:
    """What a message was taken for: the question log. All None for what is not a question."""

    intent: Intent | None = None
    item: str | None = None
    facet: Facet | None = None
    decision: Decision | None = None
    score: float | None = None
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """`conversation` is None when nothing of the talk is to be remembered."""

    conversation: Conversation | None
    reply: Reply
    effects: tuple[Effect, ...] = ()
    understood: Understood = Understood()


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
        notice_link: NoticeLink,
        unverified_sites: bool,
    ) -> None:
        self._catalogue = catalogue
        self._matcher = matcher
        self._topics = topics
        self._signals = signals
        self._say = wordings
        self._calendar = calendar
        self._where = Whereabouts(catalogue, wordings, calendar, unverified=unverified_sites)
        self._checklist = ChecklistFlow(signals, wordings)
        self._events = {
            plain(name): event for event in catalogue.events.values() for name in (event.name, *event.aliases)
        }
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

    def respond(self, conversation: Conversation, incoming: Incoming, now: datetime) -> Turn:
        before = self._current(conversation, now)
        turn = self._turn(before, incoming, now)
        if turn.conversation is None:
            return turn
        return replace(turn, conversation=replace(turn.conversation, last_at=now))

    def _current(self, conversation: Conversation, now: datetime) -> Conversation:
        """`conversation` without what is too old and without items that the catalogue no longer has."""
        silence = now - (conversation.last_at or now)
        if silence > TOPIC_FOR:
            return Conversation(home=conversation.home)
        known = self._catalogue.guides
        topics = tuple(topic for topic in conversation.topics if topic in known)
        item = conversation.item if conversation.item in known else None
        pending, checklist, where = conversation.pending, conversation.checklist, conversation.where
        if silence > PENDING_FOR:
            pending, checklist, where = None, None, ()
        if pending and not all(i in known for i in pending.items):
            pending = None
        if checklist and checklist.item not in known:
            checklist = None
        return replace(conversation, item=item, topics=topics, pending=pending, checklist=checklist, where=where)

    def _turn(self, before: Conversation, incoming: Incoming, now: datetime) -> Turn:
        match incoming.kind:
            case "event":
                return self._event(before, incoming, now)
            case "text":
                return self._said(before, incoming.text or "", now)
            case "voice":
                if not (incoming.text or "").strip():
                    return self._plain(before, "voice_unheard")
                return self._said(before, incoming.text or "", now)
            case "location":
                text = self._where.nearest(incoming.latitude, incoming.longitude, self._guide_of(before))
                return Turn(before, Reply((Text(text),)), understood=Understood("site", decision="answer"))
            case kind:
                return self._plain(before, kind)

    def _event(self, before: Conversation, incoming: Incoming, now: datetime) -> Turn:
        match incoming.event:
            case "subscribe":
                return self._plain(Conversation(), "welcome")
            case "unsubscribe":
                return Turn(None, Reply(), (ForgetResident(),))
            case "click":
                word = self._signals.menu_keys.get(incoming.event_key or "")
                return self._said(before, word, now) if word else self._plain(before, "menu")
            case "scan":
                return self._plain(before, "menu")
            case _:
                return Turn(before, Reply())

    def _said(self, before: Conversation, text: str, now: datetime) -> Turn:
        text = text[:READ]
        emergency = self._signals.emergency(text)
        if emergency is not None:
            reply = Reply((Text(self._say(emergency.wording, number=emergency.number)),))
            return Turn(before, reply, understood=Understood("oos", decision="fallback", score=1.0))
        if before.checklist is not None:
            return self._in_checklist(before, before.checklist, text, now)
        return self._heard(before, text, now)

    def _heard(self, before: Conversation, text: str, now: datetime) -> Turn:
        """A message that is no answer to a question of the personal list."""
        command = self._signals.command(text)
        if command is None and self._signals.wants_just_checklist(self._matcher.normal(text)):
            command = "checklist"
        if command is not None:
            return self._command(before, command, now)
        if before.where and (turn := self._which_place(before, text, now)):
            return turn
        choice = chosen_number(text)
        if choice is not None:
            return self._number(before, choice)
        if plain(text) == "":
            return self._plain(before, "ack")
        told = self._where.home_told(text)
        if told:
            return self._at_home(before, told, text, now)
        if self._signals.injection(text):
            return self._plain(before, "limit", Understood("oos", decision="fallback", score=1.0))
        event = self._event_named(text)
        if event is not None:
            return self._life_event(before, event)
        match = self._matcher.match(text)
        if self._signals.rude(text) and match.decision != "answer":
            return self._rude(before)
        return self._remembering(self._matched(self._placed(before, text, match), text, match, now), before, text)

    def _placed(self, before: Conversation, text: str, match: Match) -> Conversation:
        """`before` with the place that the message names beside its question."""
        found = self._where.named(text) if match.intent in PLACED else []
        return replace(before, home=found[0].code) if len(found) == 1 else before

    def _remembering(self, turn: Turn, before: Conversation, text: str) -> Turn:
        """`turn` with what the message said by the way about the situations of the item that the talk is on."""
        after = turn.conversation
        guide = self._guide_of(after) if after is not None else None
        if after is None or guide is None:
            return turn
        kept = before.heard if before.item == after.item else {}
        # Who asks whether somebody else may come has not said that somebody will.
        asked = turn.understood.facet == "agent"
        heard = {} if asked else self._checklist.heard(guide, self._matcher.normal(text))
        return replace(turn, conversation=replace(after, heard={**kept, **heard}))

    def _guide_of(self, conversation: Conversation) -> Guide | None:
        return self._catalogue.guides[conversation.item] if conversation.item else None

    def _rude(self, before: Conversation) -> Turn:
        wording = "rude_again" if before.soothed else "rude"
        return self._plain(replace(before, soothed=True), wording, Understood("oos", decision="fallback", score=1.0))

    def _command(self, before: Conversation, command: Command, now: datetime) -> Turn:
        match command:
            case "menu":
                return self._plain(before, "menu", Understood("greet", decision="answer", score=1.0))
            case "cancel":
                return self._cancel(before)
            case "human":
                return self._person(before, None, now)
            case "more":
                if before.item is None:
                    return self._plain(before, "which_item")
                return self._answer(before, before.item, None, short=False)
            case "again":
                if before.item is None:
                    return self._plain(before, "nothing_to_repeat")
                return self._answer(before, before.item, before.facet)
            case "checklist":
                return self._want_checklist(before)
            case "confused" | "who" | "bye" | "ack":
                return self._plain(before, command)
            case "none_of_these":
                if before.pending is None:
                    return self._plain(before, "no_choices")
                after = replace(before, pending=None, misses=before.misses + 1)
                return self._plain(after, "none_of_these")

    def _cancel(self, before: Conversation) -> Turn:
        open_questions = before.pending or before.checklist or before.where or before.item
        wording = "bye_pending" if open_questions else "nothing_to_cancel"
        after = replace(before, pending=None, checklist=None, where=(), item=None, facet=None)
        return self._plain(after, wording, Understood("cancel", decision="answer", score=1.0))

    def _want_checklist(self, before: Conversation) -> Turn:
        """For the item that is asked about just now: the one to be chosen, or the one of the talk."""
        if before.pending is not None and before.pending.items:
            return self._ask(before, replace(before.pending, listing=True), self._say("clarify"))
        return self._start_checklist(before, before.item)

    def _number(self, before: Conversation, number: int) -> Turn:
        pending = before.pending
        if pending is None or not pending.items:
            return self._plain(before, "no_choices")
        if not 1 <= number <= len(pending.items):
            return self._ask(before, pending, self._say("out_of_range", count=len(pending.items)))
        return self._chosen(before, pending, pending.items[number - 1], pending.facet)

    def _chosen(self, before: Conversation, pending: Pending, item: str, facet: Facet | None) -> Turn:
        if pending.listing:
            return self._start_checklist(before, item)
        return self._answer(before, item, facet, short=False)

    def _matched(self, before: Conversation, text: str, match: Match, now: datetime) -> Turn:
        if before.pending is not None:
            turn = self._reply_to_pending(before, before.pending, text, match)
            if turn is not None:
                return turn
            if before.pending.listing and match.item is not None and match.decision == "answer":
                return self._start_checklist(before, match.item)
        if self._signals.wants_checklist(self._matcher.normal(text)):
            return self._wanted_checklist(before, match)
        match match.intent:
            case "guide":
                return self._where_too(self._guide(before, text, match), text, match)
            case "human":
                return self._person(before, text, now)
            case "site":
                return self._site(before, text, match, now)
            case "greet" | "thanks":
                return self._plain(replace(before, misses=0), match.intent, _understood(match))
            case "oos":
                return self._out_of_scope(before, text, match)
            case intent:
                return self._task(before, text, match, intent)

    def _reply_to_pending(self, before: Conversation, pending: Pending, text: str, match: Match) -> Turn | None:
        """The answer to an open question in the resident's own words; None when the message is about something else."""
        if not pending.items:
            return None
        first = match.candidates[0] if match.candidates else None
        words = self._signals.without_references(text)
        if first and first.score >= NEARBY and len(plain(words)) > A_FEW:
            chosen = first.item if first.item in pending.items else None
        else:
            chosen = self._matcher.choose(words, pending.items)
        if chosen is not None:
            return self._chosen(before, pending, chosen, match.facet or pending.facet)
        if match.follow_up and pending.likely:
            # Who goes on asking means what was offered first; told so, the resident can say otherwise.
            return self._assuming(self._answer(before, pending.items[0], match.facet, short=False), pending.items[0])
        unheard = match.intent == "oos" and match.topic is None and len(plain(text)) <= SHORT
        if not unheard and (match.intent != "guide" or match.decision == "answer" or match.candidates):
            return None
        if pending.asked >= 2:
            return self._unknown(replace(before, pending=None), match, ())
        again = replace(pending, facet=match.facet or pending.facet, asked=pending.asked + 1)
        return self._ask(before, again, self._say("clarify_again"), _understood(match, "clarify"))

    def _assuming(self, turn: Turn, item: str) -> Turn:
        assumed = Text(self._say("assumed", label=self._catalogue.guides[item].label))
        return replace(turn, reply=Reply((assumed, *turn.reply.parts)))

    def _guide(self, before: Conversation, text: str, match: Match) -> Turn:
        if match.item is not None and match.decision == "answer":
            return self._answer(before, match.item, match.facet, match=match)
        meant = self._meant_by_context(before, text, match)
        if meant is not None:
            return self._answer(before, meant, match.facet or before.facet, match=match)
        if before.item is not None and self._goes_on(text, match):
            return self._still_about(before, before.item, match)
        if match.decision == "clarify" and match.candidates:
            return self._clarify(before, match)
        if match.follow_up:
            return self._plain(before, "which_item", _understood(match, "clarify"))
        return self._unknown(before, match, match.candidates)

    def _meant_by_context(self, before: Conversation, text: str, match: Match) -> str | None:
        """The item that a question means which names none for sure: an earlier topic that its words fit, for a bare
        facet the present one, else a neighbour of the present one (丢了补办 … 来不及了咋办: the temporary card)."""
        earlier = self._matcher.choose(text, before.topics) if before.topics else None
        if match.follow_up:
            return earlier or before.item
        if not match.candidates or not before.topics:
            return None
        first = match.candidates[0]
        if first.item in before.topics:
            return first.item
        if earlier in {candidate.item for candidate in match.candidates}:
            return earlier
        if self._signals.refers_back(text):
            return earlier or next((c.item for c in match.candidates if c.item in before.topics), None)
        related = self._catalogue.guides[before.topics[0]].related
        return first.item if first.score >= NEARBY and first.item in related else None

    def _goes_on(self, text: str, match: Match) -> bool:
        """Whether a short message that fits no item well and names none is about the present one (邻居不同意呢)."""
        said = plain(text)
        if len(said) > SHORT:
            return False
        first = match.candidates[0] if match.candidates else None
        return first is None or (first.score < NEARBY and not self._names(said, self._catalogue.guides[first.item]))

    @staticmethod
    def _names(said: str, guide: Guide) -> bool:
        """Whether `said` has three characters in a row of a name of `guide`, or is part of one."""
        runs = [said, *(said[start : start + 3] for start in range(len(said) - 2))]
        return any(run in name for name in (guide.name, *guide.aliases) for run in runs)

    def _still_about(self, before: Conversation, item: str, match: Match) -> Turn:
        """What was asked of the present item where its guide has it, else that it has not, and the whole notice."""
        if match.facet is not None:
            return self._answer(before, item, match.facet, match=match)
        told = Text(self._say("still_about", label=self._catalogue.guides[item].label))
        reply = Reply((told, self._card(before, item, None, short=True)))
        after = replace(before, pending=None, misses=before.misses + 1)
        return Turn(after, reply, understood=replace(_understood(match, "fallback"), item=item))

    def _task(self, before: Conversation, text: str, match: Match, intent: Intent) -> Turn:
        """Booking, visits, complaints and the like are not open yet: say so, and what can be done instead."""
        item = match.item or (before.item if match.follow_up or not match.candidates else None)
        parts: list[Part] = [Text(self._say(intent))]
        if item is not None and intent in ("book", "visit"):
            parts.append(self._card(before, item, "where", short=True))
            before = self._about(before, item, before.facet)
        understood = replace(_understood(match), item=item)
        return Turn(replace(before, pending=None, misses=0), Reply(tuple(parts)), understood=understood)

    def _clarify(self, before: Conversation, match: Match) -> Turn:
        items = _offered(match.candidates, 4)
        if len(items) == 1:
            # One choice is no question: the only likely item is told, with the way out.
            turn = self._answer(before, items[0], match.facet, match=match)
            return self._assuming(turn, items[0])
        pending = Pending(items, match.facet, likely=match.candidates[0].score >= NEARBY)
        return self._ask(before, pending, self._say("clarify"), _understood(match))

    def _ask(self, before: Conversation, pending: Pending, prompt: str, understood: Understood | None = None) -> Turn:
        options = tuple(self._catalogue.guides[item].label for item in pending.items)
        reply = Reply((Choices(prompt, options),))
        default = Understood("guide", facet=pending.facet, decision="clarify", candidates=pending.items)
        return Turn(replace(before, pending=pending), reply, understood=understood or default)

    def _unknown(self, before: Conversation, match: Match, near: Sequence[Candidate]) -> Turn:
        """Not known: near items once, then a person (lessons of others: never the same question in a circle)."""
        understood = _understood(match, "fallback")
        after = replace(before, misses=before.misses + 1, pending=None)
        if before.misses >= 2:
            return self._plain(after, "unknown_again", understood)
        items = _offered(near, OFFERED)
        if not items:
            return self._plain(after, "unknown", understood)
        return self._ask(after, Pending(items, match.facet), self._say("unknown_near"), understood)

    def _out_of_scope(self, before: Conversation, text: str, match: Match) -> Turn:
        understood = _understood(match, "fallback")
        topic = self._topics.get(match.topic or "")
        if topic is None and before.item is not None and self._goes_on(text, match):
            return self._still_about(before, before.item, match)
        if topic is None:
            return self._plain(before, "not_a_service", understood)
        text = self._say("out_of_scope", topic=topic.name, where=topic.where or "")
        return Turn(replace(before, pending=None), Reply((Text(text),)), understood=understood)

    def _answer(
        self,
        before: Conversation,
        item: str,
        facet: Facet | None,
        *,
        short: bool | None = None,
        match: Match | None = None,
    ) -> Turn:
        """The notice of `item`: whole at first, only what was asked when the talk is on that item already."""
        if short is None:
            short = facet is not None and item in before.topics
        after = replace(self._about(before, item, facet), pending=None, misses=0, soothed=False)
        score = 1.0 if match is None else match.score
        candidates = (item,) if match is None else _offered(match.candidates, 5)
        understood = Understood("guide", item, facet, "answer", score, candidates)
        return Turn(after, Reply((self._card(after, item, facet, short=short),)), understood=understood)

    def _card(self, conversation: Conversation, item: str, facet: Facet | None, *, short: bool) -> NoticeCard:
        place = self._where.site_name(conversation.home, self._catalogue.guides[item])
        return NoticeCard(Notice("consultation", item), facet, short, place)

    def _about(self, before: Conversation, item: str, facet: Facet | None) -> Conversation:
        topics = (item, *(topic for topic in before.topics if topic != item))[:TOPICS_KEPT]
        return replace(before, item=item, facet=facet or before.facet, topics=topics)

    def _person(self, before: Conversation, question: str | None, now: datetime) -> Turn:
        asked = f"{now.astimezone(SHANGHAI):%H:%M}"
        if self._calendar.is_open(now):
            local = now.astimezone(SHANGHAI)
            promised = datetime.combine(local.date(), CLOSING, SHANGHAI)
            text = self._say("person_open", asked=asked, closing=_hour(promised))
        else:
            promised = self._calendar.next_opening(now).astimezone(SHANGHAI)
            text = self._say("person_closed", asked=asked, promised=_day_and_hour(promised, now))
        effect = RequestPerson(question, before.item, promised)
        understood = Understood("human", decision="answer", score=1.0)
        return Turn(replace(before, pending=None, misses=0), Reply((Text(text),)), (effect,), understood)

    def _site(self, before: Conversation, text: str, match: Match, now: datetime) -> Turn:
        """Where a centre is and when it is open; for the item of the talk, where that is taken."""
        found = self._where.named(text)
        if len(found) > 1:
            return self._ask_which(before, found)
        if before.home is not None and (found or match.facet != "time"):
            told = self._where.told(before.home, None if found else self._guide_of(before), text, now)
            return Turn(replace(before, misses=0, pending=None), Reply((Text(told),)), understood=_understood(match))
        lines = [*self._where.hours(text, now), self._say("site_which")]
        if match.facet != "time":
            lines.append(self._say("site_unknown"))
        reply = Reply((Text("\n".join(lines)),))
        return Turn(replace(before, misses=0, pending=None), reply, understood=_understood(match))

    def _where_too(self, turn: Turn, text: str, match: Match) -> Turn:
        """Who asks where, and whose place is not known, is told how to learn the nearest."""
        after = turn.conversation
        if after is None or turn.understood.decision != "answer" or match.facet != "where" or after.home is not None:
            return turn
        found = self._where.named(text)
        if len(found) > 1:
            asked = replace(after, where=tuple(place.code for place in found))
            return replace(turn, conversation=asked, reply=Reply((*turn.reply.parts, self._where.which(found))))
        return replace(turn, reply=Reply((*turn.reply.parts, Text(self._say("where_ask_home")))))

    def _at_home(self, before: Conversation, found: Sequence[Place], text: str, now: datetime) -> Turn:
        """The resident has said where home is: remembered, and told where to go."""
        if len(found) > 1:
            return self._ask_which(before, found)
        after = replace(before, home=found[0].code, where=(), misses=0)
        told = self._where.told(found[0].code, self._guide_of(before), text, now)
        return Turn(after, Reply((Text(told),)), understood=Understood("site", decision="answer", score=1.0))

    def _ask_which(self, before: Conversation, found: Sequence[Place]) -> Turn:
        after = replace(before, where=tuple(place.code for place in found), pending=None, misses=0)
        understood = Understood("site", decision="clarify", score=1.0)
        return Turn(after, Reply((self._where.which(found),)), understood=understood)

    def _which_place(self, before: Conversation, text: str, now: datetime) -> Turn | None:
        """The answer to which of several places of one name is meant: its number, or its town's name."""
        after = replace(before, where=())
        found = [place for code in before.where if (place := self._where.of_code(code))]
        number = chosen_number(text)
        if number is not None and 1 <= number <= len(found):
            return self._at_home(after, [found[number - 1]], text, now)
        said = {place.code for place in self._where.named(text)}
        inside = [place for place in found if place.code in said or place.code[:9] in said]
        return self._at_home(after, inside, text, now) if len(inside) == 1 else None

    def _event_named(self, text: str) -> LifeEvent | None:
        """The life event of which `text` has a name; the longest name counts."""
        said = plain(self._matcher.normal(text))
        names = [name for name in self._events if name in said]
        return self._events[max(names, key=len)] if names else None

    def _life_event(self, before: Conversation, event: LifeEvent) -> Turn:
        """Everything that the event brings along; each of its items can be asked for by its number."""
        items = tuple(entry.item for entry in event.items)
        after = replace(before, item=None, facet=None, pending=Pending(items, None), misses=0, soothed=False)
        understood = Understood("guide", None, None, "answer", 1.0, items[:5])
        return Turn(after, Reply((NoticeCard(Notice("consultation", event.id)),)), understood=understood)

    def _wanted_checklist(self, before: Conversation, match: Match) -> Turn:
        if match.item is not None and match.decision == "answer":
            return self._start_checklist(before, match.item)
        if before.item is not None and (match.follow_up or not match.candidates or match.candidates[0].score < NEARBY):
            return self._start_checklist(before, before.item)
        items = _offered(match.candidates, 4)
        if len(items) < 2:
            return self._start_checklist(before, items[0] if items else None)
        return self._ask(
            before, Pending(items, None, listing=True), self._say("clarify"), _understood(match, "clarify")
        )

    def _start_checklist(self, before: Conversation, item: str | None) -> Turn:
        if item is None:
            wanting = replace(before, pending=Pending((), "materials", listing=True))
            return self._plain(wanting, "which_item_list", Understood("guide", facet="materials", decision="clarify"))
        guide = self._catalogue.guides[item]
        known = before.heard if before.item == item else {}
        after = replace(self._about(before, item, None), facet="materials", heard=known, pending=None, misses=0)
        if not guide.situations:
            turn = self._answer(after, item, "materials", short=False)
            return replace(turn, reply=Reply((Text(self._say("checklist_same")), *turn.reply.parts)))
        return self._listing(after, self._checklist.start(guide, known, before.consented))

    def _listing(self, before: Conversation, step: Asked | Listed) -> Turn:
        item = before.item
        understood = Understood("guide", item, "materials", "answer", 1.0, (item,) if item else ())
        if isinstance(step, Asked):
            after = replace(before, checklist=step.checklist, consented=step.consented)
            return Turn(after, Reply((step.choices,)), understood=understood)
        after = replace(before, checklist=None, heard=step.notice.answers, consented=step.consented)
        place = self._where.site_name(before.home, self._catalogue.guides[step.notice.subject])
        card = NoticeCard(step.notice, None if step.notice.kind == "not_eligible" else "materials", False, place)
        return Turn(after, Reply((card,)), understood=understood)

    def _in_checklist(self, before: Conversation, checklist: Checklist, text: str, now: datetime) -> Turn:
        """An answer to the open question; else what was said is heard, and the question stays or goes with the item."""
        guide = self._catalogue.guides[checklist.item]
        step = self._checklist.go_on(guide, checklist, self._matcher.normal(text), before.consented)
        if step is not None:
            return self._listing(before, step)
        command = self._signals.command(text)
        if command is None and chosen_number(text) is None and not self._where.home_told(text):
            match = self._matcher.match(text)
            unclear = match.decision != "answer" and not match.follow_up
            if match.intent in ("guide", "oos") and unclear and not self._event_named(text):
                return self._listing(before, self._checklist.ask_again(guide, checklist, before.consented))
        elif command in ("again", "confused", "checklist", "more", None) and not self._where.home_told(text):
            return self._listing(before, self._checklist.ask_again(guide, checklist, before.consented))
        turn = self._heard(before, text, now)
        after = turn.conversation
        if after is None or after.checklist is None or turn.understood.intent == "human":
            return turn
        if after.item != checklist.item or after.pending is not None:
            return replace(turn, conversation=replace(after, checklist=None))
        question = self._checklist.repeat(guide, checklist)
        return replace(turn, reply=Reply((*turn.reply.parts, question)))

    def _plain(self, after: Conversation, wording: str, understood: Understood | None = None) -> Turn:
        return Turn(after, Reply((Text(self._say(wording)),)), understood=understood or Understood())


def _understood(match: Match, decision: Decision | None = None) -> Understood:
    candidates = tuple(candidate.item for candidate in match.candidates)
    return Understood(match.intent, match.item, match.facet, decision or match.decision, match.score, candidates)


def _offered(candidates: Sequence[Candidate], most: int) -> tuple[str, ...]:
    return tuple(candidate.item for candidate in candidates[:most])


def _hour(at: datetime) -> str:
    return f"{at.hour}点" if at.minute == 0 else f"{at.hour}点{at.minute}分"


def _day_and_hour(at: datetime, now: datetime) -> str:
    """今天13点30分, 明天11月24日（周二）8点30分, 11月30日（周一）8点30分."""
    days = (at.date() - now.astimezone(SHANGHAI).date()).days
    if days == 0:
        return f"今天{_hour(at)}"
    return f"{'明天' if days == 1 else ''}{spell_day(at.date())}{_hour(at)}"
