"""The form of the catalogue's files, checked by marshmallow. What is expected is said in plain Chinese for the editors.

A schema turns the data of one file into plain data of the same shape as the model; nothing is guessed or repaired,
except that surrounding blanks go and the booleans that YAML makes of a bare yes or no become words again.
"""

import itertools
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates, validates_schema

from citizen_bot.documents import FileSchema

KINDS = ("行政许可", "行政给付", "行政确认", "公共服务", "其他行政权力")
WINDOWS = ("综合窗口", "单设窗口")
LEVELS = ("city", "town", "community", "village")
FORMS = ("原件", "复印件", "原件及复印件", "电子")
SOURCES = ("政府部门核发", "申请人自备", "窗口领取填写", "第三方出具")
UNITS = ("working", "calendar")
STATES = ("draft", "reviewed")
CONFIDENCES = ("high", "medium", "low")
CERTAINTIES = ("inferred", "confirmed")

DENIAL = re.compile("[不没未]")
ASKING = re.compile("是不是|有没有|能不能|要不要|会不会")
PLAIN_CHOICES = frozenset({"是", "不是", "有", "没有"})
YES_NO = {"yes": "是", "no": "不是"}
BOOLEAN_WORDS = {True: "yes", False: "no"}

ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
CODE = re.compile(r"[0-9]{6,12}")


class Text(fields.Field[str]):
    """One line of text."""

    def __init__(self, *, most: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.most = most

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError("应为文字；数字、日期、true、false 要当文字写的话请加引号")
        text = value.strip()
        if not text:
            raise ValidationError("不能空着；没有内容就把这一项删掉")
        if any(ord(character) < 32 for character in text):
            raise ValidationError("应为一行文字，中间不能换行")
        if self.most is not None and len(text) > self.most:
            raise ValidationError(f"应不超过 {self.most} 个字，现在有 {len(text)} 个字")
        return text


class Choice(fields.Field[str]):
    """One of some fixed words."""

    def __init__(self, words: tuple[str, ...], **options: Any) -> None:
        super().__init__(**options)
        self.words = words

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        if not isinstance(value, str) or value not in self.words:
            raise ValidationError(f"应为{one_of(self.words)}")
        return value


class Identifier(fields.Field[str]):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        return identifier(value)


class Code(fields.Field[str]):
    """A division code. A bare number is taken too: codes have no leading zero."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        code = str(value) if type(value) is int else value
        if not isinstance(code, str) or not CODE.fullmatch(code):
            raise ValidationError("应为 6 到 12 位数字的区划代码")
        return code


class Flag(fields.Field[bool]):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("应为 true（是）或 false（不是），不加引号")
        return value


class Whole(fields.Field[int]):
    """A whole number, both ends included."""

    def __init__(self, least: int, most: int, **options: Any) -> None:
        super().__init__(**options)
        self.least, self.most = least, most

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> int:
        if type(value) is not int or not self.least <= value <= self.most:
            raise ValidationError(f"应为 {self.least} 到 {self.most} 的整数")
        return value


class Degrees(fields.Field[float]):
    def __init__(self, least: float, most: float, **options: Any) -> None:
        super().__init__(**options)
        self.least, self.most = least, most

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> float:
        if type(value) not in (int, float) or not self.least <= value <= self.most:
            raise ValidationError(f"应为 {self.least:g} 到 {self.most:g} 之间的度数，如 36.911")
        return float(value)


class Day(fields.Field[date]):
    """A calendar day, as ISO text after loading."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        if type(value) is date:
            return value.isoformat()
        try:
            return date.fromisoformat(value).isoformat()
        except (TypeError, ValueError):
            raise ValidationError("应为日期，如 2026-11-23") from None


class Answers(fields.Field[list[dict[str, Any]]]):
    """`needed_if`: situation → answer or answers. Loads as a list of {"situation", "answers"}."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> list[dict[str, Any]]:
        if not isinstance(value, Mapping) or not value:
            raise ValidationError('应为“情形: 答案”，如 {by-agent: "yes"}')
        faults: dict[str, Any] = {}
        conditions = []
        for situation, answers in value.items():
            words = [BOOLEAN_WORDS.get(word, word) if isinstance(word, bool) else word for word in _listed(answers)]
            if not words or not all(isinstance(word, str) and word for word in words):
                faults[situation] = ['应为答案的英文名，如 "yes"，或几个答案 [a, b]']
            elif len(set(words)) < len(words):
                faults[situation] = ["同一个答案写了两遍"]
            conditions.append({"situation": situation, "answers": words})
        if faults:
            raise ValidationError(faults)
        return conditions


class Choices(fields.Field[dict[str, str]]):
    """A situation's answers: key → words that a resident reads."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> dict[str, str]:
        if not isinstance(value, Mapping) or len(value) < 2:
            raise ValidationError("应为两个以上的“英文名: 选项文字”；只问是不是的，不用写这一项")
        faults: dict[str, Any] = {}
        choices = {}
        words = Text(most=30)
        for key, word in value.items():
            try:
                choices[identifier(key)] = str(words.deserialize(word))
            except ValidationError as error:
                faults[key] = error.messages
        if len(set(choices.values())) < len(choices):
            raise ValidationError("有两个选项的文字一样")
        if faults:
            raise ValidationError(faults)
        return choices


class Texts(fields.List[Any]):
    """A list of texts. Where it is given it is not empty and has nothing twice."""

    def __init__(self, inner: fields.Field[str] | None = None, **options: Any) -> None:
        super().__init__(inner or Text(), error_messages={"invalid": "应为列表，每行以“- ”开头"}, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> list[Any]:
        texts = super()._deserialize(value, attr, data, **options)
        if not texts:
            raise ValidationError("列表不能空着；没有内容就把这一项删掉")
        twice = {position: ["和前面的重复"] for position, text in enumerate(texts) if text in texts[:position]}
        if twice:
            raise ValidationError(twice)
        return texts


def many(schema: type[Schema], **options: Any) -> fields.Nested:
    """A list of mappings that is not empty where it is given."""
    return fields.Nested(schema, many=True, validate=validate.Length(min=1, error="列表不能空着"), **options)


def identifier(value: Any) -> str:
    """Raises ValidationError where `value` is no identifier."""
    if not isinstance(value, str) or not ID.fullmatch(value) or len(value) > 64:
        raise ValidationError("应为小写英文、数字和短横线，如 by-agent")
    return value


def one_of(words: tuple[str, ...]) -> str:
    return "、".join(f"“{word}”" for word in words)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def required(kind: type[fields.Field[Any]], *arguments: Any, **options: Any) -> Any:
    return kind(*arguments, required=True, **options)


def optional(kind: type[fields.Field[Any]], *arguments: Any, **options: Any) -> Any:
    """May be left out or be null, which both load as None."""
    return kind(*arguments, allow_none=True, load_default=None, **options)


class SituationSchema(FileSchema):
    id = required(Identifier)
    question = required(Text, most=60)
    choices = Choices(load_default=lambda: dict(YES_NO))
    sensitive = Flag(load_default=False)

    @validates("question")
    def check_question(self, value: str, **options: Any) -> None:
        if value.count("？") != 1:
            raise ValidationError("一个情形只问一句话，写一个问号“？”")

    @validates_schema
    def check_plainness(self, data: Any, **options: Any) -> None:
        """A question in the negative, and choices that contain each other, are answered the wrong way round."""
        if tuple(data["choices"]) == tuple(YES_NO) and DENIAL.search(ASKING.sub("", data["question"])):
            raise ValidationError("答是或不是的问题要正着问，不带“不”“没”，免得答反", "question")
        words = set(data["choices"].values()) - PLAIN_CHOICES
        for one, other in itertools.permutations(words, 2):
            if one in other:
                raise ValidationError(f"选项“{one}”是“{other}”的一部分，居民一说就分不清，请换个说法", "choices")


class RefusalSchema(FileSchema):
    reason = required(Text, most=60)
    remedy = required(Text, most=80)
    refused_if = Answers(load_default=list)


class MaterialSchema(FileSchema):
    name = required(Text, most=80)
    form = required(Choice, FORMS)
    copies = required(Whole, 1, 99)
    source = required(Choice, SOURCES)
    shared = required(Flag)
    when = optional(Text)
    needed_if = Answers(load_default=list)
    note = optional(Text)

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def check_when(self, data: Any, original: Any, **options: Any) -> None:
        if not isinstance(original, Mapping):
            return
        said, decided = original.get("when") is not None, "needed_if" in original
        if said and not decided:
            raise ValidationError("写了 when，还要写 needed_if，说明由哪个情形的哪个答案决定", "when")
        if decided and not said:
            raise ValidationError("写了 needed_if，还要写 when，用一句话说明谁需要", "needed_if")


class TimeLimitSchema(FileSchema):
    statutory = optional(Whole, 0, 3650)
    promised = optional(Whole, 0, 3650)
    unit = required(Choice, UNITS)
    note = optional(Text)

    @validates_schema
    def check_promise(self, data: Any, **options: Any) -> None:
        if data["statutory"] is not None and data["promised"] is not None and data["promised"] > data["statutory"]:
            raise ValidationError("承诺时限应不超过法定时限", "promised")


class OnlineSchema(FileSchema):
    available = required(Flag)
    channel = optional(Text)
    note = optional(Text)

    @validates_schema
    def check_channel(self, data: Any, **options: Any) -> None:
        if data["available"] and data["channel"] is None:
            raise ValidationError("能网上办的，要写在哪里办，如：爱山东APP", "channel")


class AgentSchema(FileSchema):
    allowed = required(Flag)
    note = optional(Text)


class ReviewSchema(FileSchema):
    state = required(Choice, STATES)
    by = optional(Text)
    on = optional(Day)
    sources = Texts(load_default=list)
    confidence = required(Choice, CONFIDENCES)
    doubts = Texts(load_default=list)

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def check_reviewed(self, data: Any, original: Any, **options: Any) -> None:
        if data.get("state") != "reviewed":
            return
        missing = [key for key in ("by", "on") if original.get(key) is None]
        if missing:
            raise ValidationError({key: ["复核过的（reviewed）要写明是谁（by）、哪天（on）"] for key in missing})


class GuideReviewSchema(ReviewSchema):
    levels = required(Choice, CERTAINTIES)
    sharing = required(Choice, CERTAINTIES)


class GuideSchema(FileSchema):
    id = required(Identifier)
    name = required(Text, most=60)
    label = required(Text, most=30)
    summary = required(Text, most=80)
    department = required(Text)
    kind = required(Choice, KINDS)
    levels = required(Texts, Choice(LEVELS))
    window = required(Choice, WINDOWS)
    aliases = required(Texts)
    examples = required(Texts)
    applicants = required(Text)
    conditions = required(Texts)
    situations = many(SituationSchema, load_default=list)
    materials = many(MaterialSchema, required=True)
    steps = required(Texts)
    time_limit = fields.Nested(TimeLimitSchema, required=True)
    deadline = optional(Text)
    fee = required(Text)
    amount = optional(Text)
    online = fields.Nested(OnlineSchema, required=True)
    visits = required(Whole, 0, 9)
    agent = fields.Nested(AgentSchema, required=True)
    home_service = required(Flag)
    where = optional(Text)
    result = required(Text)
    pitfalls = Texts(load_default=list)
    refusals = many(RefusalSchema, load_default=list)
    basis = required(Texts)
    contact = optional(Text)
    related = Texts(Identifier(), load_default=list)
    review = fields.Nested(GuideReviewSchema, required=True)

    @validates_schema(skip_on_field_errors=False)
    def check_related(self, data: Any, **options: Any) -> None:
        related = data.get("related", [])
        if isinstance(related, list) and data.get("id") in related:
            raise ValidationError({"related": {related.index(data["id"]): ["不能写自己"]}})

    @validates_schema(skip_on_field_errors=False)
    def check_situations(self, data: Any, **options: Any) -> None:
        ids: list[Any] = [situation.get("id") for situation in data.get("situations", [])]
        faults = {
            position: {"id": ["和前面的情形重复"]}
            for position, known in enumerate(ids)
            if known is not None and known in ids[:position]
        }
        if faults:
            raise ValidationError({"situations": faults})

    @validates_schema(skip_on_field_errors=False)
    def check_conditions(self, data: Any, **options: Any) -> None:
        """Each `needed_if` and `refused_if` names situations of this guide, and answers that those have."""
        if "situations" not in data:
            return
        known = {situation.get("id"): situation.get("choices") for situation in reversed(data["situations"])}
        faults: dict[str, dict[int, Any]] = {}
        for key, conditions in (("materials", "needed_if"), ("refusals", "refused_if")):
            for position, entry in enumerate(data.get(key, [])):
                wrong = unknown_answers(entry.get(conditions, []), known)
                if wrong:
                    faults.setdefault(key, {})[position] = {conditions: wrong}
        if faults:
            raise ValidationError(faults)


def unknown_answers(conditions: Any, known: Mapping[Any, Any]) -> dict[str, list[str]]:
    """What is wrong with the situations and answers that `conditions` name; `known`: situation → its choices."""
    faults: dict[str, list[str]] = {}
    if not isinstance(conditions, list):
        return faults
    for condition in conditions:
        situation, choices = condition["situation"], known.get(condition["situation"])
        if situation not in known:
            faults[situation] = ["situations 里没有这个情形"]
        elif choices is not None and any(answer not in choices for answer in condition["answers"]):
            faults[situation] = [f"应为{one_of(tuple(choices))}"]
    return faults


class PlaceSchema(FileSchema):
    code = required(Code)
    name = required(Text, most=20)


class StationSchema(PlaceSchema):
    official_name = optional(Text, most=40)
    latitude = optional(Degrees, 3, 54)
    longitude = optional(Degrees, 73, 136)
    verified = required(Flag)
    address = optional(Text)
    phone = optional(Text, most=30)

    @validates_schema
    def check_coordinates(self, data: Any, **options: Any) -> None:
        if (data["latitude"] is None) != (data["longitude"] is None):
            raise ValidationError("纬度 latitude 和经度 longitude 要么都写，要么都不写", "latitude")


class HallSchema(StationSchema):
    official_name = required(Text, most=40)


class TownSchema(HallSchema):
    communities = many(StationSchema, load_default=list)
    villages = many(StationSchema, load_default=list)


class SitesSchema(FileSchema):
    city = fields.Nested(HallSchema, required=True)
    towns = many(TownSchema, required=True)


class TownDivisionsSchema(PlaceSchema):
    communities = many(PlaceSchema, load_default=list)
    villages = many(PlaceSchema, load_default=list)


class DivisionsSchema(FileSchema):
    towns = many(TownDivisionsSchema, required=True)


class EventItemSchema(FileSchema):
    item = required(Identifier)
    when = optional(Text, most=40)
    note = optional(Text, most=60)
    given = Answers(load_default=list)


class SamePaperSchema(FileSchema):
    name = required(Text, most=80)
    covers = required(Texts)
    when = optional(Text, most=40)
    note = optional(Text)


class LifeEventSchema(FileSchema):
    id = required(Identifier)
    name = required(Text, most=30)
    label = required(Text, most=30)
    summary = required(Text, most=80)
    aliases = required(Texts)
    examples = required(Texts)
    items = many(EventItemSchema, required=True)
    same_papers = many(SamePaperSchema, load_default=list)
    pitfalls = Texts(load_default=list)
    review = fields.Nested(ReviewSchema, required=True)

    @validates_schema(skip_on_field_errors=False)
    def check_items(self, data: Any, **options: Any) -> None:
        items: list[Any] = [entry.get("item") for entry in data.get("items", [])]
        twice = {n: {"item": ["和前面的重复"]} for n, item in enumerate(items) if item and item in items[:n]}
        if twice:
            raise ValidationError({"items": twice})
        if len(items) == 1:
            raise ValidationError("一件事应有两个以上的事项", "items")


class AbolishedPaperSchema(FileSchema):
    paper = required(Text, most=40)
    why = required(Text)


class AbolishedPapersSchema(FileSchema):
    papers = many(AbolishedPaperSchema, required=True)
