"""Finding many phrases in one message in a single pass."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """`value` was found at tokens[start:end]."""

    start: int
    end: int
    value: T

    @property
    def length(self) -> int:
        return self.end - self.start


class _Node(Generic[T]):
    __slots__ = ("next", "values")

    def __init__(self) -> None:
        self.next: dict[str, _Node[T]] = {}
        self.values: list[T] = []


class PhraseBook(Generic[T]):
    """A trie over token sequences: characters, or syllables."""

    def __init__(self, entries: Iterable[tuple[Sequence[str], T]] = ()) -> None:
        self._root: _Node[T] = _Node()
        for tokens, value in entries:
            self.add(tokens, value)

    def add(self, tokens: Sequence[str], value: T) -> None:
        node = self._root
        for token in tokens:
            node = node.next.setdefault(token, _Node())
        node.values.append(value)

    def find(self, tokens: Sequence[str]) -> list[Found[T]]:
        """Every occurrence of every phrase, overlapping ones too, by start and then by length."""
        found: list[Found[T]] = []
        first = self._root.next
        for start, token in enumerate(tokens):
            node = first.get(token)
            end = start
            while node is not None:
                end += 1
                for value in node.values:
                    found.append(Found(start, end, value))
                node = node.next.get(tokens[end]) if end < len(tokens) else None
        return found


def longest(found: Iterable[Found[T]]) -> list[Found[T]]:
    """Drops each occurrence that lies within a longer one. Equal spans are all kept."""
    kept: list[Found[T]] = []
    for one in sorted(found, key=lambda f: (-f.length, f.start)):
        if not any(k.length > one.length and k.start <= one.start and one.end <= k.end for k in kept):
            kept.append(one)
    return sorted(kept, key=lambda f: (f.start, f.end))
