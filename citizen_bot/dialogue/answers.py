"""What a resident's own words answer to a question of the personal list. Pure.

A wrong reading drops a paper, so whatever is not plain is no answer: the question is then asked again.
"""

import re
from collections.abc import Callable
from typing import Literal

from citizen_bot.catalog.model import Guide, Situation
from citizen_bot.dialogue.patterns import plain
from citizen_bot.dialogue.signals import Signals, chosen_number, number_in
from citizen_bot.notices.text import bare_question

Unknown = Literal["unknown"]
UNKNOWN: Unknown = "unknown"

OLDEST = 120
_YES_NO = ("yes", "no")
_PLAIN = frozenset({"不是", "没有"})
_PARTS = re.compile(r"[、，,；;：:。/／（）()\s]|或者|或|还是")
_BREAK = re.compile(r"[，,。；;！!\s]+")
# Denied, asked, supposed, of another time or of somebody else: no answer.
_NO_ANSWER = re.compile(
    r"[吗么？?]|(?<!没)什么|怎么|谁|哪|多少|几|[能行可会要是]不|请问|人工|如果|万一|要是|听说|好像|可能|也许|必须|希望|怕"
    r"|又|再|快|正在|准备|打算|还没|以前|以后|后来|从前|过去|曾经|明年|马上|差|不到|虚岁|将近|邻居|隔壁|对门|朋友|同事|人家"
)
_NUMBER = re.compile(
    r"(?:我?选|按)?(?:第(?P<nth>[1-9一二三四五六七八九])[个项]?|(?P<bare>1?[0-9]|[一二三四五六七八九十])[号项]?)(?:吧|的)?"
)
_THANKS = re.compile(r"谢谢.{0,2}")
# 要, 会 and the like answer only a question that has the word.
_MODAL = re.compile(r"不?(?:需?要|想要?|会|能|用)")
_NONE_OF_ALL = re.compile(r"^(?:这些|以上)?(?:都不|都没|没有)")
_DENIES_ALL = frozenset({"没有", "都没有", "都不是", "不是", "都没"})
_SEVERAL = re.compile(r"[、，]|或|也|都")
_WHO_HAS = re.compile(r"(?:我|家里|我家|家|我们|他|她|孩子|老人|老伴|妈|爸|娘|爹|都|也|应该|是|手里|本人|申请的人)*")
_COUNT = re.compile(r"(?:的|啊|呀|呢|了|[一两二三四五俩几好多]*[个本张人位]|俩)*")
_HAVE_NOT = re.compile(r"(?:我|家里|我家|我们家|家|都|也|一个|一个人|人)*(?:没有|没)(?:的|啊|呀|呢|人)*")
_AROUND = re.compile(r"^(?:我|是|他|她|那|就|早|已经|刚|都)+|(?:的|了|啊|呀|呢|嘛|补办|一下)+$")
# Words that stand in many choices and say nothing by themselves.
_EMPTY = frozenset(
    {"自己", "别的", "其他", "有人", "可以", "孩子", "有的", "地方", "一个", "户口", "看病", "今年", "军人"}
)
_AGE = re.compile(r"满(\d+)周?岁")
_AGED = re.compile(
    r"(?:今年|已经|都|我|俺|他|她|它|孩子|老人|老伴|妈|爸|娘|爹|孙子|孙女|儿子|闺女|女儿)*"
    r"(?P<age>\d{1,3}|[一二两三四五六七八九十百]+)(?P<unit>周?岁)?(?:了|半|多|啦|出头)*"
)
_OLD_ENOUGH = re.compile(r"大人|成年人?|(?:早就?|都|已经)?满了")
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
        if _NO_ANSWER.search(self._normal(text)):
            return None
        found = self._signals.asked(situation.id, said)
        if found is not None:
            return found if found in situation.choices else None
        if tuple(situation.choices) == _YES_NO:
            head, _, rest = _split(said)
            if rest and self._signals.answer(head) == "yes":
                # 是的，替我妈办: what follows has to say the same.
                return "yes" if self.read(situation, rest) == "yes" else None
            answer = _predicate(situation, plain(text)) or _predicate(situation, said) or _have(situation, said)
            if answer is not None:
                return answer
        return self._part(situation, text)

    def read_whole(self, situation: Situation, text: str) -> str | None:
        """As `read`, but only what leaves no doubt: a number, a choice's own words, a plain yes or no, an age."""
        said = plain(text)
        grown = _grown(situation, said)
        if grown is not None:
            return grown
        number = _chosen(situation, said)
        if number is not None:
            answers = (*situation.choices, UNKNOWN)
            return answers[number - 1] if 1 <= number <= len(answers) else None
        spellings = {said, plain(self._normal(text))}
        if text.rstrip().endswith(("?", "？")):
            return None
        for key, words in situation.choices.items():
            if spellings & {plain(words), plain(self._normal(words))}:
                return key
        word = self._plain_word(situation, text)
        if word is None or word == UNKNOWN:
            return word
        if tuple(situation.choices) == _YES_NO:
            return word
        if not spellings & _DENIES_ALL:
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

    def _plain_word(self, situation: Situation, text: str) -> str | None:
        """yes, no or unknown, where `text` is nothing else, or goes on to say the same or thanks: after a no almost
        anything may add something (没有，老伴心脏病)."""
        said = plain(self._normal(text))
        word = self._signals.answer(said)
        if word is None:
            head, _, rest = _split(said)
            word = self._signals.answer(head) if rest else None
            if word is None or not (_THANKS.fullmatch(rest) or self._signals.answer(rest) == word):
                return None
        if _MODAL.fullmatch(said) and said.removeprefix("不")[-1] not in situation.question:
            return None
        return word

    def _part(self, situation: Situation, text: str) -> str | None:
        """The one choice of which `text` says a whole part, or a beginning or end that stands in no other; None where
        that fits none or several, and where there are numbers in it, which may mean anything."""
        if re.search(r"\d|岁", text):
            return None
        said = {_AROUND.sub("", one) for one in (plain(text), plain(self._normal(text)))}
        fitting = {
            key
            for key, words in situation.choices.items()
            for spelling in {plain(words), plain(self._normal(words))} - _PLAIN
            for part in _PARTS.split(spelling)
            if any(_says(one, part, situation.question) for one in said)
        }
        return fitting.pop() if len(fitting) == 1 else None


def _chosen(situation: Situation, said: str) -> int | None:
    """The number of a choice. 两个 counts something, and so may 第一个 where the question counts."""
    found = _NUMBER.fullmatch(said)
    if found is None or (found["nth"] and "第" in situation.question):
        return None
    return chosen_number(found["nth"] or found["bare"])


def _says(said: str, part: str, question: str) -> bool:
    """Whether `said` is the `part` of a choice, or at least the half of it at one end, undenied there."""
    bare = _AROUND.sub("", part)
    if said in (part, bare):
        return len(said) >= 2 and said not in _EMPTY
    if len(said) < 2 or len(said) * 2 < len(part) or said in question or said in _EMPTY:
        return False
    if part.startswith(said):
        return True
    return part.endswith(said) and not re.search(r"[不没未无]有?$", part.removesuffix(said))


def _predicate(situation: Situation, said: str) -> str | None:
    """丢了 or 没丢 to 户口簿是丢了吗: what the question ends with, affirmed or denied, and nothing else. A question of
    several parts, or of who comes, is not answered so: half of it may be meant."""
    question = plain(bare_question(situation)).removesuffix("吗")
    if _SEVERAL.search(question) or "by-" in situation.id or "guardian" in situation.id:
        return None
    words = re.sub(r"^(?:那|这|是|户口|早|已经)+", "", said).rstrip("的啊呀呢")
    affirmed = words.removeprefix("没有").removeprefix("没").removeprefix("不")
    if affirmed != words:
        there = affirmed.startswith("在") and question.endswith(affirmed)
        return "no" if affirmed and (there or question.endswith(f"{affirmed}了")) else None
    return "yes" if len(words) >= 2 and re.search("[了过在]", words) and question.endswith(words) else None


def _have(situation: Situation, said: str) -> str | None:
    """老伴有残疾证 to a question whether there is one: 有 alone, a number, or the very thing that is asked."""
    if "有" not in situation.question:
        return None
    if _HAVE_NOT.fullmatch(said):
        return "no"
    who, have, what = _split(said)[0].partition("有")
    if not have or not _WHO_HAS.fullmatch(who):
        return None
    asked = plain(situation.question).removesuffix("吗").rpartition("有")[2]
    named = bool(what) and what.replace("人", "").rstrip("的了啊呀呢") == asked.replace("人", "")
    return "yes" if named or (_COUNT.fullmatch(what) and not _split(said)[2]) else None


def _grown(situation: Situation, said: str) -> str | None:
    """The answer to 满16周岁了吗 where an age is told; a year of birth or 快七十了 is none."""
    limits = _AGE.findall(situation.question)
    if len(limits) != 1 or tuple(situation.choices) != _YES_NO or not re.search("岁了吗", situation.question):
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
