"""YAML files as editors write them: plain data, with the line that each key stands on, and faults in plain Chinese.

Only the plain part of YAML is taken: one document of mappings, lists and scalars. Anchors, aliases, merge keys and
tags are refused, so a small file cannot grow into a big one and nothing is ever built from it but data. Keys are
always text as written: `yes`, `no` and `on` stay words there.
"""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from marshmallow import RAISE, Schema, ValidationError, fields
from marshmallow.exceptions import SCHEMA
from yaml.constructor import SafeConstructor
from yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
)
from yaml.nodes import ScalarNode
from yaml.resolver import Resolver

# The model guide has 4 KB, all villages of a city 60 KB.
MAX_BYTES = 256 * 1024
MAX_DEPTH = 12

MISSING = "缺少这一项"
UNKNOWN = "没有这样的项"

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to mend. `file` is the name that people know it by, `line` counts from 1, `key` is empty for a file."""

    file: str
    line: int | None
    key: str
    message: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place} {self.key}：{self.message}" if self.key else f"{place}：{self.message}"


class FaultyFiles(Exception):
    """Files that people write are not usable. `faults` has everything that is wrong in them, file by file."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


@dataclass(frozen=True, slots=True)
class Document:
    """The data of one file. A file that cannot be read as YAML has faults and `data` None."""

    file: str
    data: Any
    lines: dict[KeyPath, int]
    faults: tuple[Fault, ...] = ()

    def fault(self, path: KeyPath, message: str) -> Fault:
        """A fault at `path`, on the line of the nearest key that stands in the file."""
        nearest = path
        while nearest and nearest not in self.lines:
            nearest = nearest[:-1]
        return Fault(self.file, self.lines.get(nearest, 1), spell(path), message)

    def texts(self) -> Iterator[tuple[KeyPath, str]]:
        """Every text value with its path, in the order of the file."""
        yield from _texts((), self.data)


class FileSchema(Schema):
    """Refuses unknown keys and says everything in Chinese."""

    class Meta:
        unknown = RAISE

    error_messages = {"unknown": UNKNOWN, "type": "应为“名字: 内容”这样的几项"}  # noqa: RUF012

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        describe(field_obj)


def describe(field: fields.Field[Any]) -> None:
    """Gives a field of marshmallow Chinese words for what it expects, where it has none of its own."""
    field.error_messages.update(required=MISSING, null="不能空着")
    if isinstance(field, fields.Nested):
        field.error_messages["type"] = "应为列表，每行以“- ”开头" if field.many else "应为几项内容"
    elif type(field) is fields.String:
        field.error_messages["invalid"] = "应为文字；数字、日期、true、false 要当文字写的话请加引号"
    elif type(field) is fields.List:
        field.error_messages["invalid"] = "应为列表，每行以“- ”开头"
        describe(field.inner)
    elif type(field) is fields.Dict:
        field.error_messages["invalid"] = "应为“名字: 内容”这样的几项"


def load(path: Path, file: str, schema: Schema) -> Any:
    """The data of one file as `schema` makes it. Raises FaultyFiles with every fault."""
    document = read(path, file)
    data, faults = checked(document, schema)
    if faults:
        raise FaultyFiles(faults)
    return data


def checked(document: Document, schema: Schema) -> tuple[Any, list[Fault]]:
    """What `schema` makes of the document, and every fault; with faults the first is None."""
    faults = list(document.faults)
    if document.data is None and faults:
        return None, faults
    data, problems = _problems(schema, document.data)
    faults += [_fault(document, schema, key, message) for key, message in problems]
    return None if faults else data, faults


def _problems(schema: Schema, data: Any) -> tuple[Any, list[tuple[KeyPath, str]]]:
    try:
        return schema.load(data), []
    except ValidationError as error:
        return None, list(flat(error.messages))


def flat(messages: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    """marshmallow's nested messages as (key path, message)."""
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            yield from flat(inner, path if key == SCHEMA else (*path, key))
    else:
        for message in messages if isinstance(messages, list) else [messages]:
            yield path, message


def _fault(document: Document, schema: Schema, key: KeyPath, message: str) -> Fault:
    """A schema's problem as a fault: with the present value, or for an unknown key with the likely right one."""
    if message == UNKNOWN:
        likely = difflib.get_close_matches(str(key[-1]), _keys(schema, key[:-1]), n=1)
        return document.fault(key, f"{message}，是不是“{likely[0]}”？" if likely else message)
    if not message.startswith("应为"):
        return document.fault(key, message)
    value = document.data
    for part in key:
        value = value[part]
    if isinstance(value, dict | list):
        return document.fault(key, message)
    return document.fault(key, f"{message}，现在是{_quoted(value)}")


def _keys(schema: Schema, path: KeyPath) -> list[str]:
    """The keys that `schema` knows at `path`."""
    for part in path:
        if isinstance(part, str):
            schema = schema.fields[part].schema  # type: ignore[attr-defined]
    return list(schema.fields)


def _quoted(value: Any) -> str:
    if value is None:
        return "空的"
    if isinstance(value, bool):
        return "“true”" if value else "“false”"
    text = str(value)
    return f"“{text[:40]}…”" if len(text) > 40 else f"“{text}”"


def spell(path: KeyPath) -> str:
    """`materials[2].form` for people: lists count from 1."""
    spelled = ""
    for part in path:
        if isinstance(part, int):
            spelled += f"[{part + 1}]"
        else:
            spelled += f".{part}" if spelled else part
    return spelled


def read(path: Path, file: str) -> Document:
    """Reads one file; `file` is the name that faults tell. Never raises for what stands in the file."""
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        return _unreadable(file, 1, f"读不出这个文件（{error.strerror or error}）")
    if len(content) > MAX_BYTES:
        return _unreadable(file, 1, f"文件太大，应不超过 {MAX_BYTES // 1024} KB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return _unreadable(file, line, "文字编码应为 UTF-8，请用编辑器另存为 UTF-8")
    builder = _Builder(file)
    try:
        data = builder.build(text)
    except _Refused as refused:
        return _unreadable(file, refused.line, refused.message)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return _unreadable(
            file,
            mark.line + 1 if mark else 1,
            f"格式不对，请检查这一行和上一行的缩进、冒号（后面要有空格）和引号（{error.problem}）",
        )
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        return _unreadable(file, line, "有看不见的特殊字符，请删掉后重新输入这一行")
    except yaml.YAMLError:
        return _unreadable(file, 1, "格式不对，或有看不见的特殊字符")
    return Document(file, data, builder.lines, tuple(builder.faults))


def _unreadable(file: str, line: int, message: str) -> Document:
    return Document(file, None, {}, (Fault(file, line, "", message),))


def _texts(path: KeyPath, value: Any) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts((*path, key), inner)
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _texts((*path, position), inner)


def _line(event: Event) -> int:
    assert event.start_mark is not None  # noqa: S101 - the parser marks every event
    return event.start_mark.line + 1


class _Refused(Exception):
    def __init__(self, event: Event, message: str) -> None:
        super().__init__(message)
        self.line = _line(event)
        self.message = message


class _Builder:
    """Builds plain data from the parser's events and keeps the line of each value, all in one pass."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[KeyPath, int] = {}
        self.faults: list[Fault] = []
        self.resolver = Resolver()
        self.constructor = SafeConstructor()

    def build(self, text: str) -> Any:
        self.events: Iterator[Event] = yaml.parse(text, Loader=yaml.CSafeLoader)
        data = None
        documents = 0
        for event in self.events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _Refused(event, "一个文件只写一份内容，去掉单独一行的“---”")
            elif isinstance(event, NodeEvent):
                data = self.value(event, (), _line(event))
        return data

    def value(self, event: Event, path: KeyPath, line: int) -> Any:
        """The value that starts with `event`; `line` is where its key stands."""
        if isinstance(event, AliasEvent):
            raise _Refused(event, f"不能用“*{event.anchor}”引用别处，请把内容写全；文字里有 * 的要加引号")
        assert isinstance(event, ScalarEvent | CollectionStartEvent)  # noqa: S101 - what else a value can be
        if event.anchor is not None:
            raise _Refused(event, f"不能用“&{event.anchor}”做标记；文字里有 & 的要加引号")
        if event.tag is not None:
            raise _Refused(event, "不能用“!”开头的标签；文字以 ! 开头的要加引号")
        if len(path) > MAX_DEPTH:
            raise _Refused(event, "层数太多")
        self.lines[path] = line
        if isinstance(event, MappingStartEvent):
            return self.mapping(path)
        if isinstance(event, ScalarEvent):
            return self.scalar(event, path)
        return self.sequence(path)

    def mapping(self, path: KeyPath) -> dict[str, Any]:
        result: dict[str, Any] = {}
        while not isinstance(event := next(self.events), MappingEndEvent):
            line = _line(event)
            if not isinstance(event, ScalarEvent):
                raise _Refused(event, "项的名字应为文字；带花括号或方括号的文字要加引号")
            if event.anchor is not None or event.tag is not None or (event.value == "<<" and event.implicit[0]):
                raise _Refused(event, "项的名字应为普通文字")
            key = event.value
            value = self.value(next(self.events), (*path, key), line)
            if key in result:
                self.faults.append(Fault(self.file, line, spell((*path, key)), "这一项写了两遍，请留下一个"))
            result[key] = value
        return result

    def sequence(self, path: KeyPath) -> list[Any]:
        result: list[Any] = []
        while not isinstance(event := next(self.events), SequenceEndEvent):
            result.append(self.value(event, (*path, len(result)), _line(event)))
        return result

    def scalar(self, event: ScalarEvent, path: KeyPath) -> Any:
        if not event.implicit[0]:
            return event.value
        tag = self.resolver.resolve(ScalarNode, event.value, (True, False))  # type: ignore[no-untyped-call]
        construct = SafeConstructor.yaml_constructors.get(tag)
        if construct is None or tag == "tag:yaml.org,2002:str":
            return event.value
        try:
            return construct(self.constructor, ScalarNode(tag, event.value))
        except ValueError:  # no such day: 2026-02-30
            return event.value
