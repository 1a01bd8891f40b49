"""What an agent says to a task, and a resident to what was taken over: read, not yet acted on. Pure."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

from citizen_bot.dialogue.agents.desk import Action
from citizen_bot.dialogue.agents.taken import Things, read_things
from citizen_bot.dialogue.patterns import plain
from citizen_bot.dialogue.signals import AgentSign, Signals, chosen_number
from citizen_bot.dialogue.times.when import Period, read_when, without_times
from citizen_bot.dialogue.times.words import PERIODS
from citizen_bot.platform.calendar import WorkingCalendar
from citizen_bot.platform.clock import SHANGHAI
from citizen_bot.platform.numbers import VISIT, read_number

LONGEST_REASON = 200
# What is outside of these was mistyped: nobody is visited at night, or in half a year.
EARLIEST, LATEST, FARTHEST = time(6), time(21), timedelta(days=31)

# Of these the first clause says it all; of the others what follows counts.
_WHOLE: tuple[Action, ...] = ("set_out", "hand_in", "done")
# What could be two is looked for in this order: 接不了 before 接.
_ORDER: tuple[Action, ...] = ("decline", "hand_in", "done", "set_out", "take_over", "accept")
_CODE_IN_ONE = re.compile(r"(?<![A-Za-z])[Ss]\s?-?(\d{5,18})(?!\d)")
_CODE = re.compile(r"(?<![A-Za-z])[Ss][\s-]*(?:\d[\s-]?){5,18}(?!\d)")
_NTH = re.compile(r"^第?([0-9]{1,2}|[一二三四五六七八九])(?:个|件)?(?=$|[\s,，。])")
_CLAUSE = re.compile(r"[,，。;；:：!！~～\s]+")
_EDGES = re.compile(r"^[\s,，。;；:：、!！“”\"']+|[\s,，。;；:：、!！“”\"']+$")
_QUESTION = re.compile(r"[?？]|[吗么呢]$|怎么|咋|为什么|为啥|什么")
_BOUND_CODE = re.compile(r"[A-Za-z0-9](?:[\s-]*[A-Za-z0-9]){3,15}")
# What may stand beside a time without saying anything else.
_BESIDE_TIME = re.compile(r"[\s\W]|[我俺去到过来她他那家老人就吧的了行可以能左右前后大约概准时上门之间]")
_BECAUSE = re.compile(r"^(?:是?因为|由于|原因(?:是)?|主要是?)[\s,，:：]*")
_WIDE = str.maketrans({chr(0xFF01 + code): chr(0x21 + code) for code in range(94) if chr(0x21 + code).isalnum()})

Flaw = Literal["past", "no_such", "odd"]


@dataclass(frozen=True, slots=True)
class Heard:
    """`text` is the message without a code, `rest` what follows on the `action`. `visit` is the id that a code stands
    for, `misread`: there is one with a fault. `nth` is the number of the list that the action is for (接1)."""

    text: str
    action: Action | None = None
    rest: str = ""
    visit: int | None = None
    misread: bool = False
    nth: int | None = None


@dataclass(frozen=True, slots=True)
class Coming:
    """When somebody comes, as far as it was said. `flaw`: what was said cannot be meant; `words` are those of it."""

    day: date | None = None
    period: Period | None = None
    at: time | None = None
    flaw: Flaw | None = None
    words: str = ""

    @property
    def moment(self) -> datetime | None:
        """Aware, in Asia/Shanghai; None while something is missing."""
        return datetime.combine(self.day, self.at, SHANGHAI) if self.day and self.at and not self.flaw else None


class AgentWords:
    """`money_name`: what money is called that was not called anything."""

    def __init__(self, signals: Signals, calendar: WorkingCalendar, money_name: str) -> None:
        self._signals = signals
        self._calendar = calendar
        self._money_name = money_name

    def read(self, text: str) -> Heard:
        text = _clean(text)
        visit, text, misread = _code_in(text)
        text = _EDGES.sub("", text)
        action, rest = (None, "") if self.asks(text) else self._action(text)
        nth = _NTH.match(rest) if action else None
        if nth is None:
            return Heard(text, action, rest, visit, misread)
        return Heard(text, action, _EDGES.sub("", rest[nth.end() :]), visit, misread, chosen_number(nth[1]))

    def bound(self, text: str) -> str | None:
        """The code of a message that wants to bind (绑定 ACDE3479), empty without one; None for any other message."""
        text = _EDGES.sub("", _clean(text))
        for pattern in self._signals.agents["bind"]:
            if found := pattern.match(text):
                code = _EDGES.sub("", text[found.end() :])
                if not code or _BOUND_CODE.fullmatch(code):
                    return code
        return None

    def coming(self, text: str, known: Coming, now: datetime) -> Coming | None:
        """`known` with what `text` says of when somebody comes; None where it says nothing of it."""
        if known.period and not re.search(PERIODS, text):
            # 下午, and then 四点.
            text = ("上午" if known.period == "am" else "下午") + text
        when = read_when(text, now, self._calendar)
        if when is None:
            return None
        if when.past:
            return Coming(flaw="past")
        if when.no_such_day:
            return Coming(flaw="no_such", words=when.no_such_day)
        at = when.time or when.first_time
        told = Coming(when.day or known.day, when.period or known.period, at or known.at)
        if told == known:
            return None
        today = now.astimezone(SHANGHAI).date()
        odd = (told.at is not None and not EARLIEST <= told.at <= LATEST) or (
            told.day is not None and told.day > today + FARTHEST
        )
        if odd:
            return Coming(flaw="odd", words=text)
        return Coming(flaw="past") if told.moment is not None and told.moment <= now else told

    def only_time(self, text: str) -> bool:
        """Whether `text` says a time and nothing else."""
        return not _BESIDE_TIME.sub("", without_times(text))

    def things(self, text: str) -> Things:
        """What was taken over. Words that name nothing (材料) are nothing."""
        if not text or any(pattern.fullmatch(text) for pattern in self._signals.agents["no_things"]):
            return Things()
        return read_things(text, self._money_name)

    def lists(self, text: str) -> bool:
        """Whether `text` tells of things with their number, and of nothing else."""
        things = self.things(text)
        return bool(things.taken) and things.counted and not things.unclear

    def more(self, text: str) -> str | None:
        """What is left of a message that adds to what was said before (还有照片2张); None for any other."""
        text = _EDGES.sub("", _clean(text))
        found = next((m for pattern in self._signals.agents["more"] if (m := pattern.match(text))), None)
        return None if found is None else _EDGES.sub("", text[found.end() :])

    def reason(self, text: str) -> str | None:
        """Why a task is refused; None where nothing is said that could be a reason."""
        reason = _EDGES.sub("", _BECAUSE.sub("", _EDGES.sub("", text)))
        says = len(re.findall(r"[^\W\d_]", reason)) >= 2
        if not says or chosen_number(reason) is not None or self.decided(reason) is not None:
            return None
        return reason[:LONGEST_REASON]

    def decided(self, text: str) -> bool | None:
        answer = self._signals.tasks.decided(text)
        if answer is None and (said := self._signals.answer(text)) in ("yes", "no"):
            answer = said == "yes"
        return answer

    def keeps(self, text: str) -> bool:
        """Whether `text` takes a refusal back."""
        return self._whole(("keep",), text)

    def asks(self, text: str) -> bool:
        return bool(_QUESTION.search(text.strip()))

    def asks_back(self, text: str) -> bool:
        """Whether `text` ends as a question does, whatever words are in it."""
        return text.strip().endswith(("?", "？", "吗"))

    def receipts_right(self, text: str) -> tuple[bool, bool] | None:
        """Whether `text` as a whole says that what was taken over is right, and whether it can mean nothing else; None
        where it says nothing of the kind."""
        if self.asks(text):
            return None
        text = _EDGES.sub("", _code_in(_clean(text))[1])
        for right, sure in ((False, True), (False, False), (True, True), (True, False)):
            sign: AgentSign = ("right_sure" if sure else "right") if right else ("wrong_sure" if sure else "wrong")
            if self._whole((sign,), text):
                return right, sure
        return None

    def _action(self, text: str) -> tuple[Action | None, str]:
        first, *_ = _CLAUSE.split(text, maxsplit=1)
        for action in _ORDER:
            for pattern in self._signals.agents[action]:
                found = pattern.fullmatch(first) if action in _WHOLE else pattern.match(text)
                if found is not None:
                    return action, _EDGES.sub("", text[found.end() :])
        return None, ""

    def _whole(self, signs: Sequence[AgentSign], text: str) -> bool:
        said = plain(text)
        return any(pattern.fullmatch(said) for sign in signs for pattern in self._signals.agents[sign])


def code_in(text: str) -> int | None:
    """The id of the visit whose code is in `text`, rightly typed."""
    return _code_in(_clean(text))[0]


def _code_in(text: str) -> tuple[int | None, str, bool]:
    """The id that a code in `text` stands for, the text without it, and whether it was misread."""
    for pattern in (_CODE_IN_ONE, _CODE):
        for found in pattern.finditer(text):
            digits = found[1] if pattern is _CODE_IN_ONE else found[0]
            number = read_number(digits) if pattern is _CODE_IN_ONE else VISIT.read(digits)
            if number is not None:
                return number, f"{text[: found.start()]} {text[found.end() :]}", False
    return None, text, _CODE.search(text) is not None


def _clean(text: str) -> str:
    """Letters and digits in half width, without what no keyboard has."""
    text = text.translate(_WIDE)
    return "".join(c for c in text if c == "\n" or not unicodedata.category(c).startswith("C")).strip()
