"""YAML files as editors write them: plain data, with the line that each key stands on, and faults in plain Chinese.

Only the plain part of YAML is taken: one document of mappings, lists and scalars. Anchors, aliases, merge keys and
tags are refused, so a small file cannot grow into a big one and nothing is ever built from it but data. Keys are
always text as written: `yes`, `no` and `on` stay words there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
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

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to mend. `file` starts with the catalogue's folder, `line` counts from 1, `key` is empty for a file."""

    file: str
    line: int | None
    key: str
    message: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place} {self.key}：{self.message}" if self.key else f"{place}：{self.message}"


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
