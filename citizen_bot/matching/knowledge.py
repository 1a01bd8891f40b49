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

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import yaml
from marshmallow import RAISE, Schema, ValidationError, fields, post_load, validate

from citizen_bot.matching.model import Facet, Intent

FACETS: tuple[str, ...] = get_args(Facet)
INTENTS: tuple[str, ...] = get_args(Intent)


class KnowledgeError(Exception):
    """Files of intents/ are wrong. `faults` has one line for each: file, line, key and what is wrong."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


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


class _CueWordsSchema(Schema):
    class Meta:
        unknown = RAISE

    strong = _phrases()
    weak = _phrases()
    whole = _phrases()

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> CueWords:
        return CueWords(**{key: tuple(value) for key, value in data.items()})


class _TopicSchema(Schema):
    class Meta:
        unknown = RAISE

    name = fields.String(required=True, validate=validate.Length(min=1, max=30))
    words = _phrases()
    examples = _phrases()
    where = fields.String(load_default=None, allow_none=True, validate=validate.Length(min=1, max=200))


class _MergeSchema(Schema):
    class Meta:
        unknown = RAISE

    place = fields.String(required=True, validate=validate.OneOf(["initial", "final", "whole"]))
    variant = fields.String(required=True, validate=validate.Regexp(r"^[a-z]{1,6}$"))
    standard = fields.String(required=True, validate=validate.Regexp(r"^[a-z]{0,6}$"))

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Merge:
        return Merge(**data)


def load_knowledge(intents_dir: Path) -> Knowledge:
    """Reads intents/. Raises KnowledgeError with every fault of every file."""
    files = _Files(intents_dir)
    dialect = files.mapping("dialect.yaml", _PHRASE)
    synonyms = files.mapping("synonyms.yaml", fields.List(_PHRASE, required=True))
    homophones = files.mapping("homophones.yaml", fields.List(fields.Nested(_MergeSchema), required=True), {"merges"})
    fillers = files.mapping("fillers.yaml", fields.List(_PHRASE, required=True))
    facets = files.mapping("facets.yaml", fields.Nested(_CueWordsSchema), set(FACETS))
    intents = files.mapping("intents.yaml", fields.Nested(_CueWordsSchema), set(INTENTS))
    topics = files.mapping("out_of_scope.yaml", fields.Nested(_TopicSchema))
    without_guide = files.mapping("without_guide.yaml", fields.List(_PHRASE, required=True))
    replacements = {variant: standard for standard, variants in synonyms.items() for variant in variants}
    for variant in sorted(set(replacements) & set(dialect)):
        files.fault("dialect.yaml", (variant,), "stands in synonyms.yaml too")
    if files.faults:
        raise KnowledgeError(files.faults)
    return Knowledge(
        replacements=replacements | dialect,
        merges=tuple(homophones["merges"]),
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
    faults: list[str] = field(default_factory=list)
    _lines: dict[str, dict[tuple[str, ...], int]] = field(default_factory=dict)

    def mapping(self, name: str, values: fields.Field[Any], keys: set[str] | None = None) -> dict[str, Any]:
        """The file's mapping, each value checked; {} when the file cannot be read at all."""
        content = self._read(name)
        result: dict[str, Any] = {}
        for key, value in content.items():
            if not isinstance(key, str):
                self.fault(name, (str(key),), "must be text: put it in quotation marks")
            elif keys is not None and key not in keys:
                self.fault(name, (key,), f"is not one of {', '.join(sorted(keys))}")
            else:
                try:
                    result[key] = values.deserialize(value)
                except ValidationError as error:
                    for path, message in _flat(error.messages):
                        self.fault(name, (key, *path), message)
        for key in sorted((keys or set()) - set(content)) if content and keys == {"merges"} else ():
            self.fault(name, (key,), "is missing")
        return result

    def fault(self, name: str, path: tuple[str, ...], message: str) -> None:
        lines = self._lines.get(name, {})
        line = next((lines[path[:n]] for n in range(len(path), 0, -1) if path[:n] in lines), 1)
        where = ".".join(path)
        self.faults.append(f"{self.folder / name}:{line}: {where + ' ' if where else ''}{message}")

    def _read(self, name: str) -> dict[Any, Any]:
        try:
            text = (self.folder / name).read_text(encoding="utf-8")
            node = yaml.compose(text, Loader=yaml.SafeLoader)
            content = yaml.safe_load(text)
        except (OSError, UnicodeDecodeError) as error:
            self.faults.append(f"{self.folder / name}:1: cannot be read: {error}")
            return {}
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            self.faults.append(f"{self.folder / name}:{mark.line + 1 if mark else 1}: is not YAML: {error}")
            return {}
        if not isinstance(content, dict):
            self.faults.append(f"{self.folder / name}:1: must be a mapping of keys to values")
            return {}
        self._lines[name] = {}
        if node is not None:
            self._note_lines(name, node, ())
        return content

    def _note_lines(self, name: str, node: yaml.Node, path: tuple[str, ...]) -> None:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                here = (*path, str(key.value))
                if here in self._lines[name]:
                    self._lines[name][here] = key.start_mark.line + 1
                    self.fault(name, here, "stands twice")
                self._lines[name][here] = key.start_mark.line + 1
                self._note_lines(name, value, here)
        elif isinstance(node, yaml.SequenceNode):
            for number, value in enumerate(node.value):
                here = (*path, str(number))
                self._lines[name][here] = value.start_mark.line + 1
                self._note_lines(name, value, here)


def _flat(messages: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], str]]:
    if isinstance(messages, dict):
        return [one for key, value in messages.items() for one in _flat(value, (*path, str(key)))]
    return [(path, str(message)) for message in messages]
