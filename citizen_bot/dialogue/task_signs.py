"""What residents say in bookings and visits, from intents/signals.yaml: agreeing, breaking off, for whom, why."""

import re
from collections.abc import Mapping
from typing import Any, Literal, get_args

from marshmallow import fields, validate

from citizen_bot.dialogue.patterns import Pattern, PatternsSchema, UnlessSchema, found, longest_first, plain
from citizen_bot.documents import FileSchema

# Why somebody is visited first, and what kind of help it is: 帮办 assist, 代办 act, 代收 collect, 代缴 pay.
Priority = Literal["age", "disability", "illness", "distance"]
Help = Literal["assist", "act", "collect", "pay"]
Sign = Literal[
    "agree", "sure", "refuse", "stop", "resume", "moves", "comes", "own", "free", "drops", "gives_back", "another",
    "instead", "any_time",
]  # fmt: skip
_WORDS = fields.Dict(keys=fields.String(), values=fields.List(fields.String()), required=True)


class _ReasonSchema(PatternsSchema):
    say = fields.String(required=True)
    priority = fields.String(
        required=True, allow_none=True, validate=validate.OneOf(get_args(Priority), error="写错了")
    )


TasksSchema = FileSchema.from_dict(
    {
        **{name: fields.Nested(PatternsSchema, required=True) for name in get_args(Sign)},
        "books": fields.Nested(UnlessSchema, required=True),
        "not_names": fields.List(fields.String(), required=True),
        "kin": _WORDS,
        "relations": _WORDS,
        "reasons": fields.List(fields.Nested(_ReasonSchema), required=True),
        "helps": fields.Dict(keys=fields.String(), values=fields.List(Pattern()), required=True),
    },
    name="Tasks",
)


class TaskSigns:
    def __init__(self, tasks: Mapping[str, Any]) -> None:
        self._signs: Mapping[Sign, tuple[re.Pattern[str], ...]] = {
            name: tuple(tasks[name]["patterns"]) for name in get_args(Sign)
        }
        self._books = tuple(tasks["books"]["patterns"])
        self._books_unless = tuple(tasks["books"]["unless"])
        # Words that look like somebody's name.
        self.not_names = frozenset(tasks["not_names"])
        # 给我妈约, 替俺老伴办: who it is for.
        self._kin = tuple(
            (re.compile(rf"(?:给|替|帮|为|带)(?:我|俺|咱|家里)?的?(?:{longest_first(words)})"), said)
            for said, words in tasks["kin"].items()
        )
        # The same in answer to who it is for: 俺娘的, 我自己.
        around = r"(?:就|是|给|替|帮|我|俺|咱|家里|的)*(?:{})(?:办|约|去|的|自己|呀|啊|吧|呢)*"
        self._kin_alone = tuple(
            (re.compile(around.format(longest_first(words))), said) for said, words in tasks["kin"].items()
        )
        self._relations = tuple(
            (re.compile(rf"(?:我|俺)是(?:他|她|老人|人家)?(?:家)?的?(?:{longest_first(words)})"), said)
            for said, words in tasks["relations"].items()
        )
        self._reasons = tuple((tuple(r["patterns"]), r["say"], r["priority"]) for r in tasks["reasons"])
        self._helps: Mapping[Help, list[re.Pattern[str]]] = tasks["helps"]

    def decided(self, text: str) -> bool | None:
        """Whether `text` as a whole agrees to what was put before the resident, or refuses it; None for neither."""
        said = plain(text)
        if said and any(pattern.fullmatch(said) for pattern in self._signs["agree"]):
            return True
        return False if said and any(pattern.fullmatch(said) for pattern in self._signs["refuse"]) else None

    def sure(self, text: str) -> bool:
        """Whether `text` as a whole confirms in so many words (确认提交)."""
        said = plain(text)
        return any(pattern.fullmatch(said) for pattern in self._signs["sure"])

    def stops(self, text: str) -> bool:
        """Whether `text` breaks off what is under way (算了不约了，我先去问问)."""
        return found(self._signs["stop"], plain(text))

    def resumes(self, text: str) -> bool:
        """Whether `text` goes on with what was broken off (还是约上吧，就刚才那个时间)."""
        return found(self._signs["resume"], plain(text))

    def books(self, text: str) -> bool:
        """Whether `text` wants a booking, and does not ask about bookings."""
        return found(self._signs["free"], text) or (found(self._books, text) and not found(self._books_unless, text))

    def without_booking(self, text: str) -> str:
        """What `text` says besides that it wants a booking."""
        for pattern in (*self._signs["free"], *self._books):
            text = pattern.sub(" ", text)
        return text

    def moves(self, text: str) -> bool:
        """Whether `text` wants another time for what is booked."""
        return found(self._signs["moves"], text)

    def asks_own(self, text: str) -> bool:
        """Whether `text` asks about what the resident has booked or asked for already."""
        return found(self._signs["own"], text)

    def drops(self, text: str) -> bool:
        """Whether `text` gives back what is booked or asked for."""
        return found(self._signs["drops"], text)

    def comes(self, text: str) -> bool:
        """Whether `text` wants somebody to come home."""
        return found(self._signs["comes"], text)

    def any_time(self, text: str) -> bool:
        """Whether `text` leaves the time to us."""
        return found(self._signs["any_time"], text)

    def gives_back(self, text: str) -> bool:
        """Whether `text` as a whole agrees, in other words than 确认, that what is booked is given back (取消吧)."""
        said = plain(text)
        return any(pattern.fullmatch(said) for pattern in self._signs["gives_back"])

    def another(self, text: str) -> bool:
        """Whether `text` wants one more of what is being asked for (给俺娘也约一个)."""
        return found(self._signs["another"], text)

    def instead(self, text: str) -> str | None:
        """What `text` puts in place of what was said before (不是残疾证，是高龄补贴)."""
        said = next((said for pattern in self._signs["instead"] if (said := pattern.search(text))), None)
        return said[1] if said else None

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
        return next(((say, priority) for patterns, say, priority in self._reasons if found(patterns, text)), None)

    def priority(self, said: str) -> Priority | None:
        """Whether a reason that `reason` gave in a word puts somebody first."""
        return next((priority for _, say, priority in self._reasons if say == said), None)

    def help(self, text: str) -> Help | None:
        """What kind of help is wanted."""
        return next((kind for kind, patterns in self._helps.items() if found(patterns, text)), None)
