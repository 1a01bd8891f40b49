"""A workbook that comes back: what the office filled in, with the row of each mark. Nothing is applied here.

Whatever stands in the file, reading ends soon: its size, packed and unpacked, rows, columns and cells are limited.
"""

import re
import unicodedata
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl

from citizen_bot.catalog import words
from citizen_bot.catalog.workbook import layout
from citizen_bot.documents import Fault, FaultyFiles

# An export of 166 guides has 1 MB, 7 MB unpacked and 17 000 rows.
MAX_BYTES = 20 * 1024 * 1024
MAX_UNPACKED = 64 * 1024 * 1024
MAX_ROWS = 100_000
MAX_COLUMNS = 40
MAX_CELL = 4_000

DAY = re.compile(r"(\d{4})(?:-|/|\.|年)(\d{1,2})(?:-|/|\.|月)(\d{1,2})日?")
YES = words.FLAGS[True]


@dataclass(frozen=True, slots=True)
class Where:
    """A cell as people find it."""

    sheet: str
    row: int
    column: str

    def beside(self, column: str) -> "Where":
        return replace(self, column=column)

    def fault(self, message: str) -> Fault:
        return Fault(f"{self.sheet} 第{self.row}行", None, self.column, message.replace("\n", " "))


@dataclass(frozen=True, slots=True)
class Correction:
    """A row of contents: `present` is what stood at `place` when it was exported, `text` what should, "" to keep it."""

    at: Where
    item: str
    place: str
    present: str
    text: str


@dataclass(frozen=True, slots=True)
class Addition:
    """A material to add: column → text, "" where nothing is written."""

    at: Where
    item: str
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Opinion:
    """A row of the sheet of reviews as it stands; `on` None where the cell is empty."""

    at: Where
    item: str
    by: str
    on: date | None
    levels: str
    sharing: str
    text: str

    @property
    def state(self) -> list[str]:
        """As `export.review_state` has it."""
        return [self.by, self.on.isoformat() if self.on else "", self.levels, self.sharing]


@dataclass(frozen=True, slots=True)
class Marks:
    """Everything that was filled in, and the rows of contents where nothing was.

    `states`: item → its review as it was exported (`export.review_state`). `faults` are cells that cannot be read;
    those marks are left out.
    """

    states: Mapping[str, list[str]]
    corrections: tuple[Correction, ...]
    additions: tuple[Addition, ...]
    reviews: tuple[Opinion, ...]
    faults: tuple[Fault, ...] = field(default=())


def read(path: Path) -> Marks:
    """Raises FaultyFiles with one sentence where the file as a whole cannot be used."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _unusable(path, f"文件太大，应不超过 {MAX_BYTES // 1024 // 1024} MB")
        with zipfile.ZipFile(path) as packed:
            unpacked = sum(member.file_size for member in packed.infolist())
        if unpacked > MAX_UNPACKED:
            raise _unusable(path, "文件展开后太大，不像是从这里导出的表格")
    except OSError as error:
        raise _unusable(path, f"读不出这个文件（{error.strerror or error}）") from error
    except zipfile.BadZipFile as error:
        raise _unusable(path, "不是 .xlsx 表格，或文件坏了；请用 Excel 或 WPS 另存为 .xlsx 再导入") from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(path, read_only=True)
            try:
                return _Reader(path, book).read()
            finally:
                book.close()
    except FaultyFiles:
        raise
    except Exception as error:  # a damaged file fails in the reader in more ways than can be listed
        raise _unusable(path, "这个表格坏了，读不出来；请重新导出，或用 Excel、WPS 另存为 .xlsx") from error


def _unusable(path: Path, message: str) -> FaultyFiles:
    return FaultyFiles([Fault(path.name, None, "", message)])


class _Reader:
    def __init__(self, path: Path, book: Any) -> None:
        self.path = path
        self.book = book
        self.faults: list[Fault] = []

    def read(self) -> Marks:
        states = self.states()
        corrections = tuple(self.corrections())
        additions = tuple(self.additions())
        reviews = tuple(self.reviews())
        return Marks(states, corrections, additions, reviews, tuple(self.faults))

    def states(self) -> dict[str, list[str]]:
        rows = [[_text(cell) for cell in row[:5]] for _, row in self.rows(layout.STATE)]
        if not rows or rows[0][:2] != ["format", str(layout.FORMAT)]:
            raise _unusable(self.path, "这个表格是别的版本导出的，请重新导出")
        return {item: [*state, "", "", "", ""][:4] for item, *state in rows[1:]}

    def corrections(self) -> Iterator[Correction]:
        for at, row in self.table(layout.CONTENTS, layout.CONTENT_COLUMNS):
            item, place, present = (_text(row[name]) for name in (layout.ITEM, layout.PLACE, layout.PRESENT))
            yield Correction(
                at.beside(layout.CORRECTION), item, place, present, self.filled(row, at, layout.CORRECTION)
            )

    def additions(self) -> Iterator[Addition]:
        for at, row in self.table(layout.ADDITIONS, layout.ADDITION_COLUMNS):
            before = len(self.faults)
            cells = {name: self.filled(row, at, name) for name in row}
            if any(cells.values()) and len(self.faults) == before:
                yield Addition(at, cells.pop(layout.ITEM), cells)

    def reviews(self) -> Iterator[Opinion]:
        for at, row in self.table(layout.REVIEWS, layout.REVIEW_COLUMNS):
            before = len(self.faults)
            item = _text(row[layout.ITEM])
            filled = {name: self.filled(row, at, name) for name in layout.REVIEW_FILLED}
            if not item and not any(filled.values()):
                continue
            on = self.day(row[layout.ON], filled[layout.ON], at.beside(layout.ON))
            for name in (layout.LEVELS, layout.SHARING):
                if filled[name] not in ("", *words.FLAGS.values()):
                    self.faults.append(at.beside(name).fault(f"应为“{YES}”，没有核对的空着，现在是“{filled[name]}”"))
            levels, sharing = (YES if filled[name] == YES else "" for name in (layout.LEVELS, layout.SHARING))
            if len(self.faults) == before:
                yield Opinion(at, item, filled[layout.BY], on, levels, sharing, filled[layout.OPINION])

    def rows(self, name: str) -> Iterator[tuple[int, tuple[Any, ...]]]:
        """The sheet's rows with their numbers, empty ones too."""
        if name not in self.book.sheetnames:
            raise _unusable(self.path, f"缺少“{name}”这张表，请重新导出")
        sheet = self.book[name]
        sheet.reset_dimensions()  # what the file says of its own size may be wrong
        for number, row in enumerate(sheet.iter_rows(max_row=MAX_ROWS + 1, max_col=MAX_COLUMNS), 1):
            if number > MAX_ROWS:
                raise _unusable(self.path, f"“{name}”的行太多，应不超过 {MAX_ROWS} 行")
            yield number, row

    def table(self, name: str, columns: Sequence[str]) -> Iterator[tuple[Where, dict[str, Any]]]:
        """The rows below the heading, by column, with their first cells; the columns may have changed places."""
        places: dict[str, int] = {}
        for number, row in self.rows(name):
            if number == 1:
                headings = [_text(cell) for cell in row]
                for column in columns:
                    if column not in headings:
                        raise _unusable(self.path, f"“{name}”缺少“{column}”这一列，请重新导出")
                    places[column] = headings.index(column)
            else:
                yield (
                    Where(name, number, layout.ITEM),
                    {column: row[n] if n < len(row) else None for column, n in places.items()},
                )
        if not places:
            raise _unusable(self.path, f"“{name}”是空的，请重新导出")

    def filled(self, row: Mapping[str, Any], at: Where, name: str) -> str:
        """The text of a cell that the office fills in; "" where it is empty or cannot be read."""
        kind, text, at = getattr(row[name], "data_type", None), _text(row[name]), at.beside(name)
        if kind == "f":
            self.faults.append(at.fault("不能写公式，请写成文字"))
        elif kind == "e":
            self.faults.append(at.fault(f"这一格算错了（{text}），请写成文字"))
        elif len(text) > MAX_CELL:
            self.faults.append(at.fault(f"字太多，应不超过 {MAX_CELL} 个字"))
        else:
            return text
        return ""

    def day(self, cell: Any, text: str, at: Where) -> date | None:
        """A day, as Excel has it or as text."""
        value = getattr(cell, "value", None)
        if isinstance(value, datetime):
            return value.date()
        try:
            if match := DAY.fullmatch(unicodedata.normalize("NFKC", text)):
                return date(*map(int, match.groups()))
        except ValueError:
            pass
        if text:
            self.faults.append(at.fault(f"应为日期，如 2026-11-24，现在是“{text}”"))
        return None


def _text(cell: Any) -> str:
    """A cell's value as people see it, without blanks around it."""
    value = getattr(cell, "value", None)
    if value is None:
        return ""
    if isinstance(value, bool):
        return words.FLAGS[value]
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime) and not any((value.hour, value.minute, value.second)):
        return value.date().isoformat()
    return str(value).strip()
