"""The personal list (个性清单): a few plain questions, then only what this person has to bring. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from citizen_bot.catalog import lists
from citizen_bot.catalog.model import Guide, Situation
from citizen_bot.dialogue.model import CONSENT, Checklist, Choices
from citizen_bot.dialogue.signals import Signals, chosen_number
from citizen_bot.notices.model import Notice
from citizen_bot.wordings import Wordings

# Whoever is not understood so often is asked the next question; the paper stays on the list with its condition.
TRIES = 2
_PARTS = re.compile(r"[、，,；;：:。/／（）()\s]|或者|或|还是")
_YES_NO = ("yes", "no")


@dataclass(frozen=True, slots=True)
class Asked:
    """The next question, and the state to wait in."""

    choices: Choices
    checklist: Checklist
    consented: bool | None


@dataclass(frozen=True, slots=True)
class Listed:
    """All that matters is known: the list, or that the person is not eligible."""

    notice: Notice
    consented: bool | None


class ChecklistFlow:
    def __init__(self, signals: Signals, wordings: Wordings) -> None:
        self._signals = signals
        self._say = wordings

    def start(self, guide: Guide, known: Mapping[str, str], consented: bool | None) -> Asked | Listed:
        """`known` is what the resident has already said of the guide's situations; that is not asked."""
        answers = lists.known_answers(guide.situations, known)
        skipped = _sensitive(guide) if consented is False else ()
        return self._next(guide, Checklist(guide.id, "", answers, skipped), consented, first=True)

    def go_on(self, guide: Guide, checklist: Checklist, text: str, consented: bool | None) -> Asked | Listed | None:
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

    def ask_again(self, guide: Guide, checklist: Checklist, consented: bool | None) -> Asked | Listed:
        """The open question once more, with an example; after that the next one."""
        if checklist.tries + 1 >= TRIES and checklist.asking != CONSENT:
            return self._next(guide, _without(checklist, checklist.asking), consented)
        if checklist.asking == CONSENT and checklist.tries + 1 >= TRIES:
            return self._next(guide, replace(checklist, skipped=_sensitive(guide), tries=0), False)
        again = replace(checklist, tries=checklist.tries + 1)
        choices = self._choices(guide, again)
        return Asked(replace(choices, prompt=f"{self._say('checklist_again')}{choices.prompt}"), again, consented)

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
    ) -> Asked | Listed:
        if reason := lists.refusal(guide, checklist.answers):
            notice = Notice("not_eligible", guide.id, checklist.answers, reason.reason, reason.remedy)
            return Listed(notice, consented)
        left = lists.questions(guide, checklist.answers, checklist.skipped)
        if not left or checklist.asked == lists.MOST_QUESTIONS:
            return Listed(Notice("consultation", guide.id, checklist.answers), consented)
        if left[0].sensitive and consented is None:
            waiting = replace(checklist, asking=CONSENT, tries=0)
        else:
            waiting = replace(checklist, asking=left[0].id, asked=checklist.asked + 1, tries=0)
        choices = self._choices(guide, waiting)
        if first:
            count = min(len(left), lists.MOST_QUESTIONS)
            heading = self._say("checklist_first", name=guide.name, count=count)
            choices = replace(choices, prompt=f"{heading}\n{choices.prompt}")
        return Asked(choices, waiting, consented)

    def _after_consent(self, guide: Guide, checklist: Checklist, text: str) -> Asked | Listed | None:
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
