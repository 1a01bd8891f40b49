"""Where the rows of a workbook lead in today's guide, and what they change there.

Lists may have become shorter or longer since the export, by an earlier import of the same workbook for one. So a
member of a list is found by its text, or its name, question or reason, not by its number alone.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from citizen_bot.catalog.model import Guide
from citizen_bot.catalog.workbook import entries, layout
from citizen_bot.catalog.workbook.entries import Entry
from citizen_bot.catalog.workbook.marks import Correction, Where
from citizen_bot.documents import KeyPath

# list, number, and what of the member
MEMBER = re.compile(r"([a-z]+)\[([0-9]{1,4})\](.*)")
# What a member is known by: itself where it is a text.
KNOWN_BY = ("", ".name", ".question", ".reason")


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
    """Where the rows of one item lead.

    `rows` are all of the item, `added` the names of materials that are added to it: with the rows' own marks this
    tells what an earlier import of the same workbook may have brought in already.
    """

    def __init__(self, guide: Guide, rows: Sequence[Correction], added: AbstractSet[str]) -> None:
        self.entries = entries.entries(guide)
        self.now = _members((entry.place, entry.shown) for entry in self.entries.values())
        self.marked = _members((row.place, row.text) for row in rows)
        self.positions: dict[str, dict[int, int | None]] = {}
        new = {row.place: set(_lines(row.text)) for row in rows if row.place.endswith("[+]")} | {"materials[+]": added}
        self.exported = _members((row.place, row.present) for row in rows)
        for name, exported in self.exported.items():
            now, marked = self.now.get(name, {}), self.marked.get(name, {})
            self.positions[name] = _positions(exported, now, marked, new.get(f"{name}[+]", set()))

    def changes(self, correction: Correction) -> Iterator[Change]:
        """What one correction changes; nothing where the guide is as it should be. Raises ValueError in Chinese."""
        place = self.today(correction)
        if place is None:
            return
        if place not in self.entries:
            raise ValueError(f"没有“{correction.place}”这一处" if correction.place else "没有写位置")
        entry, text = self.entries[place], correction.text
        if entry.appends:
            if text == layout.REMOVE:
                raise ValueError("这一行只用来新增，没有可删除的")
            there = self.now.get(str(entry.path[0]), {}).values()
            for line in _lines(text):
                if line not in there:
                    yield Change(correction.at, entry.path, line, appends=True)
        elif text == layout.REMOVE:
            if not entry.removes:
                raise ValueError("这一项必须有，不能删除，只能改")
            if entry.value is not None:
                _check_unchanged(entry, correction)
                for gone in entry.removes:
                    # An unknown number of days is said to be unknown; other entries just go.
                    yield Change(correction.at, gone, None, puts=entry.kind.number)
        elif (value := entry.kind.parsed(text)) != entry.value:
            _check_unchanged(entry, correction)
            yield Change(correction.at, entry.path, list(value) if isinstance(value, tuple) else value, puts=True)

    def today(self, correction: Correction) -> str | None:
        """The place in today's guide; None for what was to be removed and is gone."""
        match = MEMBER.fullmatch(correction.place)
        if match is None or match[1] not in self.exported:
            return correction.place
        name, number, rest = match[1], int(match[2]) - 1, match[3]
        if number not in self.exported[name]:
            raise ValueError(f"没有“{correction.place}”这一处")
        if self.marked.get(name, {}).get(number) == layout.REMOVE and rest not in KNOWN_BY:
            raise ValueError("这一份已经要整份删除，这里不用再改")
        if number not in self.positions[name]:
            if name == "situations":
                # None comes or goes with a workbook, so its number stays, and what it asks now can be told.
                return correction.place
            raise ValueError("这一项已经改过或删掉了，请重新导出后再改")
        position = self.positions[name][number]
        return None if position is None else f"{name}[{position + 1}]{rest}"


def _members(rows: Iterable[tuple[str, str]]) -> dict[str, dict[int, str]]:
    """The members of each list, number → what they are known by, from rows of (place, text)."""
    found: dict[str, dict[int, str]] = {}
    for place, text in rows:
        match = MEMBER.fullmatch(place)
        if match and match[3] in KNOWN_BY and text:
            found.setdefault(match[1], {})[int(match[2]) - 1] = text
    return {name: dict(sorted(members.items())) for name, members in found.items()}


def _positions(
    exported: Mapping[int, str], now: Mapping[int, str], marked: Mapping[int, str], added: AbstractSet[str]
) -> dict[int, int | None]:
    """Today's number of each exported member of a list, None where it is gone as it should.

    What is missing cannot be told: the member was changed by somebody else, or there are two of them.
    """
    if exported == now:
        return {n: n for n in now}
    wanted = {n: marked.get(n, old) for n, old in exported.items() if marked.get(n) != layout.REMOVE}
    texts = list(now.values())
    found: dict[int, int | None] = {}
    if set(texts) <= {*exported.values(), *wanted.values(), *added}:
        # Nothing stands there that this workbook does not know, so what is not there was not reworded either.
        found = {n: None for n in exported if n not in wanted}
    if texts[: len(wanted)] == list(wanted.values()) and set(texts[len(wanted) :]) <= added:
        # Imported already.
        return found | {n: position for position, n in enumerate(wanted)}
    for n, old in exported.items():
        there = [position for position, text in now.items() if text in (old, wanted.get(n))]
        if len(there) == 1:
            found[n] = there[0]
    return found


def _lines(text: str) -> list[str]:
    """The texts of a cell that takes several, each once."""
    return list(dict.fromkeys(filter(None, map(str.strip, text.split("\n")))))


def _check_unchanged(entry: Entry, correction: Correction) -> None:
    if entry.shown != correction.present:
        now = f"“{entry.shown}”" if entry.shown else "空的"
        raise ValueError(f"这一项已经改过，现在是{now}，请重新导出后再改")
