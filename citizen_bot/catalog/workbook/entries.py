"""What of a guide the office can correct: each entry with its place, its Chinese name and its value in words."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from citizen_bot.catalog import words
from citizen_bot.catalog.model import Guide, Situation
from citizen_bot.catalog.schemas import FORMS, SOURCES, WINDOWS, one_of
from citizen_bot.documents import KeyPath, spell

WHOLE = re.compile(r"[0-9]{1,6}")
BETWEEN_WORDS = re.compile(r"[、，,；;/\s]+")


@dataclass(frozen=True, slots=True)
class Kind:
    """How a value is shown and read back. `words` (value → word) makes it a choice, `many` a list of such words."""

    words: Mapping[Any, str] = field(default_factory=dict)
    number: bool = False
    many: bool = False

    def shown(self, value: Any) -> str:
        """As it stands in a cell; "" where there is no value."""
        if value is None:
            return ""
        if self.many:
            return "、".join(self.words[one] for one in value)
        return self.words[value] if self.words else str(value)

    def parsed(self, text: str) -> Any:
        """What `shown` was made of. Free text is taken as it is. Raises ValueError with what is expected."""
        if self.many:
            named = set(filter(None, BETWEEN_WORDS.split(text)))
            if not named or not named <= set(self.words.values()):
                raise ValueError(f"应为{one_of(tuple(self.words.values()))}，几个的用顿号隔开，现在是“{text}”")
            return tuple(value for value, word in self.words.items() if word in named)
        if self.words:
            for value, word in self.words.items():
                if text == word:
                    return value
            raise ValueError(f"应为{one_of(tuple(self.words.values()))}，现在是“{text}”")
        if self.number:
            plain = unicodedata.normalize("NFKC", text)
            if not WHOLE.fullmatch(plain):
                raise ValueError(f"应为整数，如 1，现在是“{text}”")
            return int(plain)
        return text


TEXT = Kind()
NUMBER = Kind(number=True)
FLAG = Kind(words=words.FLAGS)
UNIT = Kind(words=words.UNITS)
LEVELS = Kind(words=words.LEVELS, many=True)
FORM = Kind(words={word: word for word in FORMS})
SOURCE = Kind(words={word: word for word in SOURCES})
WINDOW = Kind(words={word: word for word in WINDOWS})


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the sheet of contents. `value` is None where nothing stands now.

    `removes`: what to take out of the guide where the office says so; empty where the entry must stay. `appends`: the
    row that takes texts to add to the list at `path`. `offered`: it has a row in the workbook.
    """

    path: KeyPath
    title: str
    kind: Kind
    value: Any
    removes: tuple[KeyPath, ...] = ()
    appends: bool = False
    offered: bool = True

    @property
    def place(self) -> str:
        return f"{spell(self.path)}[+]" if self.appends else spell(self.path)

    @property
    def shown(self) -> str:
        return self.kind.shown(self.value)


def entries(guide: Guide) -> dict[str, Entry]:
    """Every entry of `guide` by its place, in the order in which people read a guide."""
    return {entry.place: entry for entry in _entries(guide)}


def _entries(guide: Guide) -> Iterator[Entry]:
    def one(path: str, title: str, kind: Kind = TEXT, *, optional: bool = False) -> Entry:
        keys = tuple(path.split("."))
        value: Any = guide
        for key in keys:
            value = getattr(value, key)
        return Entry(keys, title, kind, value, (keys,) if optional else ())

    def texts(key: str, title: str) -> Iterator[Entry]:
        for n, text in enumerate(getattr(guide, key)):
            yield Entry((key, n), f"{title}{n + 1}", TEXT, text, ((key, n),))
        yield Entry((key,), f"{title}·新增", TEXT, None, appends=True)

    yield one("label", "短名称")
    yield one("summary", "一句话说明")
    yield one("applicants", "谁能办")
    yield from texts("conditions", "条件")
    for n, situation in enumerate(guide.situations):
        yield Entry(
            ("situations", n, "question"), f"情形{n + 1}·问题（{_answers(situation)}）", TEXT, situation.question
        )
    yield from _materials(guide)
    yield from texts("steps", "步骤")
    yield one("time_limit.statutory", "法定时限（天）", NUMBER, optional=True)
    yield one("time_limit.promised", "承诺时限（天）", NUMBER, optional=True)
    yield one("time_limit.unit", "时限按什么日子算", UNIT)
    yield one("time_limit.note", "时限说明", optional=True)
    yield one("deadline", "最晚什么时候办", optional=True)
    yield one("fee", "收多少钱")
    yield one("amount", "能得到多少", optional=True)
    yield one("online.available", "能否网办", FLAG)
    yield one("online.channel", "网上在哪里办", optional=True)
    yield one("online.note", "网办说明", optional=True)
    yield one("visits", "要跑几趟", NUMBER)
    yield one("agent.allowed", "能否替办", FLAG)
    yield one("agent.note", "替办说明", optional=True)
    yield one("home_service", "能否上门办", FLAG)
    levels = tuple(level for level in words.LEVELS if level in guide.levels)
    yield Entry(("levels",), "哪里能办", LEVELS, levels)
    yield one("window", "窗口", WINDOW)
    yield one("where", "到哪里办", optional=True)
    yield one("result", "办成了得到什么")
    yield from texts("pitfalls", "容易白跑的地方")
    for n, refusal in enumerate(guide.refusals):
        key: KeyPath = ("refusals", n)
        yield Entry((*key, "reason"), f"办不成的原因{n + 1}", TEXT, refusal.reason, (key,))
        yield Entry((*key, "remedy"), f"办不成的原因{n + 1}·怎么办", TEXT, refusal.remedy)
    yield from texts("basis", "依据")
    yield one("contact", "问谁", optional=True)


def _materials(guide: Guide) -> Iterator[Entry]:
    for n, material in enumerate(guide.materials):
        key: KeyPath = ("materials", n)
        title = f"材料{n + 1}"
        yield Entry((*key, "name"), f"{title}·名称", TEXT, material.name, (key,))
        yield Entry((*key, "form"), f"{title}·原件还是复印件", FORM, material.form)
        yield Entry((*key, "copies"), f"{title}·份数", NUMBER, material.copies)
        yield Entry((*key, "source"), f"{title}·谁出具", SOURCE, material.source)
        yield Entry((*key, "shared"), f"{title}·窗口能否查到", FLAG, material.shared)
        # The words go with the condition: without both everybody needs the paper, and none can be given alone.
        removes = ((*key, "when"), (*key, "needed_if"))
        offered = material.when is not None
        yield Entry((*key, "when"), f"{title}·谁需要", TEXT, material.when, removes, offered=offered)
        yield Entry((*key, "note"), f"{title}·提醒", TEXT, material.note, ((*key, "note"),))


def _answers(situation: Situation) -> str:
    """What the office writes to make a paper depend on the answer: `reason=lost 丢了补办 / first 第一次办`."""
    choices = (f"{answer} {text}" for answer, text in situation.choices.items())
    return f"{situation.id}={' / '.join(choices)}"
