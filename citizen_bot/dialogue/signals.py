"""What is understood without the catalogue: emergencies, rude words, commands, answers, numbers as choices."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from marshmallow import fields

from citizen_bot.dialogue.patterns import Pattern, PatternsSchema, found, half_width, plain
from citizen_bot.dialogue.task_signs import TaskSigns, TasksSchema
from citizen_bot.documents import FileSchema, load

FILE = "signals.yaml"
Answer = Literal["yes", "no", "unknown"]
Command = Literal[
    "menu", "cancel", "more", "human", "none_of_these", "again", "checklist", "events", "correct", "enough",
    "confused", "who", "bye", "ack", "mine", "move", "drop", "progress", "resume", "tasks",
]  # fmt: skip
# What an agent says to a task, and a resident to what was taken over; `sure`: whatever was talked of before.
AgentSign = Literal[
    "bind", "accept", "decline", "keep", "set_out", "take_over", "hand_in", "done", "more", "no_things",
    "right", "right_sure", "wrong", "wrong_sure", "who",
]  # fmt: skip
_DIGITS = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10}
_CHOICE = re.compile(
    r"(?:(?:那?就)?我?(?:就?(?:选|要|是|办|约))?)第?([0-9]{1,2}|[一二两三四五六七八九十])(?:个|号|项|条|件|种|那个)?(?:吧|的)?"
)
_PARTICLES = re.compile(r"(?:的|啊|呀|呢|哈|哦|嘞|哎|诶)+$")
_NOT = re.compile(r"[不没未非想]")
_CHINESE_NUMBER = re.compile(r"[一二两三四五六七八九十百零]+")
_POLITE = re.compile(r"^(?:请|麻烦(?:您|你)?|那就?|我要)|(?:吧|啊|呀|呗|哈|哦|一下|谢谢)+$")


class _EmergencySchema(FileSchema):
    number = fields.String(required=True)
    wording = fields.String(load_default="emergency")
    patterns = fields.List(Pattern(), required=True)
    unless = fields.List(Pattern(), required=True)


class _ExactSchema(FileSchema):
    exact = fields.List(fields.String(), required=True)


_CommandsSchema = FileSchema.from_dict(
    {name: fields.Nested(_ExactSchema, required=True) for name in get_args(Command)}, name="Commands"
)


class _ChecklistSchema(PatternsSchema):
    whole = fields.List(Pattern(), required=True)


class _DeathsSchema(PatternsSchema):
    event = fields.String(required=True)


class _AnswerSchema(FileSchema):
    exact = fields.List(fields.String(), required=True)
    patterns = fields.List(Pattern(), load_default=list)


_AnswersSchema = FileSchema.from_dict(
    {name: fields.Nested(_AnswerSchema, required=True) for name in get_args(Answer)}, name="Answers"
)


_ConsentSchema = FileSchema.from_dict(
    {name: fields.Nested(PatternsSchema, required=True) for name in ("given", "refused")}, name="Consent"
)
_BY_ANSWER = fields.Dict(keys=fields.String(), values=fields.List(Pattern()))


_AgentsSchema = FileSchema.from_dict(
    {name: fields.Nested(PatternsSchema, required=True) for name in get_args(AgentSign)}, name="Agents"
)


class _SignalsSchema(FileSchema):
    emergencies = fields.List(fields.Nested(_EmergencySchema), required=True)
    rude = fields.Nested(PatternsSchema, required=True)
    injection = fields.Nested(PatternsSchema, required=True)
    references = fields.Nested(PatternsSchema, required=True)
    commands = fields.Nested(_CommandsSchema, required=True)
    checklist = fields.Nested(_ChecklistSchema, required=True)
    corrections = fields.Nested(PatternsSchema, required=True)
    consent = fields.Nested(_ConsentSchema, required=True)
    answers = fields.Nested(_AnswersSchema, required=True)
    tasks = fields.Nested(TasksSchema, required=True)
    agents = fields.Nested(_AgentsSchema, required=True)
    asked = fields.Dict(keys=fields.String(), values=_BY_ANSWER, required=True)
    heard = fields.Dict(keys=fields.String(), values=_BY_ANSWER, required=True)
    not_heard = fields.Nested(PatternsSchema, required=True)
    questions = fields.Nested(PatternsSchema, required=True)
    deaths = fields.Nested(_DeathsSchema, required=True)
    menu_keys = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


@dataclass(frozen=True, slots=True)
class Emergency:
    """The number to call, and the key of the sentence that tells it."""

    number: str
    wording: str


@dataclass(frozen=True, slots=True)
class _EmergencySigns:
    emergency: Emergency
    patterns: tuple[re.Pattern[str], ...]
    unless: tuple[re.Pattern[str], ...]


class Signals:
    def __init__(self, content: Mapping[str, Any]) -> None:
        self._emergencies = tuple(
            _EmergencySigns(Emergency(e["number"], e["wording"]), tuple(e["patterns"]), tuple(e["unless"]))
            for e in content["emergencies"]
        )
        self._rude = tuple(content["rude"]["patterns"])
        self._injection = tuple(content["injection"]["patterns"])
        self._references = tuple(content["references"]["patterns"])
        self._commands: dict[str, Command] = {
            plain(word) or half_width(word): name
            for name, command in content["commands"].items()
            for word in command["exact"]
        }
        self._checklist = tuple(content["checklist"]["patterns"])
        self._whole_checklist = tuple(content["checklist"]["whole"])
        self._answers: dict[str, Answer] = {
            plain(word): name for name, answer in content["answers"].items() for word in answer["exact"]
        }
        self._answer_patterns: dict[Answer, tuple[re.Pattern[str], ...]] = {
            name: tuple(answer["patterns"]) for name, answer in content["answers"].items()
        }
        self._corrections = tuple(content["corrections"]["patterns"])
        # What is refused is looked for first: 不愿意 has 愿意.
        self._consent = {
            False: tuple(content["consent"]["refused"]["patterns"]),
            True: tuple(content["consent"]["given"]["patterns"]),
        }
        self._asked: _ByAnswer = content["asked"]
        self._heard: _ByAnswer = content["heard"]
        self._not_heard = tuple(content["not_heard"]["patterns"])
        self._questions = tuple(content["questions"]["patterns"])
        self._deaths = tuple(content["deaths"]["patterns"])
        # The id of the life event that a death brings along.
        self.death_event: str = content["deaths"]["event"]
        self.menu_keys: Mapping[str, str] = content["menu_keys"]
        # What residents say in bookings and visits.
        self.tasks = TaskSigns(content["tasks"])
        self.agents: Mapping[AgentSign, tuple[re.Pattern[str], ...]] = {
            name: tuple(signs["patterns"]) for name, signs in content["agents"].items()
        }

    def asks_for_agent(self, text: str) -> bool:
        """Whether `text` asks who the agent (代办员) is, and how to reach the agent."""
        return found(self.agents["who"], text)

    def emergency(self, text: str) -> Emergency | None:
        """Whom to call when `text` tells of something that cannot wait; not for its aftermath (烧了的证怎么补)."""
        for signs in self._emergencies:
            if found(signs.patterns, text) and not found(signs.unless, text):
                return signs.emergency
        return None

    def rude(self, text: str) -> bool:
        return found(self._rude, text)

    def injection(self, text: str) -> bool:
        return found(self._injection, text)

    def refers_back(self, text: str) -> bool:
        """Whether `text` points to something that was talked of before (刚才那个)."""
        return found(self._references, text)

    def without_references(self, text: str) -> str:
        for pattern in self._references:
            text = pattern.sub("", text)
        return text

    def wants_checklist(self, text: str) -> bool:
        """Whether `text` asks for the list of what the resident alone has to bring (帮我看看换身份证要带什么)."""
        return found(self._checklist, text)

    def wants_just_checklist(self, text: str) -> bool:
        """As `wants_checklist`, where `text` does not say for which item (帮我看看我要带什么)."""
        said = plain(text)
        return any(pattern.fullmatch(said) for pattern in self._whole_checklist)

    def answer(self, text: str) -> Answer | None:
        """What `text` as a whole says to a question that is answered by yes or no; None where it says neither."""
        said = plain(text)
        if word := self._answers.get(said) or self._answers.get(_PARTICLES.sub("", said)):
            return word
        return next((name for name, patterns in self._answer_patterns.items() if found(patterns, said)), None)

    def agrees(self, text: str) -> bool | None:
        """Whether `text` gives or refuses a consent in so many words; None where it does neither."""
        said = plain(text)
        return next((given for given, patterns in self._consent.items() if found(patterns, said)), None)

    def corrected(self, text: str) -> str | None:
        """What is left of a message that takes back what was said before (说错了，有); None where it takes back
        nothing."""
        for pattern in self._corrections:
            if found := pattern.search(text):
                return plain(text[found.end() :])
        return None

    def asked(self, situation: str, text: str) -> str | None:
        """The answer that `text` gives in words of its own to the situation of this id, which was just asked about;
        None where it gives none, or where its clauses do not all give the same."""
        patterns = self._asked.get(situation, {})
        clauses = [clause for clause in re.split(r"[，,。；;！!\s]+", text) if clause]
        given = {
            next((answer for answer, ways in patterns.items() if any(way.fullmatch(clause) for way in ways)), None)
            for clause in clauses
        }
        return given.pop() if len(given) == 1 else None

    def heard(self, situation: str, text: str) -> str | None:
        """The answer to the situation of this id that `text` gives by the way (替我妈办: by-agent, yes).

        None where it is asked about or denied, or where it fits several answers.
        """
        if found(self._not_heard, text):
            return None
        given = [
            answer
            for answer, patterns in self._heard.get(situation, {}).items()
            if any(_affirmed(pattern, text) for pattern in patterns)
        ]
        return given[0] if len(given) == 1 else None

    def asks(self, text: str) -> bool:
        """Whether `text` asks or wants something, rather than tells it."""
        return found(self._questions, text)

    def death(self, text: str) -> bool:
        """Whether `text` tells that somebody of the family has died."""
        return found(self._deaths, text)

    def command(self, text: str) -> Command | None:
        """The command that `text` is as a whole, politeness and punctuation aside."""
        word = plain(text) or half_width(text)
        return self._commands.get(word) or self._commands.get(_POLITE.sub("", word))


_ByAnswer = Mapping[str, Mapping[str, list[re.Pattern[str]]]]


def load_signals(folder: Path) -> Signals:
    """Raises FaultyFiles with every fault in the file."""
    return Signals(load(folder / FILE, f"{folder.name}/{FILE}", _SignalsSchema()))


def chosen_number(text: str) -> int | None:
    """The number that `text` is as a whole: 2, 2., ②, 二, 第二个, 选2. 12 is twelve, never 1."""
    found = _CHOICE.fullmatch(plain(text))
    if found is None:
        return None
    word = found[1]
    return _DIGITS[word] if word in _DIGITS else int(word)


def _affirmed(pattern: re.Pattern[str], text: str) -> bool:
    """Whether `pattern` is in `text` without a denial in it or right before it."""
    return any(not _NOT.search(text[max(0, m.start() - 2) : m.end()]) for m in pattern.finditer(text))


def number_in(text: str) -> int | None:
    """The first number in `text`, in digits or in Chinese up to 199; None without one."""
    if found := re.search(r"\d{1,4}", text):
        return int(found[0])
    chinese = _CHINESE_NUMBER.search(text)
    return _value(chinese[0].replace("零", "")) if chinese else None


def _value(chinese: str) -> int | None:
    hundreds, _, below = chinese.rpartition("百")
    tens, ten, ones = below.rpartition("十")
    digits = [_DIGITS.get(part, 0 if not part else -1) for part in (hundreds, tens, ones)]
    if -1 in digits or 10 in digits:
        return None
    return digits[0] * 100 + (digits[1] or 1) * 10 * bool(ten) + digits[2]
