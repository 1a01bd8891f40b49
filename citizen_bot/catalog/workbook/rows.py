"""Where the rows of a workbook lead in today's guide, and what they change there.

Lists may have become shorter or longer since the export, by an earlier import of the same workbook for one. So a
member of a list is found by what it is known by, not by its number alone.
"""

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from citizen_bot.catalog.model import Guide
from citizen_bot.catalog.workbook import entries, layout
from citizen_bot.catalog.workbook.entries import Entry
from citizen_bot.catalog.workbook.marks import Correction, State, Where
from citizen_bot.documents import KeyPath, spell

PART = re.compile(r"([a-z_]+)(?:\[([0-9]{1,4})\])?")


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a guide's data at `path`, which is that of today's file. `puts`, `appends` or else removes."""

    at: Where
    path: KeyPath
    value: Any = None
    puts: bool = False
    appends: bool = False

    @property
    def removes(self) -> bool:
        return not self.puts and not self.appends


class Places:
    """Where the rows of one item lead. `state` is the item as it was exported, None where it was not.

    `corrections` are all of the item, `added` the names of materials that are added to it: what an earlier import of
    the same workbook may have brought in already.
    """

    def __init__(
        self, guide: Guide, state: State | None, corrections: Sequence[Correction], added: AbstractSet[str]
    ) -> None:
        self.entries = entries.entries(guide)
        self.now = entries.identities(guide)
        self.lists: dict[str, _List] = {}
        marked = {correction.place: correction.text for correction in corrections}
        for name, now in self.now.items():
            exported = state.lists.get(name, []) if state else now
            texts = [marked.get(_known_at(name, n)) for n in range(len(exported))]
            new = added if name == "materials" else marked.get(f"{name}[+]", "").split("\n")
            self.lists[name] = _List(exported, now, texts, {entries.digest(text.strip()) for text in new})

    def changes(self, correction: Correction) -> Iterator[Change]:
        """What one correction changes; nothing where the guide is as it should be. Raises ValueError in Chinese."""
        if correction.place.endswith("[+]"):
            yield from self.appended(correction)
            return
        path = self.today(correction)
        if path is None:
            return
        entry = self.entry(correction, spell(path))
        if correction.text == layout.REMOVE:
            if not entry.removes:
                raise ValueError("这一项必须有，不能删除，只能改")
            if entry.value is not None:
                _check_unchanged(entry, correction)
                for gone in entry.removes:
                    # An unknown number of days is said to be unknown; other entries just go.
                    yield Change(correction.at, gone, None, puts=entry.kind.number)
            return
        value = entry.kind.parsed(correction.text)
        if value != entry.value:
            _check_unchanged(entry, correction)
            yield Change(correction.at, entry.path, list(value) if isinstance(value, tuple) else value, puts=True)

    def appended(self, correction: Correction) -> Iterator[Change]:
        entry = self.entry(correction, correction.place)
        if correction.text == layout.REMOVE:
            raise ValueError("这一行只用来新增，没有可删除的")
        for text in dict.fromkeys(filter(None, map(str.strip, correction.text.split("\n")))):
            if entries.digest(text) not in self.now[str(entry.path[0])]:
                yield Change(correction.at, entry.path, text, appends=True)

    def entry(self, correction: Correction, place: str) -> Entry:
        if place not in self.entries:
            raise ValueError(f"没有“{correction.place}”这一处" if correction.place else "没有写位置")
        return self.entries[place]

    def today(self, correction: Correction) -> KeyPath | None:
        """The path in today's guide; None for what was to be removed and is gone."""
        path = _path(correction.place)
        if len(path) < 2 or not isinstance(path[1], int) or path[0] not in self.lists:
            return path
        name, number = str(path[0]), path[1]
        members = self.lists[name]
        if not 0 <= number < len(members.exported):
            raise ValueError(f"没有“{correction.place}”这一处")
        itself = correction.place == _known_at(name, number)
        if members.texts[number] == layout.REMOVE and not itself:
            raise ValueError("这一份已经要整份删除，这里不用再改")
        position = members.positions[number]
        if position is None and not (itself and members.texts[number] == layout.REMOVE and members.accounted):
            raise ValueError("这一项已经改过或删掉了，请重新导出后再改")
        return None if position is None else (name, position, *path[2:])


class _List:
    """One list of a guide. `positions`: today's of each exported member, None where it is gone or cannot be told.

    `exported`, `now` and `added` are digests of what the members are known by, `texts` the corrections of that.
    `accounted`: nothing stands in the list today that this workbook does not know.
    """

    def __init__(self, exported: list[str], now: list[str], texts: list[str | None], added: set[str]) -> None:
        self.exported, self.texts = exported, texts
        wanted = {
            n: old if text is None else entries.digest(text)
            for n, (old, text) in enumerate(zip(exported, texts, strict=True))
            if text != layout.REMOVE
        }
        self.accounted = set(now) <= {*exported, *wanted.values(), *added}
        self.positions: dict[int, int | None] = dict.fromkeys(range(len(exported)))
        if exported == now:
            self.positions = {n: n for n in range(len(now))}
        elif now[: len(wanted)] == list(wanted.values()) and set(now[len(wanted) :]) <= added:
            # Imported already.
            self.positions.update({n: position for position, n in enumerate(wanted)})
        else:
            for n, old in enumerate(exported):
                there = [position for position, one in enumerate(now) if one in (old, wanted.get(n))]
                self.positions[n] = there[0] if len(there) == 1 else None


def _known_at(name: str, number: int) -> str:
    """The place of the entry that a list's member is known by."""
    key = entries.KNOWN_BY.get(name)
    return "" if key is None else spell((name, number, key) if key else (name, number))


def _path(place: str) -> KeyPath:
    path: list[str | int] = []
    for part in place.split("."):
        match = PART.fullmatch(part)
        if match is None:
            return ()
        path.append(match[1])
        if match[2]:
            path.append(int(match[2]) - 1)
    return tuple(path)


def _check_unchanged(entry: Entry, correction: Correction) -> None:
    if entry.shown != correction.present:
        now = f"“{entry.shown}”" if entry.shown else "空的"
        raise ValueError(f"这一项已经改过，现在是{now}，请重新导出后再改")
