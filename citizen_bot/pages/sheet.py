"""A notice on one side of A4: how large the type may be, and what is left to the page behind the QR code."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from citizen_bot.notices.text import Section

# Two columns of an A4 sheet below the title, in mm, as sheet.css lays them out; a little of the height is kept free,
# because lines are only estimated here.
COLUMN_WIDTH, COLUMN_HEIGHT, COLUMNS = 89.0, 226.0, 2
# Points of the type, largest first: sheet.css has a class for each.
SIZES = (14, 13, 12, 11, 10, 9)
MM = 25.4 / 72
LINE_HEIGHT = 1.35
# Above a heading, in lines.
HEADING_SPACE = 0.4
# The mark before a line, and what a line loses on average because it may not break everywhere, in characters.
MARK, LOST = 1.2, 0.8


@dataclass(frozen=True, slots=True)
class Sheet:
    """`size` is the type in points. `left_out` are the headings that are only on the page, each with how many of its
    lines are not on the sheet."""

    size: int
    sections: tuple[Section, ...]
    left_out: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, sections: Sequence[Section]) -> "Sheet":
        """The largest type in which everything fits; in the smallest, lines are left out from the end."""
        for size in SIZES:
            if _fits(sections, size):
                return cls(size, tuple(sections), ())
        kept: list[Section] = []
        left_out: list[tuple[str, int]] = []
        for section in sections:
            lines = () if left_out else _fitting(kept, section)
            if lines:
                kept.append(replace(section, lines=lines))
            if len(lines) < len(section.lines):
                left_out.append((section.heading, len(section.lines) - len(lines)))
        return cls(SIZES[-1], tuple(kept), tuple(left_out))


def _fitting(kept: Sequence[Section], section: Section) -> tuple[str, ...]:
    """The first lines of `section` that fit after `kept` and leave room for saying what was left out."""
    note = Section("basis", "", ("",) * 2)
    return next(
        (
            section.lines[:count]
            for count in range(len(section.lines), 0, -1)
            if _fits([*kept, replace(section, lines=section.lines[:count]), note], SIZES[-1])
        ),
        (),
    )


def _fits(sections: Iterable[Section], size: int) -> bool:
    lines = sum(_lines(section, size) for section in sections)
    return lines * size * MM * LINE_HEIGHT <= COLUMN_HEIGHT * COLUMNS


def _lines(section: Section, size: int) -> float:
    places = COLUMN_WIDTH / (size * MM) - MARK - LOST
    return 1 + HEADING_SPACE + sum(math.ceil(_width(line) / places) for line in section.lines)


def _width(text: str) -> float:
    """In places of a Chinese character; Latin letters and digits take little more than half of one."""
    return sum(0.55 if character.isascii() else 1.0 for character in text)
