"""What an editor should know of a catalogue: its faults, and warnings that do not keep it from being published."""

import itertools
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from rapidfuzz import fuzz

from citizen_bot.catalog.events import merge
from citizen_bot.catalog.lists import MOST_QUESTIONS, most_questions
from citizen_bot.catalog.loader import DIVISIONS, EVENTS, PLACES, SITES, Reading, guide_file, read_folder
from citizen_bot.catalog.model import Catalogue, Guide, LifeEvent
from citizen_bot.documents import Fault

REVIEW_LASTS = timedelta(days=365)
# Two names for papers of a life event that are so much alike (0 to 100) may be one paper.
ALIKE = 80


@dataclass(frozen=True, slots=True)
class Report:
    """`catalogue` is None where there are faults. `drafts` names the files of unreviewed guides."""

    catalogue: Catalogue | None
    guides: int
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]
    drafts: tuple[str, ...]


def check(folder: Path, *, today: date) -> Report:
    """Reads the catalogue's files; `today` decides which reviews are too old."""
    reading = read_folder(folder)
    guides = reading.guides
    return Report(
        catalogue=None if reading.faults else reading.catalogue(),
        guides=len(reading.ids),
        faults=reading.faults,
        warnings=tuple(_warnings(folder, reading, today)),
        drafts=tuple(guide_file(folder, guide) for guide in guides if guide.review.state == "draft"),
    )


def normalised(text: str) -> str:
    """Text as it is compared: one width, one case, no blanks."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def _warnings(folder: Path, reading: Reading, today: date) -> Iterator[Fault]:
    for name in (SITES, DIVISIONS):
        if not (folder / PLACES / name).exists():
            yield Fault(f"{folder.resolve().name}/{PLACES}/{name}", None, "", "没有这个文件，居民就问不到办事地点")
    yield from _shared_names(folder, reading.guides)
    for guide in reading.guides:
        for key, message in _of_guide(guide, reading.ids, today):
            yield Fault(guide_file(folder, guide), None, key, message)
    guides = {guide.id: guide for guide in reading.guides}
    # What a faulty guide asks for is not known.
    for event in (e for e in reading.events if all(entry.item in guides for entry in e.items)):
        for one, other in _alike(event, guides):
            message = f"“{one}”和“{other}”是不是同一份材料？是的话写进 same_papers，不是就不用管"
            yield Fault(f"{folder.resolve().name}/{EVENTS}/{event.id}.yaml", None, "same_papers", message)


def _shared_names(folder: Path, guides: Iterable[Guide]) -> Iterator[Fault]:
    """Words that two items answer to: the one who asks by them gets a question back instead of an answer."""
    owners: dict[str, tuple[Guide, str]] = {normalised(guide.name): (guide, "正式名称") for guide in guides}
    for guide in guides:
        for alias in guide.aliases:
            owner, kind = owners.setdefault(normalised(alias), (guide, "别名"))
            if owner is not guide:
                message = f"“{alias}”也是 {guide_file(folder, owner)} 的{kind}"
                yield Fault(guide_file(folder, guide), None, "aliases", message)


def _alike(event: LifeEvent, guides: Mapping[str, Guide]) -> Iterator[tuple[str, str]]:
    names = [paper.name for paper in merge(event, guides)]
    for one, other in itertools.combinations(names, 2):
        if fuzz.ratio(one, other) >= ALIKE:
            yield one, other


def _of_guide(guide: Guide, ids: frozenset[str], today: date) -> Iterator[tuple[str, str]]:
    used = {condition.situation for material in guide.materials for condition in material.needed_if}
    used |= {condition.situation for refusal in guide.refusals for condition in refusal.refused_if}
    for situation in guide.situations:
        if situation.id not in used:
            yield "situations", f"情形“{situation.id}”没有用到"
    if (most := most_questions(guide)) > MOST_QUESTIONS:
        yield "situations", f"最多要问 {most} 个问题，应不超过 {MOST_QUESTIONS} 个；有的问题只在前面答了某一样时才要问"
    for other in guide.related:
        if other not in ids:
            yield "related", f"没有“{other}”这个事项"
    if guide.review.on is not None:
        if guide.review.on > today:
            yield "review.on", f"复核日期 {guide.review.on} 还没到"
        elif today - guide.review.on > REVIEW_LASTS:
            yield "review.on", f"上次复核是 {guide.review.on}，已超过一年，请再核一遍"
