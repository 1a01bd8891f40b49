"""The catalogue as a workbook: what stands in the guides, and columns for the office to fill in."""

import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill, Protection
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from citizen_bot.catalog import words
from citizen_bot.catalog.model import Catalogue, Guide
from citizen_bot.catalog.schemas import FORMS, SOURCES
from citizen_bot.catalog.workbook import entries, layout

EMPTY_ROWS = 100
# One list of thousands of cells is more than some spreadsheet programs take.
CELLS_PER_CHOICE = 200
# The day of a review: the cell is a date, everything else that the office fills in is text.
DAY_FORMAT = "yyyy-mm-dd"
TEXT_FORMAT = "@"

HEADING = PatternFill("solid", fgColor="D9E1F2")
FILLED = PatternFill("solid", fgColor="FFF2CC")
WRAPPED = Alignment(wrap_text=True, vertical="top")
BOLD = Font(bold=True)

GUIDANCE = (
    "这份表格是从办事指南导出来的，请核对后发回。",
    "只填黄色的格子，别的格子锁着，不用动；不改的地方空着就行。",
    f"“{layout.REVIEWS}”：一个事项一行。核对完，填复核人和复核日期（如 2026-11-24），两样都要填。",
    "哪一级能办、哪些材料窗口能查到，是按通常情况推断的。对着目录核过了，就在那一格选“是”。",
    "有话要说，写在“意见”里。意见不会直接改指南，只记下来等编写的人处理；写意见也要填复核人和复核日期。",
    f"“{layout.CONTENTS}”：一行一处内容。写错了的，把正确的整句写在“更正”里；现在空着的，可以补上。",
    f"要去掉一处，在“更正”里写“{layout.REMOVE}”；写在“材料·名称”那一行，就是整份材料都不要了。",
    "“新增”那一行用来添一条条件、步骤、容易白跑的地方或依据；要添几条，在格子里按 Alt+Enter 换行，一行一条。",
    "有下拉箭头的格子请从里面选。“哪里能办”写几个的用顿号隔开，如：镇街、社区。",
    f"“{layout.ADDITIONS}”：要加的材料，一份一行，事项编号从“{layout.REVIEWS}”里抄。",
    "不是人人都要的材料，“谁需要”写一句话，“情形”写由哪个答案决定，如 reason=lost，英文名见“内容”里情形的括号。",
    "几个答案都要的写 reason=lost,first；要几个情形都符合的，用分号隔开。人人都要的，这两格空着。",
    "不要写电话号码，写问哪个单位，或写 12345 这样的全国热线。",
    "导出以后指南又改过的，导入时会说出是哪一行，那一行请重新导出再改。",
)


def export(catalogue: Catalogue, path: Path) -> None:
    """Writes the workbook; a file that is there already is replaced in one step. Raises OSError."""
    # First of all, so that a folder that cannot be written to is told before the work is done.
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".xlsx")
    os.close(handle)
    try:
        _Writer(catalogue).book.save(temporary)
        # mkstemp keeps the file to its owner; the office's colleagues have to open it.
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def review_state(guide: Guide) -> list[str]:
    """What the filled columns of a review stand at: by, on, levels, sharing; "" where nothing is confirmed."""
    review = guide.review
    confirmed = (words.FLAGS[True] if one == "confirmed" else "" for one in (review.levels, review.sharing))
    return [review.by or "", review.on.isoformat() if review.on else "", *confirmed]


class _Writer:
    """Writes the sheets of `book`, one row after the other."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.book = Workbook(write_only=True)
        self.styles: dict[tuple[object, ...], Any] = {}
        guides = list(catalogue.guides.values())
        self.guidance()
        self.reviews(guides)
        self.contents(guides)
        self.additions(len(guides))
        self.state(catalogue)

    def guidance(self) -> None:
        sheet = self.sheet(layout.GUIDANCE, (100,))
        for number, sentence in enumerate(GUIDANCE):
            sheet.append([self.cell(sheet, sentence if number == 0 else f"{number}. {sentence}", heading=number == 0)])

    def reviews(self, guides: Sequence[Guide]) -> None:
        sheet = self.sheet(layout.REVIEWS, (20, 22, 12, 16, 10, 8, 6, 44, 10, 10, 12, 12, 12, 36), frozen="C2")
        self.heading(sheet, layout.REVIEW_COLUMNS, layout.REVIEW_FILLED)
        for guide in guides:
            review = guide.review
            levels = [word for level, word in words.LEVELS.items() if level in guide.levels]
            told = [
                guide.id,
                guide.name,
                guide.department,
                "、".join(levels),
                guide.window,
                words.FLAGS[guide.online.available],
                words.CONFIDENCES[review.confidence],
                "\n".join(review.doubts),
                words.STATES[review.state],
            ]
            by, _, confirmed_levels, confirmed_sharing = review_state(guide)
            row = [self.cell(sheet, text) for text in told]
            row += [
                self.cell(sheet, by, filled=True),
                self.cell(sheet, review.on, filled=True, number_format=DAY_FORMAT),
            ]
            row += [self.cell(sheet, text, filled=True) for text in (confirmed_levels, confirmed_sharing, "")]
            sheet.append(row)
        last = len(guides) + 1
        for name in (layout.LEVELS, layout.SHARING):
            letter = get_column_letter(layout.REVIEW_COLUMNS.index(name) + 1)
            _choose(sheet, (words.FLAGS[True],), f"{letter}2:{letter}{last}")
        _finish(sheet, len(layout.REVIEW_COLUMNS), last, locked=True)

    def contents(self, guides: Sequence[Guide]) -> None:
        sheet = self.sheet(layout.CONTENTS, (20, 22, 24, 20, 52, 52), frozen="C2")
        self.heading(sheet, layout.CONTENT_COLUMNS, (layout.CORRECTION,))
        row = 1
        choices: dict[tuple[str, ...], list[str]] = {}
        for guide in guides:
            for entry in filter(lambda entry: entry.offered, entries.entries(guide).values()):
                row += 1
                told = (guide.id, guide.name, entry.title, entry.place)
                number = entry.kind.number and entry.value is not None
                present = self.cell(sheet, entry.value if number else entry.shown)
                sheet.append([*(self.cell(sheet, text) for text in told), present, self.cell(sheet, "", filled=True)])
                if entry.kind.words and not entry.kind.many:
                    choices.setdefault(tuple(entry.kind.words.values()), []).append(f"F{row}")
        for words_of_choice, cells in choices.items():
            for start in range(0, len(cells), CELLS_PER_CHOICE):
                _choose(sheet, words_of_choice, " ".join(cells[start : start + CELLS_PER_CHOICE]))
        _finish(sheet, len(layout.CONTENT_COLUMNS), row, locked=True)

    def additions(self, guides: int) -> None:
        sheet = self.sheet(layout.ADDITIONS, (20, 30, 14, 8, 16, 14, 30, 22, 30), frozen="A2")
        self.heading(sheet, layout.ADDITION_COLUMNS, layout.ADDITION_COLUMNS)
        for _ in range(EMPTY_ROWS):
            sheet.append([self.cell(sheet, "", filled=True) for _ in layout.ADDITION_COLUMNS])
        flags = tuple(words.FLAGS.values())
        for name, choice in ((layout.FORM, FORMS), (layout.SOURCE, SOURCES), (layout.SHARED, flags)):
            letter = get_column_letter(layout.ADDITION_COLUMNS.index(name) + 1)
            _choose(sheet, choice, f"{letter}2:{letter}{EMPTY_ROWS + 1}")
        items = DataValidation("list", f"'{layout.REVIEWS}'!$A$2:$A${guides + 1}", sqref=f"A2:A{EMPTY_ROWS + 1}")
        sheet.data_validations.append(items)
        _finish(sheet, len(layout.ADDITION_COLUMNS), EMPTY_ROWS + 1)

    def state(self, catalogue: Catalogue) -> None:
        sheet = self.book.create_sheet(layout.STATE)
        sheet.sheet_state = "veryHidden"
        sheet.append(["format", layout.FORMAT, catalogue.hash])
        for guide in catalogue.guides.values():
            sheet.append([self.cell(sheet, text) for text in (guide.id, *review_state(guide))])

    def sheet(self, name: str, widths: Iterable[int], *, frozen: str | None = None) -> Any:
        sheet = self.book.create_sheet(name)
        for number, width in enumerate(widths, 1):
            sheet.column_dimensions[get_column_letter(number)].width = width
        sheet.freeze_panes = frozen
        return sheet

    def heading(self, sheet: Any, columns: Sequence[str], filled: Sequence[str]) -> None:
        sheet.append([self.cell(sheet, name, filled=name in filled, heading=True) for name in columns])

    def cell(
        self, sheet: Any, value: Any, *, filled: bool = False, heading: bool = False, number_format: str = TEXT_FORMAT
    ) -> Any:
        """A cell; a text stays a text, whatever it begins with, and also when somebody edits the cell."""
        cell: Any = WriteOnlyCell(sheet, value=None if value == "" else value)
        text = isinstance(value, str) and value
        quoted = bool(text and text[0] in "=+-@'")
        style = (filled, heading, quoted, "General" if isinstance(value, int) else number_format)
        if style not in self.styles:
            # Looking a style up takes openpyxl longer than writing the cell.
            cell.alignment, cell.quotePrefix, cell.number_format = WRAPPED, quoted, style[-1]
            cell.protection = Protection(locked=heading or not filled)
            if heading:
                cell.font = BOLD
            if heading or filled:
                cell.fill = FILLED if filled else HEADING
            self.styles[style] = cell._style
        cell._style = self.styles[style]
        if text:
            cell.data_type = "s"
        return cell


def _choose(sheet: Any, choice: Sequence[str], cells: str) -> None:
    validation = DataValidation("list", f'"{",".join(choice)}"', allow_blank=True, sqref=cells)
    validation.showErrorMessage = True
    validation.errorTitle, validation.error = "请从列表里选", f"应为：{'、'.join(choice)}"
    sheet.data_validations.append(validation)


def _finish(sheet: Any, columns: int, rows: int, *, locked: bool = False) -> None:
    sheet.auto_filter.ref = f"A1:{get_column_letter(columns)}{rows}"
    if locked:
        # Against writing in the wrong column by mistake; there is no password. False is "allowed".
        sheet.protection.sheet = True
        for allowed in ("autoFilter", "sort", "formatColumns", "formatRows"):
            setattr(sheet.protection, allowed, False)
