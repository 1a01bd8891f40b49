"""What a resident's own words answer to a question of the personal list. Pure.

A wrong reading drops a paper, so whatever is not plain is no answer: the question is then asked again.
"""

import re
from collections.abc import Callable
from typing import Literal

from citizen_bot.catalog.model import Guide, Situation
from citizen_bot.dialogue.signals import Signals, chosen_number, number_in, plain

Unknown = Literal["unknown"]
UNKNOWN: Unknown = "unknown"

_PARTS = re.compile(r"[、，,；;：:。/／（）()\s]|或者|或|还是")
_YES_NO = ("yes", "no")
_PLAIN = frozenset({"不是", "没有"})
_DENIAL = re.compile(r"[不没别未非]")
_BREAK = re.compile(r"[，,。；;！!\s]+")
# After a plain yes or no these turn it round, or may: 没有，不过老伴有一个.
_BUT = {"yes": re.compile(r"[不没未错改]"), "no": re.compile(r"[是有就但可改错另]|不过|不是|除")}
_HAVE = re.compile(r"^[^不没未无吗么？?]*有[^不没未无吗么？?]*$")
_HAVE_NOT = re.compile(r"(?:我|家里|我家|我们家|家|都|也|一个|一个人|人)*(?:没有|没)(?:的|啊|呀|呢|人|过)*")
_AGE = re.compile(r"满(\d+)周?岁")
_OLD_ENOUGH = re.compile(r"(?:大人|成年人?|(?:早就?|都|已经)?满了)")
_TOO_YOUNG = re.compile(r"(?:还)?(?:没满|不满|没到|未满|小孩|小)(?:呢)?")


class Answers:
    """`normal` turns a message into half width, simplified characters without dialect."""

    def __init__(self, signals: Signals, normal: Callable[[str], str]) -> None:
        self._signals = signals
        self._normal = normal

    def read(self, situation: Situation, text: str) -> str | None:
        """The key of the answer that `text` gives to the open question, UNKNOWN for "I don't know" and the like,
        None where it is no plain answer."""
        if _AGE.search(situation.question) and (grown := self._grown(situation, text)) is not None:
            return grown
        number = chosen_number(text)
        if number is not None:
            answers = (*situation.choices, UNKNOWN)
            return answers[number - 1] if 1 <= number <= len(answers) else None
        exact = self._option(situation, text, whole=True)
        if exact is not None:
            return exact
        word = self._plain_word(text)
        if word == UNKNOWN:
            return UNKNOWN
        yes_no = tuple(situation.choices) == _YES_NO
        if word is not None:
            # 都不是 to a question with other choices leaves it open.
            return word if yes_no else UNKNOWN if word == "no" else None
        if found := self._signals.asked(situation.id, self._normal(text)):
            return found if found in situation.choices else None
        return self._option(situation, text, whole=False) or (self._have(situation, text) if yes_no else None)

    def consent(self, text: str) -> bool | None:
        """Whether the resident agrees to be asked about health; None where `text` says neither."""
        number = chosen_number(text)
        if number is not None:
            return {1: True, 2: False}.get(number)
        if (agreed := self._signals.agrees(text)) is not None:
            return agreed
        return {"yes": True, "no": False}.get(self._plain_word(text) or "")

    def heard(self, guide: Guide, text: str) -> dict[str, str]:
        """What `text` says by the way of the guide's yes/no questions. Health and disability are never guessed at."""
        normal = self._normal(text)
        found = {}
        for situation in guide.situations:
            if not situation.sensitive and tuple(situation.choices) == _YES_NO:
                answer = self._signals.heard(situation.id, normal)
                if answer is not None and answer in situation.choices:
                    found[situation.id] = answer
        return found

    def _plain_word(self, text: str) -> str | None:
        """yes, no or unknown, where `text` is nothing else, or begins so and goes on without turning it round."""
        word = self._signals.answer(text)
        if word is not None:
            return word
        head, _, rest = _split(plain(text))
        word = self._signals.answer(head) if rest else None
        return word if word in _BUT and not _BUT[word].search(rest) else None

    def _option(self, situation: Situation, text: str, *, whole: bool) -> str | None:
        """The one choice whose words `text` is (`whole`), or has a part of or is a part of; None where that fits none
        or several.

        Of the words as they were written and as they are normalised, either may fit.
        """
        said = {plain(text), plain(self._normal(text))}
        matches: dict[str, int] = {}
        for key, words in situation.choices.items():
            spellings = {plain(words), plain(self._normal(words))}
            if whole:
                if said & spellings:
                    return key
                continue
            parts = {part for spelling in spellings for part in _PARTS.split(spelling) if len(part) >= 2} - _PLAIN
            longest = max((len(part) for part in parts if any(_affirms(one, part) for one in said)), default=0)
            if any(len(one) >= 2 and one in spelling for one in said for spelling in spellings - _PLAIN):
                longest = max(longest, len(plain(text)))
            if longest:
                matches[key] = longest
        best = [key for key, length in matches.items() if length == max(matches.values())]
        return best[0] if len(best) == 1 else None

    def _have(self, situation: Situation, text: str) -> str | None:
        """老伴有残疾证 to a question whether there is one."""
        if "有" not in situation.question:
            return None
        said = plain(self._normal(text))
        if _HAVE_NOT.fullmatch(said):
            return "no"
        return "yes" if _HAVE.match(said) else None

    def _grown(self, situation: Situation, text: str) -> str | None:
        """The answer to 满16周岁了吗 where `text` tells an age."""
        limits = _AGE.findall(situation.question)
        if len(limits) != 1 or tuple(situation.choices) != _YES_NO:
            return None
        said = plain(self._normal(text))
        if _OLD_ENOUGH.fullmatch(said):
            return "yes"
        if _TOO_YOUNG.fullmatch(said):
            return "no"
        age = number_in(said)
        told = age is not None and ("岁" in said or age > len(situation.choices) + 1)
        return None if age is None or not told else "yes" if age >= int(limits[0]) else "no"


def _split(text: str) -> tuple[str, str, str]:
    found = _BREAK.search(text)
    return (text, "", "") if found is None else (text[: found.start()], found[0], text[found.end() :])


def _affirms(text: str, part: str) -> bool:
    """Whether `text` has `part`, and denies nothing beside it (不是丢了补办)."""
    before, found, after = text.partition(part)
    return bool(found) and not _DENIAL.search(before + after)
