"""The personal list (个性清单): a few plain questions, then only what this person has to bring. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from citizen_bot.catalog import lists
from citizen_bot.catalog.model import Catalogue, Guide, Situation
from citizen_bot.dialogue.items import NEARBY, Items, offered
from citizen_bot.dialogue.model import (
    CONSENT,
    Checklist,
    Choices,
    Conversation,
    NoticeCard,
    Pending,
    Reply,
    Text,
)
from citizen_bot.dialogue.signals import Signals, chosen_number
from citizen_bot.dialogue.turn import Turn, Understood, said
from citizen_bot.dialogue.whereabouts import Whereabouts
from citizen_bot.matching.matcher import Matcher
from citizen_bot.matching.model import Match
from citizen_bot.notices.model import Notice
from citizen_bot.wordings import Wordings

# Whoever is not understood so often is asked the next question; the paper stays on the list with its condition.
TRIES = 2
_PARTS = re.compile(r"[、，,；;：:。/／（）()\s]|或者|或|还是")
_YES_NO = ("yes", "no")


class Checklists:
    """The way to a personal list as turns of the talk."""

    def __init__(
        self,
        catalogue: Catalogue,
        matcher: Matcher,
        signals: Signals,
        wordings: Wordings,
        items: Items,
        whereabouts: Whereabouts,
    ) -> None:
        self._catalogue = catalogue
        self._matcher = matcher
        self._say = wordings
        self._items = items
        self._whereabouts = whereabouts
        self._flow = _Flow(signals, wordings)

    def wanted(self, before: Conversation) -> Turn:
        """For the item that is asked about just now: the one to be chosen, or the one of the talk."""
        if before.pending is not None and before.pending.items:
            return self._items.offer(before, replace(before.pending, listing=True), self._say("clarify"))
        return self.start(before, before.item)

    def wanted_for(self, before: Conversation, match: Match) -> Turn:
        """For the item that the message names, else for the one of the talk."""
        if match.item is not None and match.decision == "answer":
            return self.start(before, match.item)
        if before.item is not None and (match.follow_up or not match.candidates or match.candidates[0].score < NEARBY):
            return self.start(before, before.item)
        items = offered(match.candidates, 4) if match.decision == "clarify" else ()
        if len(items) < 2:
            return self.start(before, items[0] if items else before.item)
        pending = Pending(items, None, listing=True)
        return self._items.offer(before, pending, self._say("clarify"), Understood.of(match, "clarify"))

    def start(self, before: Conversation, item: str | None) -> Turn:
        """The first question that matters, or at once the list; without an item, asks for which."""
        if item is None:
            wanting = replace(before, pending=Pending((), "materials", listing=True))
            understood = Understood("guide", facet="materials", decision="clarify")
            return said(wanting, self._say("which_item_list"), understood)
        guide = self._catalogue.guides[item]
        known = before.heard if before.item == item else {}
        after = replace(self._items.about(before, item, None), facet="materials", heard=known, pending=None, misses=0)
        if not guide.situations:
            turn = self._items.tell(after, item, "materials", short=False)
            return replace(turn, reply=Reply((Text(self._say("checklist_same")), *turn.reply.parts)))
        return self._turn(after, self._flow.start(guide, known, before.consented))

    def answer(self, before: Conversation, checklist: Checklist, text: str) -> Turn | None:
        """What follows on an answer to the open question; None when `text` is none."""
        guide = self._catalogue.guides[checklist.item]
        step = self._flow.go_on(guide, checklist, self._matcher.normal(text), before.consented)
        return None if step is None else self._turn(before, step)

    def ask_again(self, before: Conversation, checklist: Checklist) -> Turn:
        guide = self._catalogue.guides[checklist.item]
        return self._turn(before, self._flow.ask_again(guide, checklist, before.consented))

    def keep_open(self, turn: Turn, checklist: Checklist) -> Turn:
        """`turn`, which answered something else in between, with the open question once more; when the talk has gone
        on to something else, the list is over."""
        after = turn.conversation
        if after is None or after.checklist is None or turn.understood.intent == "human":
            return turn
        if after.item != checklist.item or after.pending is not None:
            return replace(turn, conversation=replace(after, checklist=None))
        question = self._flow.repeat(self._catalogue.guides[checklist.item], checklist)
        return replace(turn, reply=Reply((*turn.reply.parts, question)))

    def remembering(self, turn: Turn, before: Conversation, text: str) -> Turn:
        """`turn` with what the message said by the way about the situations of the item that the talk is on."""
        after = turn.conversation
        guide = self._items.of(after) if after is not None else None
        if after is None or guide is None:
            return turn
        kept = before.heard if before.item == after.item else {}
        # Who asks whether somebody else may come has not said that somebody will.
        asked = turn.understood.facet == "agent"
        heard = {} if asked else self._flow.heard(guide, self._matcher.normal(text))
        return replace(turn, conversation=replace(after, heard={**kept, **heard}))

    def _turn(self, before: Conversation, step: "_Asked | _Listed") -> Turn:
        item = before.item
        understood = Understood("guide", item, "materials", "answer", 1.0, (item,) if item else ())
        if isinstance(step, _Asked):
            after = replace(before, checklist=step.checklist, consented=step.consented)
            return Turn(after, Reply((step.choices,)), understood=understood)
        notice = step.notice
        after = replace(before, checklist=None, heard=notice.answers, consented=step.consented)
        place = self._whereabouts.site_name(before.home, self._catalogue.guides[notice.subject])
        card = NoticeCard(notice, None if notice.kind == "not_eligible" else "materials", place=place)
        return Turn(after, Reply((card,)), understood=understood)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The next question, and the state to wait in."""

    choices: Choices
    checklist: Checklist
    consented: bool | None


@dataclass(frozen=True, slots=True)
class _Listed:
    """All that matters is known: the list, or that the person is not eligible."""

    notice: Notice
    consented: bool | None


class _Flow:
    """Questions and answers on the way to a list."""

    def __init__(self, signals: Signals, wordings: Wordings) -> None:
        self._signals = signals
        self._say = wordings

    def start(self, guide: Guide, known: Mapping[str, str], consented: bool | None) -> _Asked | _Listed:
        """`known` is what the resident has already said of the guide's situations; that is not asked."""
        answers = lists.known_answers(guide.situations, known)
        skipped = _sensitive(guide) if consented is False else ()
        return self._next(guide, Checklist(guide.id, "", answers, skipped), consented, first=True)

    def go_on(self, guide: Guide, checklist: Checklist, text: str, consented: bool | None) -> _Asked | _Listed | None:
        """What follows on the resident's answer; None when `text` is no answer to the open question.

        `text` is plain, without dialect.
        """
        if checklist.asking == CONSENT:
            return self._after_consent(guide, checklist, text)
        situation = next((s for s in guide.situations if s.id == checklist.asking), None)
        if situation is None:
            # The guide was published anew in between.
            return self._next(guide, checklist, consented)
        answer = self._read(situation, text)
        if answer is None:
            return None
        if answer == "unknown":
            return self._next(guide, _without(checklist, situation.id), consented)
        answers = {**checklist.answers, **self._heard_beside(guide, situation, text), situation.id: answer}
        return self._next(guide, replace(checklist, answers=answers, tries=0), consented)

    def ask_again(self, guide: Guide, checklist: Checklist, consented: bool | None) -> _Asked | _Listed:
        """The open question once more, with an example; after that the next one."""
        if checklist.tries + 1 >= TRIES and checklist.asking != CONSENT:
            return self._next(guide, _without(checklist, checklist.asking), consented)
        if checklist.asking == CONSENT and checklist.tries + 1 >= TRIES:
            return self._next(guide, replace(checklist, skipped=_sensitive(guide), tries=0), False)
        again = replace(checklist, tries=checklist.tries + 1)
        choices = self._choices(guide, again)
        return _Asked(replace(choices, prompt=f"{self._say('checklist_again')}{choices.prompt}"), again, consented)

    def repeat(self, guide: Guide, checklist: Checklist) -> Choices:
        """The open question as it stands."""
        return self._choices(guide, checklist)

    def heard(self, guide: Guide, text: str) -> dict[str, str]:
        """What `text` says by the way of the guide's situations. Health and disability are never guessed at."""
        found = {}
        for situation in guide.situations:
            if not situation.sensitive and (answer := self._heard(situation, text)):
                found[situation.id] = answer
        return found

    def _next(
        self, guide: Guide, checklist: Checklist, consented: bool | None, *, first: bool = False
    ) -> _Asked | _Listed:
        if reason := lists.refusal(guide, checklist.answers):
            notice = Notice("not_eligible", guide.id, checklist.answers, reason.reason, reason.remedy)
            return _Listed(notice, consented)
        left = lists.questions(guide, checklist.answers, checklist.skipped)
        if not left or checklist.asked == lists.MOST_QUESTIONS:
            return _Listed(Notice("consultation", guide.id, checklist.answers), consented)
        if left[0].sensitive and consented is None:
            waiting = replace(checklist, asking=CONSENT, tries=0)
        else:
            waiting = replace(checklist, asking=left[0].id, asked=checklist.asked + 1, tries=0)
        choices = self._choices(guide, waiting)
        if first:
            count = min(len(left), lists.MOST_QUESTIONS)
            heading = self._say("checklist_first", name=guide.name, count=count)
            choices = replace(choices, prompt=f"{heading}\n{choices.prompt}")
        return _Asked(choices, waiting, consented)

    def _after_consent(self, guide: Guide, checklist: Checklist, text: str) -> _Asked | _Listed | None:
        number = chosen_number(text)
        answer = {1: "yes", 2: "no"}.get(number) if number is not None else self._signals.answer(text)
        if answer is None:
            return None
        if answer == "yes":
            return self._next(guide, checklist, True)
        return self._next(guide, replace(checklist, skipped=_sensitive(guide)), False)

    def _choices(self, guide: Guide, checklist: Checklist) -> Choices:
        if checklist.asking == CONSENT:
            return Choices(self._say("consent"), (self._say("consent_yes"), self._say("consent_no")))
        situation = next(s for s in guide.situations if s.id == checklist.asking)
        return Choices(situation.question, (*situation.choices.values(), self._say("checklist_unknown")))

    def _read(self, situation: Situation, text: str) -> str | None:
        """The key of the answer, "unknown", or None."""
        keys = tuple(situation.choices)
        number = chosen_number(text)
        if number is not None and 1 <= number <= len(keys) + 1:
            return (*keys, "unknown")[number - 1]
        said = self._signals.answer(text)
        if said == "unknown" or (said and keys == _YES_NO):
            return said
        return _option_in(text, situation) or self._signals.heard(situation.id, text)

    def _heard(self, situation: Situation, text: str) -> str | None:
        answer = self._signals.heard(situation.id, text)
        if answer is None and tuple(situation.choices) != _YES_NO:
            answer = _option_in(text, situation, least=3)
        return answer if answer in situation.choices else None

    def _heard_beside(self, guide: Guide, open_one: Situation, text: str) -> dict[str, str]:
        """An answer in words may settle other questions, too (不是，我自己来办)."""
        return {k: v for k, v in self.heard(guide, text).items() if k != open_one.id} if len(text) > 3 else {}


def _without(checklist: Checklist, situation: str) -> Checklist:
    return replace(checklist, skipped=(*checklist.skipped, situation), tries=0)


def _sensitive(guide: Guide) -> tuple[str, ...]:
    return tuple(situation.id for situation in guide.situations if situation.sensitive)


def _option_in(text: str, situation: Situation, least: int = 2) -> str | None:
    """The one choice of which `text` has a part of `least` characters; None where that fits none or several.

    In answer to the question (two characters) the text may as well be a part of the choice's words.
    """
    said = text.strip(" 。，,.！!？?的了")
    found = {
        key
        for key, words in situation.choices.items()
        for part in _PARTS.split(words)
        if (len(part) >= least and part in text) or (least <= 2 <= len(said) and said in part)
    }
    return found.pop() if len(found) == 1 else None
