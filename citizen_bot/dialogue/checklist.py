"""The personal list (个性清单): a few plain questions, then only what this person has to bring. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from citizen_bot.catalog import lists
from citizen_bot.catalog.lists import MOST_QUESTIONS, known_answers
from citizen_bot.catalog.model import Catalogue, Guide, Situation
from citizen_bot.dialogue.answers import UNKNOWN, Answers
from citizen_bot.dialogue.items import NEARBY, Items, offered
from citizen_bot.dialogue.model import CONSENT, Checklist, Choices, Conversation, NoticeCard, Pending, Reply, Text
from citizen_bot.dialogue.patterns import plain
from citizen_bot.dialogue.signals import Signals
from citizen_bot.dialogue.turn import Turn, Understood, said
from citizen_bot.dialogue.whereabouts import Whereabouts
from citizen_bot.matching.matcher import Matcher
from citizen_bot.matching.model import Match
from citizen_bot.notices.notice import Notice, for_person
from citizen_bot.notices.text import bare_question
from citizen_bot.wordings import Wordings

# Whoever is not understood so often is asked the next question; the paper stays on the list with its condition.
TRIES = 2


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
        self._say = wordings
        self._items = items
        self._whereabouts = whereabouts
        self._answers = Answers(signals, matcher.normal)
        self._flow = _Flow(self._answers, signals, wordings)

    def wanted(self, before: Conversation) -> Turn:
        """For the item that is asked about just now: the one to be chosen, or the one of the talk."""
        pending = before.pending
        if pending is not None and pending.items and (not pending.standing or before.item is None):
            return self._items.offer(before, replace(pending, listing=True, standing=False), self._say("clarify"))
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

    def start(self, before: Conversation, item: str | None, *, anew: bool = False) -> Turn:
        """The first question that matters, or at once the list; without an item, asks for which. `anew`: what was said
        before is not taken for known; so it is when the list was told already."""
        if item is None:
            wanting = replace(before, pending=Pending((), "materials", listing=True), where=())
            understood = Understood("guide", facet="materials", decision="clarify")
            return said(wanting, self._say("which_item_list"), understood)
        guide = self._catalogue.guides[item]
        anew = anew or before.listed == item
        known = {} if anew else before.heard.get(item, {})
        on_item = self._items.about(before, item, None)
        standing = before.pending if before.pending and before.pending.standing else None
        after = replace(on_item, facet="materials", pending=standing, where=(), listed=None, misses=0)
        if not guide.situations:
            turn = self._items.tell(after, item, "materials", short=True)
            return replace(turn, reply=Reply((Text(self._say("checklist_same")), *turn.reply.parts)))
        return self._turn(after, self._flow.start(guide, known))

    def answer(self, before: Conversation, checklist: Checklist, text: str) -> Turn | None:
        """What follows on an answer to the open question, or on taking one back; None when `text` is neither."""
        guide = self._catalogue.guides[checklist.item]
        step = self._flow.go_on(guide, checklist, text)
        return None if step is None else self._turn(before, step)

    def take_back(self, before: Conversation, checklist: Checklist) -> Turn:
        """The question before once more."""
        guide = self._catalogue.guides[checklist.item]
        return self._turn(before, self._flow.take_back(guide, checklist))

    def finish(self, before: Conversation, checklist: Checklist) -> Turn:
        """The list as far as it is known: the resident does not want to be asked any more."""
        guide = self._catalogue.guides[checklist.item]
        return self._turn(before, _Listed(for_person(guide, checklist.answers)))

    def repeat(self, before: Conversation, checklist: Checklist) -> Turn:
        """The open question as it stands: the resident wants to hear it once more."""
        choices = self._flow.repeat(self._catalogue.guides[checklist.item], checklist)
        return self._turn(before, _Asked(choices, checklist))

    def ask_again(self, before: Conversation, checklist: Checklist) -> Turn:
        """The open question once more, with an example; after that the next one."""
        guide = self._catalogue.guides[checklist.item]
        return self._turn(before, self._flow.ask_again(guide, checklist))

    def keep_open(self, turn: Turn, checklist: Checklist) -> Turn:
        """`turn`, which answered something else in between, with the open question once more. When the talk has gone
        on to something else, the list is over, and what was answered is kept for another time."""
        after = turn.conversation
        if after is None or after.checklist != checklist or turn.understood.intent == "human":
            return turn
        guide = self._catalogue.guides[checklist.item]
        chosen_from = after.pending is not None and not after.pending.standing
        if after.item != checklist.item or chosen_from:
            heard = {**after.heard, guide.id: _plain_answers(guide, checklist.answers)}
            return replace(turn, conversation=replace(after, checklist=None, heard=heard))
        if after.where:
            return turn
        return replace(turn, reply=Reply((*turn.reply.parts, self._flow.repeat(guide, checklist))))

    def is_choice(self, checklist: Checklist, text: str) -> bool:
        """Whether `text` is one of the open question's choices, word by word."""
        situation = _open(self._catalogue.guides[checklist.item], checklist)
        return situation is not None and plain(text) in map(plain, situation.choices.values())

    def remembering(self, turn: Turn, text: str) -> Turn:
        """`turn` with what the message said by the way about the situations of the item that the talk is on."""
        after = turn.conversation
        guide = self._items.of(after) if after is not None else None
        if after is None or guide is None:
            return turn
        # Who asks whether somebody else may come has not said that somebody will.
        heard = {} if turn.understood.facet == "agent" else self._answers.heard(guide, text)
        kept = {topic: answers for topic, answers in after.heard.items() if topic in after.topics}
        if heard:
            kept[guide.id] = {**kept.get(guide.id, {}), **heard}
        return replace(turn, conversation=replace(after, heard=kept))

    def _turn(self, before: Conversation, step: "_Asked | _Listed") -> Turn:
        item = before.item
        understood = Understood("guide", item, "materials", "answer", 1.0, (item,) if item else ())
        if isinstance(step, _Asked):
            after = replace(before, checklist=step.checklist)
            return Turn(after, Reply((step.choices,)), understood=understood)
        notice = step.notice
        guide = self._catalogue.guides[notice.subject]
        heard = {**before.heard, guide.id: _plain_answers(guide, notice.answers)}
        after = replace(before, checklist=None, heard=heard, listed=guide.id)
        place = self._whereabouts.site_name(before.home, guide)
        card = NoticeCard(notice, None if notice.kind == "not_eligible" else "materials", place=place)
        return Turn(after, Reply((card,)), understood=understood)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The next question, and the state to wait in."""

    choices: Choices
    checklist: Checklist


@dataclass(frozen=True, slots=True)
class _Listed:
    """All that matters is known: the list, or that the person is not eligible."""

    notice: Notice


class _Flow:
    """Questions and answers on the way to a list."""

    def __init__(self, answers: Answers, signals: Signals, wordings: Wordings) -> None:
        self._answers = answers
        self._signals = signals
        self._say = wordings

    def start(self, guide: Guide, known: Mapping[str, str]) -> _Asked | _Listed:
        """`known` is what the resident has said by the way; it is not asked, but nobody is turned down for it."""
        answers = known_answers(guide.situations, known)
        if lists.refusal(guide, answers):
            answers = {}
        step = self._next(guide, Checklist(guide.id, "", answers))
        if isinstance(step, _Listed):
            return step
        count = min(len(lists.questions(guide, answers)), MOST_QUESTIONS)
        # The label without what it says in brackets.
        label, _, _ = guide.label.partition("（")
        return _led(step, self._say("checklist_first", label=label, count=count))

    def go_on(self, guide: Guide, checklist: Checklist, text: str) -> _Asked | _Listed | None:
        """What follows on `text`; None when it is no answer to the open question."""
        checklist = replace(checklist, answers=known_answers(guide.situations, checklist.answers))
        if checklist.asking == CONSENT:
            return self._after_consent(guide, checklist, text)
        situation = _open(guide, checklist)
        if situation is None:
            # The guide was published anew in between.
            return self._next(guide, checklist)
        corrected = self._signals.corrected(text)
        if corrected is not None:
            return self._correct(guide, checklist, corrected)
        answer = self._answers.read(situation, text)
        if answer is None or self._too_sure(guide, checklist, situation, text, answer):
            return None
        after = replace(checklist, asked=(*checklist.asked, situation.id), tries=0, reopened=False)
        if answer == UNKNOWN:
            step = self._next(guide, replace(after, skipped=(*after.skipped, situation.id)))
            return _led(step, self._say("checklist_skipped"))
        step = self._next(guide, replace(after, answers={**after.answers, situation.id: answer}))
        noted = self._say("checklist_noted", question=bare_question(situation), answer=situation.choices[answer])
        return _led(step, noted)

    def _too_sure(self, guide: Guide, checklist: Checklist, situation: Situation, text: str, answer: str) -> bool:
        """Whether the person would be turned down for words that leave a doubt: then the question is asked again."""
        if answer == UNKNOWN or self._answers.read_whole(situation, text) is not None:
            return False
        return lists.refusal(guide, {**checklist.answers, situation.id: answer}) is not None

    def take_back(self, guide: Guide, checklist: Checklist) -> _Asked:
        """The question before the open one, as if it had not been answered."""
        waiting = checklist
        if checklist.asked:
            *asked, last = checklist.asked
            answers = {situation: answer for situation, answer in checklist.answers.items() if situation != last}
            skipped = tuple(situation for situation in checklist.skipped if situation != last)
            waiting = replace(
                checklist, asking=last, answers=answers, skipped=skipped, asked=tuple(asked), tries=0, reopened=True
            )
        elif refused := _sensitive(guide) & set(checklist.skipped):
            skipped = tuple(situation for situation in checklist.skipped if situation not in refused)
            waiting = replace(checklist, asking=CONSENT, skipped=skipped, tries=0)
        return _Asked(_prompted(self.repeat(guide, waiting), self._say("checklist_back")), waiting)

    def ask_again(self, guide: Guide, checklist: Checklist) -> _Asked | _Listed:
        if checklist.tries + 1 < TRIES:
            again = replace(checklist, tries=checklist.tries + 1)
            return _led(_Asked(self.repeat(guide, again), again), self._say("checklist_again"))
        if checklist.asking == CONSENT:
            return self._next(guide, _without_health(guide, checklist))
        given_up = replace(
            checklist,
            asked=(*checklist.asked, checklist.asking),
            skipped=(*checklist.skipped, checklist.asking),
        )
        return _led(self._next(guide, given_up), self._say("checklist_skipped"))

    def repeat(self, guide: Guide, checklist: Checklist) -> Choices:
        """The open question as it stands."""
        situation = _open(guide, checklist)
        if situation is None:
            return Choices(self._say("consent"), (self._say("consent_yes"), self._say("consent_no")))
        return Choices(situation.question, (*situation.choices.values(), self._say("checklist_unknown")))

    def _correct(self, guide: Guide, checklist: Checklist, answer: str) -> _Asked | _Listed:
        """The answer before was wrong; `answer` is the right one, where it was said at once."""
        if checklist.reopened and answer:
            # 错了，有 to a question that was just asked again is its answer.
            again = self.go_on(guide, replace(checklist, reopened=False), answer)
            if again is not None:
                return again
        back = self.take_back(guide, checklist)
        corrected = self.go_on(guide, back.checklist, answer) if answer else None
        return corrected or back

    def _next(self, guide: Guide, checklist: Checklist) -> _Asked | _Listed:
        notice = for_person(guide, checklist.answers)
        left = lists.questions(guide, checklist.answers, checklist.skipped)
        if notice.kind == "not_eligible" or not left or len(checklist.asked) >= MOST_QUESTIONS:
            return _Listed(notice)
        asking = CONSENT if left[0].sensitive and not checklist.consented else left[0].id
        waiting = replace(checklist, asking=asking, tries=0)
        return _Asked(self.repeat(guide, waiting), waiting)

    def _after_consent(self, guide: Guide, checklist: Checklist, text: str) -> _Asked | _Listed | None:
        agreed = self._answers.consent(text)
        if agreed is None:
            return None
        return self._next(guide, replace(checklist, consented=True) if agreed else _without_health(guide, checklist))


def _open(guide: Guide, checklist: Checklist) -> Situation | None:
    """The situation that is asked about; None while consent is asked, and where the guide has it no more."""
    return next((situation for situation in guide.situations if situation.id == checklist.asking), None)


def _led(step: _Asked | _Listed, words: str) -> _Asked | _Listed:
    """`step` with `words` before its question; a list needs no words before it."""
    return replace(step, choices=_prompted(step.choices, words)) if isinstance(step, _Asked) else step


def _prompted(choices: Choices, words: str) -> Choices:
    return replace(choices, prompt=f"{words}\n{choices.prompt}")


def _sensitive(guide: Guide) -> frozenset[str]:
    return frozenset(situation.id for situation in guide.situations if situation.sensitive)


def _without_health(guide: Guide, checklist: Checklist) -> Checklist:
    """Consent was not given for this list: what would be asked about health is left open."""
    return replace(checklist, skipped=(*checklist.skipped, *sorted(_sensitive(guide))))


def _plain_answers(guide: Guide, answers: Mapping[str, str]) -> dict[str, str]:
    """What may be remembered beyond the list: not what tells of health or disability."""
    return {situation: answer for situation, answer in answers.items() if situation not in _sensitive(guide)}
