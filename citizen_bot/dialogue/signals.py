"""What is understood without the catalogue: emergencies, rude words, commands, answers, numbers as choices."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from marshmallow import ValidationError, fields, validate

from citizen_bot.documents import FileSchema, load

FILE = "signals.yaml"
Answer = Literal["yes", "no", "unknown"]
# Why somebody is visited first, and what kind of help it is: 帮办 assist, 代办 act, 代收 collect, 代缴 pay.
Priority = Literal["age", "disability", "illness", "distance"]
Help = Literal["assist", "act", "collect", "pay"]
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
_EDGE = re.compile(r"^[\s\W_]+|[\s\W_]+$")
_PARTICLES = re.compile(r"(?:的|啊|呀|呢|哈|哦|嘞|哎|诶)+$")
_NOT = re.compile(r"[不没未非想]")
_CHINESE_NUMBER = re.compile(r"[一二两三四五六七八九十百零]+")
_POLITE = re.compile(r"^(?:请|麻烦(?:您|你)?|那就?|我要)|(?:吧|啊|呀|呗|哈|哦|一下|谢谢)+$")


class _Pattern(fields.String):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            return re.compile(text)
        except re.error as error:
            raise ValidationError("应为正则表达式") from error


class _EmergencySchema(FileSchema):
    number = fields.String(required=True)
    wording = fields.String(load_default="emergency")
    patterns = fields.List(_Pattern(), required=True)
    unless = fields.List(_Pattern(), required=True)


class _PatternsSchema(FileSchema):
    patterns = fields.List(_Pattern(), required=True)


class _UnlessSchema(_PatternsSchema):
    unless = fields.List(_Pattern(), required=True)


class _ExactSchema(FileSchema):
    exact = fields.List(fields.String(), required=True)


_CommandsSchema = FileSchema.from_dict(
    {name: fields.Nested(_ExactSchema, required=True) for name in get_args(Command)}, name="Commands"
)


class _ChecklistSchema(_PatternsSchema):
    whole = fields.List(_Pattern(), required=True)


class _DeathsSchema(_PatternsSchema):
    event = fields.String(required=True)


class _AnswerSchema(FileSchema):
    exact = fields.List(fields.String(), required=True)
    patterns = fields.List(_Pattern(), load_default=list)


_AnswersSchema = FileSchema.from_dict(
    {name: fields.Nested(_AnswerSchema, required=True) for name in get_args(Answer)}, name="Answers"
)


_ConsentSchema = FileSchema.from_dict(
    {name: fields.Nested(_PatternsSchema, required=True) for name in ("given", "refused")}, name="Consent"
)
_BY_ANSWER = fields.Dict(keys=fields.String(), values=fields.List(_Pattern()))


_WORDS = fields.Dict(keys=fields.String(), values=fields.List(fields.String()), required=True)


class _ReasonSchema(_PatternsSchema):
    say = fields.String(required=True)
    priority = fields.String(
        required=True, allow_none=True, validate=validate.OneOf(get_args(Priority), error="写错了")
    )


_TasksSchema = FileSchema.from_dict(
    {
        **{
            name: fields.Nested(_PatternsSchema, required=True)
            for name in (
                "agree",
                "refuse",
                "stop",
                "resume",
                "moves",
                "comes",
                "own",
                "free",
                "drops",
                "gives_back",
                "another",
                "instead",
            )
        },
        "any_time": fields.Nested(_PatternsSchema, required=True),
        "books": fields.Nested(_UnlessSchema, required=True),
        "not_names": fields.List(fields.String(), required=True),
        "kin": _WORDS,
        "relations": _WORDS,
        "reasons": fields.List(fields.Nested(_ReasonSchema), required=True),
        "helps": fields.Dict(keys=fields.String(), values=fields.List(_Pattern()), required=True),
    },
    name="Tasks",
)


_AgentsSchema = FileSchema.from_dict(
    {name: fields.Nested(_PatternsSchema, required=True) for name in get_args(AgentSign)}, name="Agents"
)


class _SignalsSchema(FileSchema):
    emergencies = fields.List(fields.Nested(_EmergencySchema), required=True)
    rude = fields.Nested(_PatternsSchema, required=True)
    injection = fields.Nested(_PatternsSchema, required=True)
    references = fields.Nested(_PatternsSchema, required=True)
    commands = fields.Nested(_CommandsSchema, required=True)
    checklist = fields.Nested(_ChecklistSchema, required=True)
    corrections = fields.Nested(_PatternsSchema, required=True)
    consent = fields.Nested(_ConsentSchema, required=True)
    answers = fields.Nested(_AnswersSchema, required=True)
    tasks = fields.Nested(_TasksSchema, required=True)
    agents = fields.Nested(_AgentsSchema, required=True)
    asked = fields.Dict(keys=fields.String(), values=_BY_ANSWER, required=True)
    heard = fields.Dict(keys=fields.String(), values=_BY_ANSWER, required=True)
    not_heard = fields.Nested(_PatternsSchema, required=True)
    questions = fields.Nested(_PatternsSchema, required=True)
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
            plain(word) or _half_width(word): name
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
        tasks = content["tasks"]
        (
            self._agree,
            self._refuse,
            self._stop,
            self._resume,
            self._moves,
            self._comes,
            self._own,
            self._free,
            self._drops,
            self._gives_back,
            self._another,
            self._instead,
        ) = (
            tuple(tasks[name]["patterns"])
            for name in (
                "agree",
                "refuse",
                "stop",
                "resume",
                "moves",
                "comes",
                "own",
                "free",
                "drops",
                "gives_back",
                "another",
                "instead",
            )
        )
        self._books = tuple(tasks["books"]["patterns"])
        self._books_unless = tuple(tasks["books"]["unless"])
        self._any_time = tuple(tasks["any_time"]["patterns"])
        # Words that look like somebody's name.
        self.not_names = frozenset(tasks["not_names"])
        # 给我妈约, 替俺老伴办: who it is for.
        self._kin = tuple(
            (re.compile(rf"(?:给|替|帮|为|带)(?:我|俺|咱|家里)?的?(?:{_longest_first(words)})"), said)
            for said, words in tasks["kin"].items()
        )
        # The same in answer to who it is for: 俺娘的, 我自己.
        around = r"(?:就|是|给|替|帮|我|俺|咱|家里|的)*(?:{})(?:办|约|去|的|自己|呀|啊|吧|呢)*"
        self._kin_alone = tuple(
            (re.compile(around.format(_longest_first(words))), said) for said, words in tasks["kin"].items()
        )
        self._relations = tuple(
            (re.compile(rf"(?:我|俺)是(?:他|她|老人|人家)?(?:家)?的?(?:{_longest_first(words)})"), said)
            for said, words in tasks["relations"].items()
        )
        self._reasons = tuple((tuple(r["patterns"]), r["say"], r["priority"]) for r in tasks["reasons"])
        self._helps: Mapping[Help, list[re.Pattern[str]]] = tasks["helps"]
        self.agents: Mapping[AgentSign, tuple[re.Pattern[str], ...]] = {
            name: tuple(signs["patterns"]) for name, signs in content["agents"].items()
        }

    def asks_for_agent(self, text: str) -> bool:
        """Whether `text` asks who the agent (代办员) is, and how to reach the agent."""
        return _found(self.agents["who"], text)

    def emergency(self, text: str) -> Emergency | None:
        """Whom to call when `text` tells of something that cannot wait; not for its aftermath (烧了的证怎么补)."""
        for signs in self._emergencies:
            if _found(signs.patterns, text) and not _found(signs.unless, text):
                return signs.emergency
        return None

    def rude(self, text: str) -> bool:
        return _found(self._rude, text)

    def injection(self, text: str) -> bool:
        return _found(self._injection, text)

    def refers_back(self, text: str) -> bool:
        """Whether `text` points to something that was talked of before (刚才那个)."""
        return _found(self._references, text)

    def without_references(self, text: str) -> str:
        for pattern in self._references:
            text = pattern.sub("", text)
        return text

    def wants_checklist(self, text: str) -> bool:
        """Whether `text` asks for the list of what the resident alone has to bring (帮我看看换身份证要带什么)."""
        return _found(self._checklist, text)

    def wants_just_checklist(self, text: str) -> bool:
        """As `wants_checklist`, where `text` does not say for which item (帮我看看我要带什么)."""
        said = plain(text)
        return any(pattern.fullmatch(said) for pattern in self._whole_checklist)

    def answer(self, text: str) -> Answer | None:
        """What `text` as a whole says to a question that is answered by yes or no; None where it says neither."""
        said = plain(text)
        if word := self._answers.get(said) or self._answers.get(_PARTICLES.sub("", said)):
            return word
        return next((name for name, patterns in self._answer_patterns.items() if _found(patterns, said)), None)

    def agrees(self, text: str) -> bool | None:
        """Whether `text` gives or refuses a consent in so many words; None where it does neither."""
        said = plain(text)
        return next((given for given, patterns in self._consent.items() if _found(patterns, said)), None)

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
        found = {
            next((answer for answer, ways in patterns.items() if any(way.fullmatch(clause) for way in ways)), None)
            for clause in clauses
        }
        return found.pop() if len(found) == 1 else None

    def heard(self, situation: str, text: str) -> str | None:
        """The answer to the situation of this id that `text` gives by the way (替我妈办: by-agent, yes).

        None where it is asked about or denied, or where it fits several answers.
        """
        if _found(self._not_heard, text):
            return None
        found = [
            answer
            for answer, patterns in self._heard.get(situation, {}).items()
            if any(_affirmed(pattern, text) for pattern in patterns)
        ]
        return found[0] if len(found) == 1 else None

    def decided(self, text: str) -> bool | None:
        """Whether `text` as a whole agrees to what was put before the resident, or refuses it; None for neither."""
        said = plain(text)
        if said and any(pattern.fullmatch(said) for pattern in self._agree):
            return True
        return False if said and any(pattern.fullmatch(said) for pattern in self._refuse) else None

    def stops(self, text: str) -> bool:
        """Whether `text` breaks off what is under way (算了不约了，我先去问问)."""
        return _found(self._stop, plain(text))

    def resumes(self, text: str) -> bool:
        """Whether `text` goes on with what was broken off (还是约上吧，就刚才那个时间)."""
        return _found(self._resume, plain(text))

    def books(self, text: str) -> bool:
        """Whether `text` wants a booking, and does not ask about bookings."""
        return _found(self._free, text) or (_found(self._books, text) and not _found(self._books_unless, text))

    def without_booking(self, text: str) -> str:
        """What `text` says besides that it wants a booking."""
        for pattern in (*self._free, *self._books):
            text = pattern.sub(" ", text)
        return text

    def moves(self, text: str) -> bool:
        """Whether `text` wants another time for what is booked."""
        return _found(self._moves, text)

    def asks_own(self, text: str) -> bool:
        """Whether `text` asks about what the resident has booked or asked for already."""
        return _found(self._own, text)

    def drops(self, text: str) -> bool:
        """Whether `text` gives back what is booked or asked for."""
        return _found(self._drops, text)

    def comes(self, text: str) -> bool:
        """Whether `text` wants somebody to come home."""
        return _found(self._comes, text)

    def any_time(self, text: str) -> bool:
        """Whether `text` leaves the time to us."""
        return _found(self._any_time, text)

    def gives_back(self, text: str) -> bool:
        """Whether `text` as a whole agrees, in other words than 确认, that what is booked is given back (取消吧)."""
        said = plain(text)
        return any(pattern.fullmatch(said) for pattern in self._gives_back)

    def another(self, text: str) -> bool:
        """Whether `text` wants one more of what is being asked for (给俺娘也约一个)."""
        return _found(self._another, text)

    def instead(self, text: str) -> str | None:
        """What `text` puts in place of what was said before (不是残疾证，是高龄补贴)."""
        found = next((found for pattern in self._instead if (found := pattern.search(text))), None)
        return found[1] if found else None

    def whom(self, text: str, *, asked: bool = False) -> str | None:
        """For whom something is wanted, as the resident is spoken to (给我妈约: 您母亲); `asked`, also 俺娘的."""
        told = next((said for pattern, said in self._kin if pattern.search(text)), None)
        if told is None and asked:
            whole = plain(text)
            told = next((said for pattern, said in self._kin_alone if pattern.fullmatch(whole)), None)
        return told

    def without_whom(self, text: str) -> str:
        for pattern, _ in self._kin:
            text = pattern.sub(" ", text)
        return text

    def relation(self, text: str) -> str | None:
        """What the speaker is to the person served (我是她闺女: 女儿)."""
        return next((said for pattern, said in self._relations if pattern.search(text)), None)

    def reason(self, text: str) -> tuple[str, Priority | None] | None:
        """Why somebody should come, in a word, and whether that puts it first."""
        return next(((say, priority) for patterns, say, priority in self._reasons if _found(patterns, text)), None)

    def priority(self, said: str) -> Priority | None:
        """Whether a reason that `reason` gave in a word puts somebody first."""
        return next((priority for _, say, priority in self._reasons if say == said), None)

    def help(self, text: str) -> Help | None:
        """What kind of help is wanted."""
        return next((kind for kind, patterns in self._helps.items() if _found(patterns, text)), None)

    def asks(self, text: str) -> bool:
        """Whether `text` asks or wants something, rather than tells it."""
        return _found(self._questions, text)

    def death(self, text: str) -> bool:
        """Whether `text` tells that somebody of the family has died."""
        return _found(self._deaths, text)

    def command(self, text: str) -> Command | None:
        """The command that `text` is as a whole, politeness and punctuation aside."""
        word = plain(text) or _half_width(text)
        return self._commands.get(word) or self._commands.get(_POLITE.sub("", word))


_ByAnswer = Mapping[str, Mapping[str, list[re.Pattern[str]]]]


def load_signals(folder: Path) -> Signals:
    """Raises FaultyFiles with every fault in the file."""
    return Signals(load(folder / FILE, f"{folder.name}/{FILE}", _SignalsSchema()))


def plain(text: str) -> str:
    """`text` in half width and lower case, without blanks and punctuation at its ends."""
    return _EDGE.sub("", _half_width(text))


def chosen_number(text: str) -> int | None:
    """The number that `text` is as a whole: 2, 2., ②, 二, 第二个, 选2. 12 is twelve, never 1."""
    found = _CHOICE.fullmatch(plain(text))
    if found is None:
        return None
    word = found[1]
    return _DIGITS[word] if word in _DIGITS else int(word)


def _half_width(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower().strip()


def _longest_first(words: Iterable[str]) -> str:
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


def _found(patterns: Iterable[re.Pattern[str]], text: str) -> bool:
    return any(pattern.search(text) for pattern in patterns)


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
