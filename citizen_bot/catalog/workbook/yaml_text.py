"""Changes to the text of a YAML file: what they do not concern stays as it is, byte for byte.

The parser's marks tell where each value stands, and only that piece of the text is replaced. A round trip through an
object model would not do: ruamel.yaml drops the comment below a removed entry, joins lines that stand broken, and
leaves a text `yes` bare, which is a flag to the reader of `citizen_bot.documents` (YAML 1.1).
"""

import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from citizen_bot.documents import KeyPath

Order = Callable[[KeyPath], Sequence[str]]


def edited(
    text: str,
    *,
    put: Mapping[KeyPath, Any],
    append: Iterable[tuple[KeyPath, Any]],
    remove: Collection[KeyPath],
    order: Order,
) -> str:
    """`text` with values set, then entries appended to lists, then entries and keys removed.

    All paths are those of `text`. A key that is not there yet is put where `order` (the keys of the mapping at a path)
    has it; a list that is not there is begun, and one whose last entry goes is removed. Values are texts, numbers,
    flags, days, None, and lists and dicts of them. Raises LookupError where a path does not lead anywhere.
    """
    root = _root(text)
    there = {path: value for path, value in put.items() if _find(root, path) is not None}
    spans = [_replacement(_known(root, path), value) for path, value in there.items()]
    for start, end, new in sorted(spans, reverse=True):
        text = text[:start] + new + text[end:]
    for path, value in put.items():
        if path not in there:
            text = _inserted(text, path, value, order)
    for path, value in append:
        text = _appended(text, path, value, order)
    # The last first, so that the others keep their numbers.
    for path in sorted(remove, key=lambda path: [(str(part), 0) if isinstance(part, str) else ("", part)
                                                 for part in path], reverse=True):  # fmt: skip
        text = _removed(text, path)
    return text


def rendered(value: Any, *, flow: bool) -> str:
    """One value on one line; `flow`: inside brackets, where commas and brackets are not text."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {rendered(inner, flow=True)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(rendered(inner, flow=True) for inner in value) + "]"
    if isinstance(value, str):
        return _quoted(value, flow)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(value)


def _quoted(text: str, flow: bool) -> str:
    """Bare where that reads back as the same text, in double quotes otherwise."""
    dumped = yaml.safe_dump({"k": text}, allow_unicode=True, width=sys.maxsize, default_flow_style=flow)
    bare = dumped[len("{k: ") : -len("}\n")] if flow else dumped[len("k: ") : -len("\n")]
    if bare == text:
        return text
    return yaml.safe_dump(text, allow_unicode=True, width=sys.maxsize, default_style='"').removesuffix("\n")


@dataclass(frozen=True, slots=True)
class _Found:
    """A node, its key where it is a mapping's value, the collection that it is in, its number there, and whether
    that collection, or one around it, is written in brackets."""

    text: str
    node: Node
    key: Node | None = None
    parent: Node | None = None
    position: int = 0
    flow: bool = False

    @property
    def start(self) -> int:
        return _start(self.key or self.node)

    @property
    def end(self) -> int:
        end = _end(self.text, self.node)
        return end if self.key is None else max(_end(self.text, self.key) + 1, end)

    def sibling(self, position: int) -> "_Found":
        return _member_at(self.text, self.parent, position, self.flow)


def _root(text: str) -> _Found:
    node = yaml.compose(text, Loader=yaml.CSafeLoader)
    if node is None:
        raise LookupError("an empty file")
    return _Found(text, node)


def _find(root: _Found, path: KeyPath) -> _Found | None:
    found = root
    for part in path:
        node, flow = found.node, found.flow or bool(getattr(found.node, "flow_style", False))
        if isinstance(node, MappingNode):
            named = [n for n, (key, _) in enumerate(node.value) if key.value == part]
            if not named:
                return None
            found = _member_at(found.text, node, named[0], flow)
        elif isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
            found = _member_at(found.text, node, part, flow)
        else:
            return None
    return found


def _known(root: _Found, path: KeyPath) -> _Found:
    found = _find(root, path)
    if found is None:
        raise LookupError(path)
    return found


def _member_at(text: str, parent: Node | None, position: int, flow: bool) -> _Found:
    if isinstance(parent, MappingNode):
        key, node = parent.value[position]
        return _Found(text, node, key, parent, position, flow)
    assert isinstance(parent, SequenceNode)  # noqa: S101 - nothing else has members
    return _Found(text, parent.value[position], None, parent, position, flow)


def _start(node: Node) -> int:
    index: int = node.start_mark.index
    return index


def _end(text: str, node: Node) -> int:
    """Where the node's last character stands; the parser's mark of a block is only at the next token."""
    if isinstance(node, MappingNode | SequenceNode) and not node.flow_style and node.value:
        return _member_at(text, node, len(node.value) - 1, False).end
    index: int = node.end_mark.index
    if isinstance(node, ScalarNode) and node.style in ("|", ">"):
        return len(text[:index].rstrip())
    return index


def _replacement(found: _Found, value: Any) -> tuple[int, int, str]:
    start, end = _start(found.node), _end(found.text, found.node)
    if isinstance(found.node, SequenceNode) and not found.node.flow_style and isinstance(value, list | tuple):
        between = _newline(found.text) + " " * found.node.start_mark.column
        return start, end, between.join(f"- {rendered(inner, flow=False)}" for inner in value)
    new = rendered(value, flow=found.flow)
    if start == end and found.key is not None:  # `key:` with nothing behind it
        return found.end, found.end, f" {new}"
    return start, end, new


def _inserted(text: str, path: KeyPath, value: Any, order: Order) -> str:
    parent = _known(_root(text), path[:-1])
    if not isinstance(parent.node, MappingNode) or not parent.node.value:
        raise LookupError(path)
    key, keys = str(path[-1]), list(order(path[:-1]))
    present = [one.value for one, _ in parent.node.value]
    before = keys[: keys.index(key)]
    position = max((present.index(one) for one in before if one in present), default=len(present) - 1)
    neighbour = _known(parent, (present[position],))
    if neighbour.flow:
        return f"{text[: neighbour.end]}, {key}: {rendered(value, flow=True)}{text[neighbour.end :]}"
    indent = " " * parent.node.value[0][0].start_mark.column
    return _with_lines(text, neighbour.end, _block(key, value, indent))


def _appended(text: str, path: KeyPath, value: Any, order: Order) -> str:
    found = _find(_root(text), path)
    if found is None:
        return _inserted(text, path, [value], order)
    if not isinstance(found.node, SequenceNode) or not found.node.value:
        start, end, new = _replacement(found, [value])
        return text[:start] + new + text[end:]
    last = _known(found, (len(found.node.value) - 1,))
    if last.flow:
        return f"{text[: last.end]}, {rendered(value, flow=True)}{text[last.end :]}"
    return _with_lines(text, last.end, _member(value, " " * found.node.start_mark.column))


def _removed(text: str, path: KeyPath) -> str:
    found = _known(_root(text), path)
    if not isinstance(found.parent, MappingNode | SequenceNode):
        raise LookupError(path)
    members = len(found.parent.value)
    if members == 1:
        return _removed(text, path[:-1])
    if found.flow:
        if found.position + 1 < members:
            return text[: found.start] + text[found.sibling(found.position + 1).start :]
        return text[: found.sibling(found.position - 1).end] + text[found.end :]
    start = text.rfind("-", 0, found.start) if found.key is None else found.start
    line = text.rfind("\n", 0, start) + 1
    if text[line:start].strip():  # the first key of a list's member stands behind the dash
        return text[:start] + text[found.sibling(found.position + 1).start :]
    end = text.find("\n", found.end) + 1
    return text[:line] + text[end:] if end else text[:line].removesuffix("\n").removesuffix("\r")


def _block(key: str, value: Any, indent: str) -> list[str]:
    if isinstance(value, list):
        return [f"{indent}{key}:", *(line for one in value for line in _member(one, f"{indent}  "))]
    return [f"{indent}{key}: {rendered(value, flow=False)}"]


def _member(value: Any, indent: str) -> list[str]:
    if not isinstance(value, Mapping):
        return [f"{indent}- {rendered(value, flow=False)}"]
    keys = [f"{key}: {rendered(inner, flow=False)}" for key, inner in value.items()]
    return [f"{indent}{'  ' if n else '- '}{line}" for n, line in enumerate(keys)]


def _with_lines(text: str, position: int, lines: list[str]) -> str:
    """`text` with `lines` below the line that `position` is on."""
    end = text.find("\n", position)
    end = len(text) if end < 0 else end
    if text[:end].endswith("\r"):
        end -= 1
    newline = _newline(text)
    return text[:end] + "".join(newline + line for line in lines) + text[end:]


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
