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

OLDEST = 120
_PARTS = re.compile(r"[、，,；;：:。/／（）()\s]|或者|或|还是")
_YES_NO = ("yes", "no")
_PLAIN = frozenset({"不是", "没有"})
_DENIAL = re.compile(r"[不没别未非]")
_BREAK = re.compile(r"[，,。；;！!\s]+")
_NUMBER = re.compile(
    r"(?:我?选|按)?(?:第(?P<nth>[1-9一二三四五六七八九])[个项]?|(?P<bare>1?[0-9]|[一二三四五六七八九十])[号项]?)(?:吧|的)?"
)
_FILLER = re.compile(r"[我俺他她它您你们是的了啊呀呢嘛就个这那都也想要来去给办家里人，,。\s]")
# Of two states at once, or one that is not yet, nobody can tell which counts (离了又结了, 快结婚了).
_UNSETTLED = re.compile(r"又|再|快|正在|准备|打算|还没|以前|后来|差|不到|虚岁|将近")
_NONE_OF_ALL = re.compile(r"^(?:这些|以上)?(?:都不|都没|没有)")
_HAVE = re.compile(r"^(?P<who>[^有不没未无]{0,8})有(?P<what>[^有不没未无吗么？?]*)$")
_COUNT = re.compile(r"(?:的|啊|呀|呢|了|[一两二三四五俩几好多]*[个本张人位]?|俩)*")
_ELSE_HAS = re.compile(r"所$|只|就有|原来|别人|要是|就算|以前|好像|邻居|亲戚|外地|外省|别处|有过")
_HAVE_NOT = re.compile(r"(?:我|家里|我家|我们家|家|都|也|一个|一个人|人)*(?:没有|没)(?:的|啊|呀|呢|人)*")
_THANKS = re.compile(r"谢谢.{0,2}")
_SUBJECT = re.compile(r"^(?:我|俺|他|她|它|老人|孩子|户口|本人|那|这|是)+")
_AGE = re.compile(r"满(\d+)周?岁了吗")
_AGED = re.compile(
    r"(?:今年|已经|都|我|俺|他|她|它|孩子|老人|人家|老伴|妈|爸|娘|爹|孙子|孙女|儿子|闺女|女儿)*"
    r"(?P<age>\d{1,3}|[一二两三四五六七八九十百]+)(?P<unit>周?岁)?(?:了|半|多|啦|出头)*"
)
_OLD_ENOUGH = re.compile(r"(?:大人|成年人?|(?:早就?|都|已经)?[满够]了)")
_TOO_YOUNG = re.compile(r"(?:还)?(?:没满|不满|没到|未满|小孩|小)(?:呢)?")


class Answers:
    """`normal` turns a message into half width, simplified characters without dialect."""

    def __init__(self, signals: Signals, normal: Callable[[str], str]) -> None:
        self._signals = signals
        self._normal = normal

    def read(self, situation: Situation, text: str) -> str | None:
        """The key of the answer that `text` gives to the open question, UNKNOWN for "I don't know" and the like,
        None where it is no plain answer."""
        whole = self.read_whole(situation, text)
        if whole is not None:
            return whole
        said = plain(self._normal(text))
        found = self._signals.asked(situation.id, said)
        if found is not None:
            return found if found in situation.choices and not _UNSETTLED.search(said) else None
        if tuple(situation.choices) == _YES_NO:
            answer = _predicate(situation, plain(text)) or _predicate(situation, said) or _have(situation, said)
            if answer is not None:
                return answer
        return self._option(situation, text, whole=False)

    def read_whole(self, situation: Situation, text: str) -> str | None:
        """As `read`, but only what leaves no doubt: a number, a choice's own words, a plain yes or no, an age."""
        if _AGE.search(situation.question):
            grown = _grown(situation, plain(text))
            if grown is not None:
                return grown
        number = _chosen(situation, plain(text))
        if number is not None:
            answers = (*situation.choices, UNKNOWN)
            return answers[number - 1] if 1 <= number <= len(answers) else None
        exact = self._option(situation, text, whole=True)
        if exact is not None:
            return exact
        word = self._plain_word(text)
        if word is None or word == UNKNOWN:
            return word
        if tuple(situation.choices) == _YES_NO:
            return word
        if word == "yes":
            return None
        # 都不是 to a question with other choices is the one choice that says so, or leaves it open.
        denials = [key for key, words in situation.choices.items() if _NONE_OF_ALL.match(words)]
        return denials[0] if len(denials) == 1 else UNKNOWN

    def consent(self, text: str) -> bool | None:
        """Whether the resident agrees to be asked about health; None where `text` says neither."""
        number = chosen_number(text)
        return self._signals.agrees(text) if number is None else {1: True, 2: False}.get(number)

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
        """yes, no or unknown, where `text` is nothing else, or goes on without adding or turning round anything: after
        a no almost anything may do that (没有，老伴心脏病)."""
        word = self._signals.answer(text)
        if word is not None:
            return word
        head, _, rest = _split(plain(text))
        word = self._signals.answer(head) if rest else None
        if word == "yes" and not re.search(r"[不没未错改]", rest):
            return word
        if word == "no" and (_THANKS.fullmatch(rest) or self._signals.answer(rest) == "no"):
            return word
        return None

    def _option(self, situation: Situation, text: str, *, whole: bool) -> str | None:
        """The one choice whose words `text` is (`whole`), or has a part of or is a part of; None where that fits none
        or several.

        Of the words as they were written and as they are normalised, either may fit.
        """
        said = {plain(text), plain(self._normal(text))}
        fitting: dict[str, str] = {}
        for key, words in situation.choices.items():
            spellings = {plain(words), plain(self._normal(words))}
            if whole:
                if said & spellings:
                    return key
                continue
            parts = {part for spelling in spellings for part in _PARTS.split(spelling) if len(part) >= 2} - _PLAIN
            said_parts = [part for part in parts if any(_affirms(one, part) for one in said)]
            said_parts += [one for one in said if len(one) >= 2 and any(one in words for words in spellings - _PLAIN)]
            if said_parts:
                fitting[key] = max(said_parts, key=len)
        # 头次领 lies in 不是头次领: the longer one is meant.
        best = [key for key, part in fitting.items() if not any(part in o and part != o for o in fitting.values())]
        return best[0] if len(best) == 1 else None


def _chosen(situation: Situation, said: str) -> int | None:
    """The number of a choice. 两个 counts something, and so may 第一个 where the question counts."""
    found = _NUMBER.fullmatch(said)
    if found is None or (found["nth"] and "第" in situation.question):
        return None
    return chosen_number(found["nth"] or found["bare"])


def _predicate(situation: Situation, said: str) -> str | None:
    """丢了 or 没丢 to 户口簿是丢了吗: what the question ends with, affirmed or denied, and nothing else."""
    question = plain(situation.question).removesuffix("吗")
    words = _SUBJECT.sub("", said).rstrip("的啊呀呢")
    affirmed = words.removeprefix("没有").removeprefix("没").removeprefix("不")
    endings = (affirmed, f"{affirmed}了")
    if _UNSETTLED.search(said) or not affirmed or not question.endswith(endings):
        return None
    if affirmed != words:
        return "no"
    return "yes" if len(words) >= 2 else None


def _have(situation: Situation, said: str) -> str | None:
    """老伴有残疾证 to a question whether there is one: 有 alone, with a number, or with words of the question."""
    if "有" not in situation.question:
        return None
    if _HAVE_NOT.fullmatch(said):
        return "no"
    found = _HAVE.match(said)
    if found is None or _ELSE_HAS.search(found["who"]) or _ELSE_HAS.search(said):
        return None
    what = found["what"]
    shared = any(what[at : at + 2] in situation.question for at in range(len(what) - 1))
    return "yes" if shared or _COUNT.fullmatch(what) else None


def _grown(situation: Situation, said: str) -> str | None:
    """The answer to 满16周岁了吗 where an age is told; a year of birth or 快七十了 is none."""
    limits = _AGE.findall(situation.question)
    if len(limits) != 1 or tuple(situation.choices) != _YES_NO or _UNSETTLED.search(said):
        return None
    if _OLD_ENOUGH.fullmatch(said):
        return "yes"
    if _TOO_YOUNG.fullmatch(said):
        return "no"
    found = _AGED.fullmatch(said)
    age = number_in(found["age"]) if found else None
    if found is None or age is None or age > OLDEST or (found["unit"] is None and age <= len(situation.choices) + 1):
        return None
    return "yes" if age >= int(limits[0]) else "no"


def _split(text: str) -> tuple[str, str, str]:
    found = _BREAK.search(text)
    return (text, "", "") if found is None else (text[: found.start()], found[0], text[found.end() :])


def _affirms(text: str, part: str) -> bool:
    """Whether `text` says `part`, and little else: denies nothing (不是丢了补办), adds nothing (转给亲戚)."""
    before, found, after = text.partition(part)
    rest = _FILLER.sub("", before + after)
    return bool(found) and not _DENIAL.search(rest) and not _UNSETTLED.search(rest) and len(rest) * 2 <= len(part)
