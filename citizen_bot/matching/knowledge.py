"""What an office knows of how residents talk: the YAML files of intents/, read and checked.

dialect.yaml        variant: standard word
synonyms.yaml       standard word: [variants]
homophones.yaml     merges: sounds that many people do not tell apart
fillers.yaml        words that carry no meaning
facets.yaml         cues of each facet
intents.yaml        cues of each intent but guide and oos, and whole messages
out_of_scope.yaml   known subjects that are not ours, and where to turn instead
without_guide.yaml  items that have no guide yet: id: [names]
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from marshmallow import ValidationError, fields, post_load, validate

from citizen_bot.documents import Document, Fault, FaultyFiles, FileSchema, describe, flat, read
from citizen_bot.matching.model import Facet, Intent

FACETS: tuple[str, ...] = get_args(Facet)
INTENTS: tuple[str, ...] = get_args(Intent)


@dataclass(frozen=True, slots=True)
class CueWords:
    """`strong` phrases decide, `weak` ones add; "…" in a phrase is a gap. `whole` are complete messages."""

    strong: tuple[str, ...] = ()
    weak: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Topic:
    """A subject that is not ours. `where` tells a resident whom to turn to; None: nowhere in particular."""

    key: str
    name: str
    words: tuple[str, ...]
    examples: tuple[str, ...]
    where: str | None


@dataclass(frozen=True, slots=True)
class Merge:
    """A sound that is heard or spoken as another: at the start of a syllable, at its end, or all of it."""

    place: str
    variant: str
    standard: str


@dataclass(frozen=True, slots=True)
class Knowledge:
    """All files of intents/ that the matcher needs."""

    replacements: Mapping[str, str]
    merges: tuple[Merge, ...]
    fillers: tuple[str, ...]
    facets: Mapping[str, CueWords]
    intents: Mapping[str, CueWords]
    topics: Mapping[str, Topic]
    without_guide: Mapping[str, tuple[str, ...]]


_PHRASE = fields.String(required=True, validate=validate.Length(min=1, max=60))


def _phrases() -> fields.List[str]:
    return fields.List(_PHRASE, load_default=list)


class _CueWordsSchema(FileSchema):
    strong = _phrases()
    weak = _phrases()
    whole = _phrases()

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> CueWords:
        return CueWords(**{key: tuple(value) for key, value in data.items()})


class _TopicSchema(FileSchema):
    name = fields.String(required=True, validate=validate.Length(min=1, max=30))
    words = _phrases()
    examples = _phrases()
    where = fields.String(load_default=None, allow_none=True, validate=validate.Length(min=1, max=200))


class _MergeSchema(FileSchema):
    place = fields.String(required=True, validate=validate.OneOf(["initial", "final", "whole"]))
    variant = fields.String(required=True, validate=validate.Regexp(r"^[a-z]{1,6}$"))
    standard = fields.String(required=True, validate=validate.Regexp(r"^[a-z]{0,6}$"))

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Merge:
        return Merge(**data)


def load_knowledge(intents_dir: Path) -> Knowledge:
    """Reads intents/. Raises FaultyFiles with every fault of every file."""
    files = _Files(intents_dir)
    dialect = files.mapping("dialect.yaml", _PHRASE)
    synonyms = files.mapping("synonyms.yaml", fields.List(_PHRASE, required=True))
    homophones = files.mapping("homophones.yaml", fields.List(fields.Nested(_MergeSchema), required=True), ("merges",))
    fillers = files.mapping("fillers.yaml", fields.List(_PHRASE, required=True))
    facets = files.mapping("facets.yaml", fields.Nested(_CueWordsSchema), FACETS)
    intents = files.mapping("intents.yaml", fields.Nested(_CueWordsSchema), INTENTS)
    topics = files.mapping("out_of_scope.yaml", fields.Nested(_TopicSchema))
    without_guide = files.mapping("without_guide.yaml", fields.List(_PHRASE, required=True))
    replacements = {variant: standard for standard, variants in synonyms.items() for variant in variants}
    for variant in sorted(set(replacements) & set(dialect)):
        files.fault("dialect.yaml", (variant,), "synonyms.yaml 里也有")
    if files.faults:
        raise FaultyFiles(files.faults)
    return Knowledge(
        replacements=replacements | dialect,
        merges=tuple(homophones.get("merges", ())),
        fillers=tuple(word for words in fillers.values() for word in words),
        facets=facets,
        intents=intents,
        topics={
            key: Topic(key, t["name"], tuple(t["words"]), tuple(t["examples"]), t["where"]) for key, t in topics.items()
        },
        without_guide={item: tuple(names) for item, names in without_guide.items()},
    )


@dataclass(slots=True)
class _Files:
    folder: Path
    faults: list[Fault] = field(default_factory=list)
    documents: dict[str, Document] = field(default_factory=dict)

    def mapping(self, name: str, values: fields.Field[Any], keys: Collection[str] = ()) -> dict[str, Any]:
        """The file's mapping, each value checked; {} when the file cannot be read at all. `keys`: the only ones."""
        document = self.documents[name] = read(self.folder / name, f"{self.folder.name}/{name}")
        self.faults += document.faults
        if not isinstance(document.data, dict):
            if not document.faults:
                self.fault(name, (), "应为“名字: 内容”这样的几项")
            return {}
        describe(values)
        result: dict[str, Any] = {}
        for key, value in document.data.items():
            if keys and key not in keys:
                self.fault(name, (key,), f"没有这样的项，应为{'、'.join(sorted(keys))}")
                continue
            try:
                result[key] = values.deserialize(value)
            except ValidationError as error:
                self.faults += [document.fault((key, *path), message) for path, message in flat(error.messages)]
        return result

    def fault(self, name: str, path: tuple[str, ...], message: str) -> None:
        self.faults.append(self.documents[name].fault(path, message))
