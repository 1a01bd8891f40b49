"""Questions about items and life events: which one is meant, and what its guide says. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from rapidfuzz import fuzz, process

from citizen_bot.catalog.model import Catalogue, Guide, LifeEvent
from citizen_bot.dialogue.model import Choices, Conversation, NoticeCard, Pending, Reply, Text
from citizen_bot.dialogue.patterns import plain
from citizen_bot.dialogue.signals import Signals
from citizen_bot.dialogue.turn import Turn, Understood, said
from citizen_bot.dialogue.whereabouts import Whereabouts
from citizen_bot.matching.knowledge import Topic
from citizen_bot.matching.matcher import Matcher
from citizen_bot.matching.model import Candidate, Facet, Match
from citizen_bot.notices.notice import Notice
from citizen_bot.wordings import Wordings

TOPICS_KEPT = 5
# Of several items, one that is less likely than the first by this factor is not offered; of an unknown subject, nothing
# is where even the first is less likely than this.
FAR_BEHIND, LIKELY = 0.15, 0.03
# Who says no more than this has said just the one thing.
ONE_SENTENCE = 16
# A life event is offered from this likeness on (0 to 100), by a name of at least so many characters.
ALIKE, SHORTEST_NAME = 84, 5
OFFERED = 3
# An item that the talk leads to is meant from this probability on.
NEARBY = 0.4
# A message of at most so many characters, said in the middle of a talk, goes on with it.
SHORT = 12
# So few characters in answer to a choice belong to it, whatever else they resemble (丢了, 补办).
A_FEW = 4


class Items:
    """`topics` are the subjects that are not ours, by the matcher's key for them."""

    def __init__(
        self,
        catalogue: Catalogue,
        matcher: Matcher,
        topics: Mapping[str, Topic],
        signals: Signals,
        wordings: Wordings,
        whereabouts: Whereabouts,
    ) -> None:
        self._catalogue = catalogue
        self._matcher = matcher
        self._topics = topics
        self._signals = signals
        self._say = wordings
        self._whereabouts = whereabouts
        self._events = {
            _bare(spelling): event
            for event in catalogue.events.values()
            for name in (event.name, event.label, *event.aliases)
            for spelling in (name, matcher.normal(name))
        }

    def question(self, before: Conversation, text: str, match: Match) -> Turn:
        """What a question about an item gets: its notice, a question back, or that it is not known."""
        if match.item is not None and match.decision == "answer":
            return self.tell(before, match.item, match.facet, match=match)
        meant = self._meant_by_context(before, text, match)
        if meant is not None:
            return self.tell(before, meant, match.facet or before.facet, match=match)
        if before.item is not None and self._goes_on(text, match):
            return self._still_about(before, before.item, match)
        if match.decision == "clarify" and match.candidates:
            return self._clarify(before, text, match)
        if match.follow_up:
            return said(before, self._say("which_item"), Understood.of(match, "clarify"))
        return self._unknown(before, text, match, match.candidates)

    def reply_to(self, before: Conversation, pending: Pending, text: str, match: Match) -> Turn | str | None:
        """The answer to an open question in the resident's own words: the item that is chosen, or the turn that goes
        on; None when the message is about something else."""
        if not pending.items or pending.standing:
            return None
        if pending.items[0] in self._catalogue.events:
            event = self._event_like(text, pending.items, least=2)
            return None if event is None else event.id
        first = match.candidates[0] if match.candidates else None
        words = self._signals.without_references(text)
        if first and first.score >= NEARBY and len(plain(words)) > A_FEW:
            chosen = first.item if first.item in pending.items else None
        else:
            chosen = self._matcher.choose(words, pending.items)
        if chosen is not None:
            return chosen
        if match.follow_up and pending.likely:
            # Who goes on asking means what was offered first; told so, the resident can say otherwise.
            return self._assuming(self.tell(before, pending.items[0], match.facet, short=False), pending.items[0])
        unheard = match.intent == "oos" and match.topic is None and len(plain(text)) <= SHORT
        if not unheard and (match.intent != "guide" or match.decision == "answer" or match.candidates):
            return None
        if pending.asked >= 2:
            return self._unknown(replace(before, pending=None), text, match, ())
        again = replace(pending, facet=match.facet or pending.facet, asked=pending.asked + 1)
        return self.offer(before, again, self._say("clarify_again"), Understood.of(match, "clarify"))

    def out_of_scope(self, before: Conversation, text: str, match: Match) -> Turn:
        """What is none of our items: where it belongs, if that is known."""
        understood = Understood.of(match, "fallback")
        topic = self._topics.get(match.topic or "")
        if topic is None and before.item is not None and self._goes_on(text, match):
            return self._still_about(before, before.item, match)
        if topic is None:
            return said(before, self._say("not_a_service"), understood)
        told = self._say("out_of_scope", topic=topic.name, where=topic.where or "")
        return said(replace(before, pending=None), told, understood)

    def tell(
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
        after = replace(self.about(before, item, facet), pending=None, where=(), misses=0, soothed=False)
        score = 1.0 if match is None else match.score
        candidates = (item,) if match is None else offered(match.candidates, 5)
        understood = Understood("guide", item, facet, "answer", score, candidates)
        return Turn(after, Reply((self.card(after, item, facet, short=short),)), understood=understood)

    def offer(self, before: Conversation, pending: Pending, prompt: str, understood: Understood | None = None) -> Turn:
        """Asks which of the items, or life events, of `pending` is meant."""
        options = tuple(self._about_id(item).label for item in pending.items)
        reply = Reply((Choices(prompt, options),))
        default = Understood("guide", facet=pending.facet, decision="clarify", candidates=pending.items)
        return Turn(replace(before, pending=pending, where=()), reply, understood=understood or default)

    def card(self, conversation: Conversation, item: str, facet: Facet | None, *, short: bool) -> NoticeCard:
        """What the guide of `item` says, with the site near the resident's home."""
        place = self._whereabouts.site_name(conversation.home, self._catalogue.guides[item])
        return NoticeCard(Notice("consultation", item), facet, short, place)

    def about(self, before: Conversation, item: str, facet: Facet | None) -> Conversation:
        """`before`, now on `item`."""
        topics = (item, *(topic for topic in before.topics if topic != item))[:TOPICS_KEPT]
        return replace(before, item=item, facet=facet or before.facet, topics=topics)

    def of_death(self, before: Conversation, text: str, match: Match) -> Turn | None:
        """A word of sympathy for who tells of a death, and all that is to be done then; where more was said, the
        choice of that and of what else may be meant. None when an item was asked for."""
        event = self._catalogue.events.get(self._signals.death_event)
        if event is None or match.decision == "answer":
            return None
        said_alone = len(plain(text)) <= ONE_SENTENCE and not self._signals.asks(self._matcher.normal(text))
        if said_alone:
            turn = self.tell_event(before, event)
        else:
            near = nearest(match.candidates, OFFERED)
            likely = bool(near) and match.candidates[0].score >= NEARBY
            pending = Pending((*near, event.id) if likely else (event.id, *near), match.facet)
            turn = self.offer(before, pending, self._say("clarify"), Understood.of(match, "clarify"))
        return replace(turn, reply=Reply((Text(self._say("condolence")), *turn.reply.parts)))

    def _event_like(self, text: str, among: Collection[str], least: int = SHORTEST_NAME) -> LifeEvent | None:
        """The life event of `among` whose name is most like a part of `text`, or has it as a part, if that is much
        alike. Less than `least` characters are like anything."""
        words = _bare(self._matcher.normal(text))
        names = [name for name, event in self._events.items() if event.id in among and len(name) >= SHORTEST_NAME]
        found = process.extractOne(words, names, scorer=fuzz.partial_ratio, score_cutoff=ALIKE)
        return self._events[found[0]] if found and len(words) >= least else None

    def event_named(self, text: str) -> LifeEvent | None:
        """The life event of which `text` has a name; the longest name counts."""
        words = _bare(self._matcher.normal(text))
        names = [name for name in self._events if name in words]
        return self._events[max(names, key=len)] if names else None

    def tell_event(self, before: Conversation, event: LifeEvent) -> Turn:
        """Everything that the event brings along; each of its items can be asked for by its number."""
        items = tuple(entry.item for entry in event.items)
        pending = Pending(items, None, standing=True)
        after = replace(before, item=None, facet=None, pending=pending, where=(), misses=0, soothed=False)
        understood = Understood("guide", None, None, "answer", 1.0, items[:5])
        return Turn(after, Reply((NoticeCard(Notice("consultation", event.id)),)), understood=understood)

    def offer_events(self, before: Conversation) -> Turn:
        """Asks which life event there is."""
        events = tuple(self._catalogue.events)
        if not events:
            return said(before, self._say("menu"))
        understood = Understood("guide", decision="clarify", score=1.0)
        return self.offer(replace(before, item=None), Pending(events, None), self._say("which_event"), understood)

    def _assuming(self, turn: Turn, item: str) -> Turn:
        assumed = Text(self._say("assumed", label=self._catalogue.guides[item].label))
        return replace(turn, reply=Reply((assumed, *turn.reply.parts)))

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
        words = plain(text)
        if len(words) > SHORT:
            return False
        first = match.candidates[0] if match.candidates else None
        return first is None or (first.score < NEARBY and not _names(words, self._catalogue.guides[first.item]))

    def _still_about(self, before: Conversation, item: str, match: Match) -> Turn:
        """What was asked of the present item where its guide has it, else that it has not, and the whole notice."""
        if match.facet is not None:
            return self.tell(before, item, match.facet, match=match)
        told = Text(self._say("still_about", label=self._catalogue.guides[item].label))
        reply = Reply((told, self.card(before, item, "conditions", short=True)))
        after = replace(before, pending=None, misses=before.misses + 1)
        return Turn(after, reply, understood=replace(Understood.of(match, "fallback"), item=item))

    def _clarify(self, before: Conversation, text: str, match: Match) -> Turn:
        listing = before.pending is not None and before.pending.listing
        items = self._with_event(text, match, nearest(match.candidates, 4))
        if len(items) == 1 and not listing:
            # One choice is no question: the only likely item is told, with the way out.
            turn = self.tell(before, items[0], match.facet, match=match)
            return self._assuming(turn, items[0])
        pending = Pending(items, match.facet, likely=match.candidates[0].score >= NEARBY, listing=listing)
        return self.offer(before, pending, self._say("clarify"), Understood.of(match))

    def _unknown(self, before: Conversation, text: str, match: Match, near: Sequence[Candidate]) -> Turn:
        """Not known: near items once, then a person (lessons of others: never the same question in a circle)."""
        understood = Understood.of(match, "fallback")
        after = replace(before, misses=before.misses + 1, pending=None)
        if before.misses >= 2:
            return said(after, self._say("unknown_again"), understood)
        items = self._with_event(text, match, nearest(near, OFFERED) if near and near[0].score >= LIKELY else ())
        if not items:
            return said(after, self._say("unknown"), understood)
        return self.offer(after, Pending(items, match.facet), self._say("unknown_near"), understood)

    def _with_event(self, text: str, match: Match, items: tuple[str, ...]) -> tuple[str, ...]:
        """`items` with the life event that `text` seems to tell of: before them where its name is told, after them
        where nothing certain is asked and most of them belong to it."""
        named = self._event_like(text, self._catalogue.events)
        if named is not None:
            return (named.id, *items[:3])
        event = self._event_of(items) if match.facet is None else None
        return items if event is None else (*items[:3], event.id)

    def _event_of(self, items: tuple[str, ...]) -> LifeEvent | None:
        """The life event that most of `items` belong to, if two or more do."""
        of_each = {
            event.id: sum(entry.item in items for entry in event.items) for event in self._catalogue.events.values()
        }
        best = max(of_each, key=lambda event: of_each[event], default=None)
        if best is None or of_each[best] < 2 or of_each[best] * 2 <= len(items):
            return None
        return self._catalogue.events[best]

    def _about_id(self, subject: str) -> Guide | LifeEvent:
        return self._catalogue.events.get(subject) or self._catalogue.guides[subject]

    def of(self, conversation: Conversation) -> Guide | None:
        """The guide of the item that the talk is on."""
        return self._catalogue.guides[conversation.item] if conversation.item else None


def nearest(candidates: Sequence[Candidate], most: int) -> tuple[str, ...]:
    """The best of `candidates` and those that are not far behind: what is far from the words only confuses."""
    least = candidates[0].score * FAR_BEHIND if candidates else 0
    return offered([candidate for candidate in candidates if candidate.score >= least], most)


def offered(candidates: Sequence[Candidate], most: int) -> tuple[str, ...]:
    return tuple(candidate.item for candidate in candidates[:most])


def _names(words: str, guide: Guide) -> bool:
    """Whether `words` has three characters in a row of a name of `guide`, or is part of one."""
    runs = [words, *(words[start : start + 3] for start in range(len(words) - 2))]
    return any(run in name for name in (guide.name, *guide.aliases) for run in runs)


def _bare(text: str) -> str:
    """Letters and digits only: a name may be written with blanks and marks in it."""
    return "".join(character for character in text.lower() if character.isalnum())
