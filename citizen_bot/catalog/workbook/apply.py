"""From the office's marks to new texts of the guides' files: everything is checked before anything is written."""

import difflib
import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from citizen_bot.catalog import words
from citizen_bot.catalog.loader import ABOLISHED, Reading, guide_file, read_folder
from citizen_bot.catalog.model import Guide
from citizen_bot.catalog.schemas import GuideSchema
from citizen_bot.catalog.workbook import layout
from citizen_bot.catalog.workbook.additions import material_of, same
from citizen_bot.catalog.workbook.export import review_state
from citizen_bot.catalog.workbook.marks import Addition, Correction, Marks, Opinion
from citizen_bot.catalog.workbook.rows import Change, Places
from citizen_bot.catalog.workbook.yaml_text import edited
from citizen_bot.documents import MISSING, Fault, FaultyFiles, KeyPath, read, spell

BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class File:
    """One guide's file, as it is and as it should be."""

    file: str
    path: Path
    before: str
    after: str

    def diff(self) -> str:
        lines = [text.split("\n") for text in (self.before, self.after)]
        # A last line without an end would run into the next one.
        old, new = ([f"{line}\n" for line in text[:-1]] + [text[-1]] * bool(text[-1]) for text in lines)
        told = difflib.unified_diff(old, new, f"a/{self.file}", f"b/{self.file}")
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in told)


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import changes: files, and how many corrections and reviews that are not in the guides already."""

    files: tuple[File, ...]
    corrections: int
    reviews: int

    def diff(self) -> str:
        return "".join(file.diff() for file in self.files)

    def write(self) -> None:
        """Replaces the files, each in one step and all of them only after each could be written.

        Raises FaultyFiles where a file was changed after the plan was made, and OSError.
        """
        ready: list[tuple[str, Path]] = []
        try:
            for file in self.files:
                if file.path.read_bytes() != file.before.encode():
                    raise FaultyFiles([Fault(file.file, None, "", "刚刚又改过，什么都没有写，请再导入一次")])
                handle, temporary = tempfile.mkstemp(dir=file.path.parent, prefix=".", suffix=".tmp")
                ready.append((temporary, file.path))
                with os.fdopen(handle, "wb") as stream:
                    stream.write(file.after.encode())
                shutil.copymode(file.path, temporary)
            for temporary, path in ready:
                os.replace(temporary, path)
        finally:
            for temporary, _ in ready:
                Path(temporary).unlink(missing_ok=True)


def plan(folder: Path, marks: Marks, *, today: date) -> Plan:
    """What `marks` change in the guides of `folder`; reads files and writes none.

    Raises FaultyFiles with everything that is wrong: cells that cannot be read, places that are not there or were
    changed since the export, and what the catalogue's own rules refuse.
    """
    return _Planner(folder.resolve(), marks, today).plan()


class _Planner:
    def __init__(self, folder: Path, marks: Marks, today: date) -> None:
        self.folder, self.marks, self.today = folder, marks, today
        self.reading: Reading = read_folder(folder)
        self.guides = {guide.id: guide for guide in self.reading.guides}
        self.faults: list[Fault] = list(marks.faults)
        self.changes: dict[str, list[Change]] = {}
        self.corrections = 0
        self.reviews = 0

    def plan(self) -> Plan:
        additions = _by_item(self.marks.additions)
        for item, corrections in _by_item(self.marks.corrections).items():
            marked = [correction for correction in corrections if correction.text]
            if marked and (guide := self.guide(marked)):
                added = {addition.cells[layout.MATERIAL] for addition in additions.get(item, [])}
                self.correct(guide, Places(guide, corrections, added), marked)
        for rows in additions.values():
            if guide := self.guide(rows):
                self.add(guide, rows)
        for opinions in _by_item(self.marks.reviews).values():
            for opinion in opinions[1:]:
                self.faults.append(opinion.at.fault("这个事项的复核写了不止一行，请只留一行"))
            self.review(opinions[0])
        files = self.files()
        if self.faults:
            raise FaultyFiles(sorted(self.faults, key=_reading_order))
        return Plan(files, self.corrections, self.reviews)

    def guide(self, marks: Sequence[Correction | Addition | Opinion]) -> Guide | None:
        """The guide of some marks; where there is none, each of the marks is a fault."""
        item = marks[0].item
        if item in self.guides:
            return self.guides[item]
        if item in self.reading.ids:
            message = f"“{item}”的文件现在有错误，请先用 citizen-bot catalog check 检查、改好"
        else:
            message = f"没有“{item}”这个事项" if item else "没有写事项编号"
        self.faults.extend(mark.at.fault(message) for mark in marks)
        return None

    def change(self, guide: Guide, changes: Iterable[Change]) -> bool:
        """Whether there is anything to change."""
        wanted = list(changes)
        if wanted:
            self.changes.setdefault(guide.id, []).extend(wanted)
        return bool(wanted)

    def correct(self, guide: Guide, places: Places, corrections: Sequence[Correction]) -> None:
        rows = Counter(correction.place for correction in corrections)
        for correction in corrections:
            if rows[correction.place] > 1:
                self.faults.append(correction.at.fault("这一处改了不止一次，请只留一行"))
                continue
            try:
                self.corrections += self.change(guide, places.changes(correction))
            except ValueError as error:
                self.faults.append(correction.at.fault(str(error)))

    def add(self, guide: Guide, additions: Sequence[Addition]) -> None:
        known = {material.name: material for material in guide.materials}
        added: set[str] = set()
        for addition in additions:
            try:
                material = material_of(addition)
            except FaultyFiles as error:
                self.faults.extend(error.faults)
                continue
            at, name = addition.at.beside(layout.MATERIAL), material["name"]
            if name in added or (name in known and not same(material, known[name])):
                self.faults.append(at.fault(f"这个事项已经有“{name}”这份材料了"))
            elif name not in known:
                added.add(name)
                self.corrections += self.change(guide, [Change(at, ("materials",), material, appends=True)])

    def review(self, opinion: Opinion) -> None:
        exported = self.marks.states.get(opinion.item, ["", "", "", ""])
        if opinion.state == exported and not opinion.text:
            return
        if guide := self.guide([opinion]):
            faults = list(self.review_faults(opinion, exported, review_state(guide)))
            self.faults.extend(faults)
            self.reviews += not faults and self.change(guide, _review_changes(guide, opinion, exported))

    def review_faults(self, opinion: Opinion, exported: list[str], now: list[str]) -> Iterator[Fault]:
        if not opinion.by:
            yield opinion.at.beside(layout.BY).fault("复核要写明复核人")
        if opinion.on is None:
            yield opinion.at.beside(layout.ON).fault("复核要写明复核日期，如 2026-11-24")
        elif opinion.on > self.today:
            yield opinion.at.beside(layout.ON).fault(f"复核日期 {opinion.on} 还没到")
        if opinion.state != exported and now not in (exported, opinion.state):
            told = f"{now[0]} {now[1]}".strip() or "没有复核"
            yield opinion.at.beside(layout.BY).fault(f"这个事项的复核已经改过，现在是“{told}”，请重新导出后再改")

    def files(self) -> tuple[File, ...]:
        """The changed files, after the loader had a look at a copy of the folder that has them."""
        files: dict[str, File] = {}
        with tempfile.TemporaryDirectory() as scratch:
            shadow = Path(scratch, self.folder.name)
            shutil.copytree(self.folder, shadow, ignore=shutil.ignore_patterns(".*"))
            for item, changes in self.changes.items():
                name = guide_file(self.folder, self.guides[item])
                before = Path(scratch, name).read_bytes().decode()
                after = _changed(Path(scratch, name), changes)
                if after is None:
                    self.faults.append(changes[0].at.fault(f"改不进 {name}，它的写法特别，请在文件里改"))
                else:
                    files[item] = File(name, (self.folder.parent / name).resolve(), before, after)
            found = read_folder(shadow).faults if files else ()
        new = [fault for fault in found if fault not in self.reading.faults]
        for item, file in files.items():
            self.faults += self.blamed([fault for fault in new if fault.file == file.file], item, file)
        own = {file.file for file in files.values()}
        self.faults += [fault for fault in new if fault.file not in own]
        return tuple(files.values())

    def blamed(self, faults: Sequence[Fault], item: str, file: File) -> Iterator[Fault]:
        """The faults of a changed file, each at the cell that brings it in.

        That is the one that does so alone; what only several of them bring in is told at the nearest.
        """
        changes, messages, told = self.changes[item], {fault.message for fault in faults}, set[str]()
        for change in changes if faults else ():
            with tempfile.TemporaryDirectory() as scratch:
                path = Path(scratch, file.file)
                path.parent.mkdir(parents=True)
                path.write_bytes(file.before.encode())
                if (self.folder / ABOLISHED).exists():
                    shutil.copy(self.folder / ABOLISHED, path.parent.parent)
                _changed(path, [change])
                alone = read_folder(path.parent.parent).faults
            for fault in alone:
                if fault.message in messages:
                    told.add(fault.message)
                    yield _told(fault, change)
        for fault in faults:
            if fault.message not in told:
                near = [sum(fault.key.startswith(spell(one.path[:n])) for n in (1, None)) for one in changes]
                yield _told(fault, changes[near.index(max(near))])


def _told(fault: Fault, change: Change) -> Fault:
    """A fault at the cell of `change`. A new material has a column for each of its keys."""
    if change.removes and fault.message == MISSING:
        return change.at.fault("这一项必须有，不能全去掉")
    at, place = change.at, re.escape(spell(change.path)) + r"\[\d+\]" * change.appends
    below = re.fullmatch(rf"{place}\.?(.*)", fault.key)
    key = below[1] if below else fault.key
    name, _, rest = key.partition(".")
    if change.appends and name in layout.ADDITION_KEYS:
        at, key = at.beside(layout.ADDITION_KEYS[name]), rest
    return at.fault(f"{key}：{fault.message}" if key else fault.message)


def _changed(path: Path, changes: Sequence[Change]) -> str | None:
    """The text of the file at `path` with `changes`, written there and read back: None, and the file as it was, where
    it would not say what was meant."""
    before = path.read_bytes().decode()
    meant = read(path, path.name).data
    _apply(meant, changes)
    try:
        after = BOM * before.startswith(BOM) + edited(
            before.removeprefix(BOM),
            put={change.path: change.value for change in changes if change.puts},
            append=[(change.path, change.value) for change in changes if change.appends],
            remove={change.path for change in changes if change.removes},
            order=_order,
        )
        path.write_bytes(after.encode())
        if read(path, path.name).data == meant:
            return after
    except (LookupError, ValueError, yaml.YAMLError):
        pass
    path.write_bytes(before.encode())
    return None


def _review_changes(guide: Guide, opinion: Opinion, exported: list[str]) -> Iterator[Change]:
    review = guide.review
    if opinion.state != exported:
        certainty = {words.FLAGS[True]: "confirmed", "": "inferred"}
        for key, column, value in (
            ("state", layout.BY, "reviewed"),
            ("by", layout.BY, opinion.by),
            ("on", layout.ON, opinion.on),
            ("levels", layout.LEVELS, certainty[opinion.levels]),
            ("sharing", layout.SHARING, certainty[opinion.sharing]),
        ):
            if getattr(review, key) != value:
                yield Change(opinion.at.beside(column), ("review", key), value, puts=True)
    if opinion.text:
        said = "；".join(filter(None, map(str.strip, opinion.text.split("\n"))))
        doubt = f"意见（{opinion.by}，{opinion.on}）：{said}"
        if doubt not in review.doubts:
            yield Change(opinion.at.beside(layout.OPINION), ("review", "doubts"), doubt, appends=True)


def _apply(data: Any, changes: Sequence[Change]) -> None:
    """The changes on a guide's plain data, in the order in which `edited` makes them."""
    for change in changes:
        parent = _at(data, change.path[:-1])
        if change.puts:
            parent[change.path[-1]] = change.value
        elif change.appends:
            parent.setdefault(change.path[-1], []).append(change.value)
    removed = [change.path for change in changes if change.removes]
    for path in sorted(removed, key=lambda path: [part for part in path if isinstance(part, int)], reverse=True):
        parent = _at(data, path[:-1])
        del parent[path[-1]]
        if not parent and len(path) > 1:
            del _at(data, path[:-2])[path[-2]]


def _at(data: Any, path: KeyPath) -> Any:
    for part in path:
        data = data[part]
    return data


def _order(path: KeyPath) -> list[str]:
    """The keys of a guide's mapping at `path`, in the order of the manual."""
    schema: Any = GuideSchema()
    for part in path:
        if isinstance(part, str):
            schema = schema.fields[part].schema
    return list(schema.fields)


def _by_item(marks: Sequence[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for mark in marks:
        found.setdefault(mark.item, []).append(mark)
    return found


def _reading_order(fault: Fault) -> tuple[str, int]:
    """Sheet by sheet, row by row."""
    sheet, _, row = fault.file.partition(" 第")
    return sheet, int(row.removesuffix("行")) if row.endswith("行") and row[:-1].isdigit() else 0
