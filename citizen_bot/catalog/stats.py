"""What the catalogue holds, counted: for the office, which has to tell how far the policy is met."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from citizen_bot.catalog import words
from citizen_bot.catalog.model import Catalogue, Guide
from citizen_bot.catalog.schemas import KINDS, WINDOWS

# Of the items that a community station takes, this part should be done online.
TARGET_LEVEL = "community"
TARGET_SHARE = 0.5

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Online:
    """How many items there are, how many can be done online, and their part of one (0 where there are none)."""

    items: int
    online: int
    share: float


@dataclass(frozen=True, slots=True)
class Stats:
    """Numbers of items. `levels`: an item counts at each of its levels. `visits` has the keys "0", "1" and "2+".

    `target_met`: whether TARGET_SHARE of the items at TARGET_LEVEL can be done online. `levels_confirmed` and
    `sharing_confirmed`: items of which the office has confirmed that; for all others it is a reconstruction.
    """

    hash: str
    all: Online
    levels: Mapping[str, Online]
    target_met: bool
    departments: Mapping[str, int]
    windows: Mapping[str, int]
    kinds: Mapping[str, int]
    visits: Mapping[str, int]
    confidences: Mapping[str, int]
    states: Mapping[str, int]
    levels_confirmed: int
    sharing_confirmed: int
    with_situations: int


def stats(catalogue: Catalogue) -> Stats:
    guides = tuple(catalogue.guides.values())

    def counted(key: Callable[[Guide], K], known: Iterable[K]) -> dict[K, int]:
        counts = Counter(map(key, guides))
        return {word: counts[word] for word in known}

    departments = Counter(guide.department for guide in guides)
    levels = {level: _online(guide for guide in guides if level in guide.levels) for level in words.LEVELS}
    return Stats(
        hash=catalogue.hash,
        all=_online(guides),
        levels=levels,
        target_met=levels[TARGET_LEVEL].share >= TARGET_SHARE,
        departments=dict(sorted(departments.items(), key=lambda entry: (-entry[1], entry[0]))),
        windows=counted(lambda guide: guide.window, WINDOWS),
        kinds=counted(lambda guide: guide.kind, KINDS),
        visits=counted(lambda guide: str(guide.visits) if guide.visits < 2 else "2+", ("0", "1", "2+")),
        confidences=counted(lambda guide: guide.review.confidence, words.CONFIDENCES),
        states=counted(lambda guide: guide.review.state, words.STATES),
        levels_confirmed=sum(guide.review.levels == "confirmed" for guide in guides),
        sharing_confirmed=sum(guide.review.sharing == "confirmed" for guide in guides),
        with_situations=sum(bool(guide.situations) for guide in guides),
    )


def table(found: Stats) -> str:
    """`found` for people: Chinese headings, columns aligned for a terminal's fixed width."""
    return "\n".join(_lines(found))


def _online(guides: Iterable[Guide]) -> Online:
    flags = [guide.online.available for guide in guides]
    return Online(items=len(flags), online=sum(flags), share=round(sum(flags) / len(flags), 4) if flags else 0.0)


def _lines(found: Stats) -> Iterator[str]:
    total = found.all.items
    yield f"共 {total} 个事项，能网办的 {found.all.online} 个（{found.all.share:.1%}）"
    yield ""
    yield from _rows(
        ("哪一级能办", "事项", "能网办", "占比"),
        ((words.LEVELS[level], part.items, part.online, f"{part.share:.1%}") for level, part in found.levels.items()),
    )
    yield "一个事项几级都能办的，每级各算一次。"
    met = "达到" if found.target_met else "未达到"
    yield f"政策要求社区站不低于{TARGET_SHARE:.0%}：{met}（现在 {found.levels[TARGET_LEVEL].share:.1%}）"
    yield f"哪一级能办哪些事项是推断的，核对以前只能参考（已核对 {found.levels_confirmed} 个，共 {total} 个）。"
    visits = {"0": "不用跑", "1": "跑一趟", "2+": "跑两趟以上"}
    for heading, counts in (
        ("部门", found.departments),
        ("窗口", found.windows),
        ("类别", found.kinds),
        ("跑几趟", _named(found.visits, visits)),
        ("把握", _named(found.confidences, words.CONFIDENCES)),
        ("复核", _named(found.states, words.STATES)),
        (
            "其中",
            {
                "哪一级能办已核对": found.levels_confirmed,
                "共享材料已核对": found.sharing_confirmed,
                "材料分情形": found.with_situations,
            },
        ),
    ):
        yield ""
        yield from _rows((heading, "事项"), counts.items())


def _named(counts: Mapping[str, int], names: Mapping[str, str]) -> dict[str, int]:
    return {names[key]: count for key, count in counts.items()}


def _rows(heading: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    """The first column to the left, the others, which are numbers, to the right."""
    texts = [heading, *(tuple(str(value) for value in row) for row in rows)]
    widths = [max(map(_width, column)) for column in zip(*texts, strict=True)]
    for first, *others in texts:
        cells = [first + " " * (widths[0] - _width(first))]
        cells += [" " * (width - _width(text)) + text for text, width in zip(others, widths[1:], strict=True)]
        yield "  ".join(cells)


def _width(text: str) -> int:
    """In columns of a terminal: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
