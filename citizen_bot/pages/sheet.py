"""A notice on one side of A4: how large the type may be, and what is left to the page behind the QR code."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from citizen_bot.notices.text import Section

# Two columns of an A4 sheet below the title, in mm, as sheet.css lays them out.
COLUMN_WIDTH, COLUMN_HEIGHT, COLUMNS = 89.0, 222.0, 2
# Points of the type, largest first: sheet.css has a class for each.
SIZES = (14, 13, 12, 11, 10, 9)
MM = 25.4 / 72
LINE_HEIGHT = 1.4
# What a heading takes beside its own line, in lines.
HEADING_SPACE = 0.9
# A line breaks before a full stop or a Latin word: not every place of it is filled.
FILLED = 0.93


@dataclass(frozen=True, slots=True)
class Sheet:
    """`size` is the type in points; `left_out` are the headings that are only on the page."""

    size: int
    sections: tuple[Section, ...]
    left_out: tuple[str, ...]

    @classmethod
    def of(cls, sections: Sequence[Section]) -> "Sheet":
        """The largest type in which everything fits; in the smallest, the last sections are left out one by one."""
        for size in SIZES:
            if _fits(sections, size):
                return cls(size, tuple(sections), ())
        kept = list(sections)
        while len(kept) > 1 and not _fits(kept, SIZES[-1]):
            kept.pop()
        return cls(SIZES[-1], tuple(kept), tuple(section.heading for section in sections[len(kept) :]))


def _fits(sections: Iterable[Section], size: int) -> bool:
    lines = sum(_lines(section, size) for section in sections)
    return lines * size * MM * LINE_HEIGHT <= COLUMN_HEIGHT * COLUMNS


def _lines(section: Section, size: int) -> float:
    places = COLUMN_WIDTH / (size * MM) * FILLED - 1
    return 1 + HEADING_SPACE + sum(math.ceil(_width(line) / places) for line in section.lines)


def _width(text: str) -> float:
    """In places of a Chinese character; Latin letters and digits take little more than half of one."""
    return sum(0.6 if character.isascii() else 1.0 for character in text)
