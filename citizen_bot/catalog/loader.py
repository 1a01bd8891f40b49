"""From the files of a catalogue's folder to the catalogue, with every fault of every file at once.

    <folder>/<department>/<id>.yaml    a service item
    <folder>/places/sites.yaml         hall, town centres, stations
    <folder>/places/divisions.yaml     villages and urban communities
    <folder>/life-events/<id>.yaml     life events: several items that belong together
    <folder>/abolished.yaml            papers that nobody may ask for any more

docs/guides.zh-CN.md explains the files to those who write them.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marshmallow import Schema

from citizen_bot.catalog import schemas, snapshot
from citizen_bot.catalog.model import Catalogue, Division, Guide, LifeEvent, Site
from citizen_bot.documents import Document, Fault, FaultyFiles, KeyPath, checked, read

PLACES = "places"
EVENTS = "life-events"
ABOLISHED = "abolished.yaml"
SITES = "sites.yaml"
DIVISIONS = "divisions.yaml"

# Phone numbers change and cannot be checked here, so a guide names whom to ask. Short national hotlines (12345,
# 12333 …) are the same everywhere and do not look like these.
PHONE = re.compile(
    r"""(?<!\d)(?:
        \d{11}                                   # mobile, or area code and number
      | 1[3-9]\d(?:[ -]\d{4}){2}                 # mobile in groups
      | \(?0\d{2,3}\)?[ -]?\d{7,8}               # area code and number
      | [48]00[ -]?\d{3}[ -]?\d{4}               # service number
      | (?<=(?:电话|热线|拨打|致电))[ :]?\d{7,8}   # local number
    )(?!\d)""",
    re.VERBOSE,
)
URL = re.compile(r"https?://[^\s\u4e00-\u9fff]+")


@dataclass(frozen=True, slots=True)
class Reading:
    """What could be read: the entries without faults, and all faults. `ids` are those of every guide file."""

    guides: tuple[Guide, ...]
    sites: tuple[Site, ...]
    divisions: tuple[Division, ...]
    events: tuple[LifeEvent, ...]
    ids: frozenset[str]
    faults: tuple[Fault, ...]

    def catalogue(self) -> Catalogue:
        """Raises FaultyFiles where there are faults."""
        if self.faults:
            raise FaultyFiles(self.faults)
        return snapshot.seal(self.guides, self.sites, self.divisions, self.events)


def load(folder: Path) -> Catalogue:
    """The catalogue of `folder`.

    Raises FaultyFiles with every fault of every file; a catalogue is loaded whole or not at all.
    """
    return read_folder(folder).catalogue()


def read_folder(folder: Path) -> Reading:
    """Reads and checks every file. Never raises for what stands in them."""
    reader = _Reader(folder.resolve())
    return reader.read()


def guide_file(folder: Path, guide: Guide) -> str:
    """The name of a guide's file as faults and warnings tell it."""
    return f"{folder.resolve().name}/{guide.department}/{guide.id}.yaml"


class _Reader:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.guide_schema = schemas.GuideSchema()
        self.faults: list[Fault] = []
        self.guides: list[Guide] = []
        self.files_of_ids: dict[str, str] = {}
        self.files_of_names: dict[str, str] = {}
        self.abolished: tuple[tuple[str, str], ...] = ()

    def read(self) -> Reading:
        self.read_abolished()
        guides = []
        for path in sorted(path for path in self.folder.rglob("*") if self.is_yaml(path)):
            if self.is_guide(path):
                guides.append(path)
                self.read_guide(path)
        if not guides:
            self.faults.append(Fault(self.folder.name, None, "", "这里一个事项也没有"))
        sites = self.read_sites()
        divisions = self.read_divisions(sites)
        events = self.read_events(frozenset(path.stem for path in guides))
        return Reading(
            guides=tuple(self.guides),
            sites=sites,
            divisions=divisions,
            events=events,
            ids=frozenset(path.stem for path in guides),
            faults=tuple(sorted(self.faults, key=lambda fault: (fault.file, fault.line or 0))),
        )

    def is_yaml(self, path: Path) -> bool:
        hidden = any(part.startswith(".") for part in path.relative_to(self.folder).parts)
        return path.suffix.lower() in (".yaml", ".yml") and not hidden and not path.is_dir()

    def file(self, path: Path) -> str:
        return f"{self.folder.name}/{path.relative_to(self.folder).as_posix()}"

    def load(self, path: Path, schema: Schema) -> tuple[Document, Any]:
        """The document and the checked data, None where there is a fault."""
        document = read(path, self.file(path))
        data, faults = checked(document, schema)
        self.faults.extend(faults)
        return document, data

    def is_guide(self, path: Path) -> bool:
        """Whether it stands where guides stand; what looks like a guide anywhere else is a fault."""
        if path.parent in (self.folder / PLACES, self.folder / EVENTS) or path == self.folder / ABOLISHED:
            return False
        right_place = path.parent.parent == self.folder and path.suffix == ".yaml"
        if not right_place:
            data = read(path, self.file(path)).data
            if isinstance(data, dict) and "id" in data:
                self.faults.append(Fault(self.file(path), None, "", "事项应放在部门的文件夹里，文件名以 .yaml 结尾"))
        return right_place

    def read_guide(self, path: Path) -> None:
        document, data = self.load(path, self.guide_schema)
        if not isinstance(document.data, dict):
            return
        department = (("department", path.parent.name, "文件夹"),)
        faults = [*_phones(document), *self.check_place(path, document, department), *self.check_unique(document)]
        guide = None if data is None else snapshot.build(Guide, data)
        if guide is not None:
            faults += self.check_abolished(document, guide)
        self.faults.extend(faults)
        if guide is not None and not faults:
            self.guides.append(guide)

    def read_abolished(self) -> None:
        path = self.folder / ABOLISHED
        if path.exists():
            _, data = self.load(path, schemas.AbolishedPapersSchema())
            self.abolished = tuple((entry["paper"], entry["why"]) for entry in (data or {"papers": []})["papers"])

    def check_abolished(self, document: Document, guide: Guide) -> Iterator[Fault]:
        for position, material in enumerate(guide.materials):
            for paper, why in self.abolished:
                if paper in material.name:
                    yield document.fault(("materials", position, "name"), f"不能再要“{paper}”：{why}")

    def read_events(self, ids: frozenset[str]) -> tuple[LifeEvent, ...]:
        """`ids` are those of all guide files; what a faulty guide holds is not known and not asked about."""
        guides = {guide.id: guide for guide in self.guides}
        events = []
        for path in sorted((self.folder / EVENTS).glob("*.yaml")):
            document, data = self.load(path, schemas.LifeEventSchema())
            if not isinstance(document.data, dict):
                continue
            faults = [*_phones(document), *self.check_place(path, document), *self.check_unique(document)]
            event = None if data is None else snapshot.build(LifeEvent, data)
            if event is not None and data is not None:
                faults += _event_faults(document, data, event, guides, ids)
            self.faults.extend(faults)
            if event is not None and not faults:
                events.append(event)
        return tuple(events)

    def check_place(self, path: Path, document: Document, more: Iterable[tuple[str, str, str]] = ()) -> Iterator[Fault]:
        for key, expected, where in (("id", path.stem, "文件名"), *more):
            value = document.data.get(key)
            if isinstance(value, str) and unicodedata.normalize("NFC", value) != unicodedata.normalize("NFC", expected):
                yield document.fault((key,), f"应和{where}一样，是“{expected}”，现在是“{value}”")

    def check_unique(self, document: Document) -> Iterator[Fault]:
        for key, files in (("id", self.files_of_ids), ("name", self.files_of_names)):
            value = document.data.get(key)
            if isinstance(value, str):
                other = files.setdefault(value, document.file)
                if other != document.file:
                    yield document.fault((key,), f"“{value}”在 {other} 里已经有了")

    def read_sites(self) -> tuple[Site, ...]:
        path = self.folder / PLACES / SITES
        if not path.exists():
            return ()
        document, data = self.load(path, schemas.SitesSchema())
        if data is None:
            return ()
        city = data["city"]
        found: list[tuple[KeyPath, Site]] = [(("city",), _site(city, "city", None))]
        for position, town in enumerate(data["towns"]):
            key: KeyPath = ("towns", position)
            found.append((key, _site(town, "town", city["code"])))
            found.extend((inner, _site(one, level, town["code"])) for inner, level, one in _below(key, town))
        self.faults.extend(_misplaced(document, ((key, site.code, site.parent) for key, site in found)))
        return tuple(site for _, site in found)

    def read_divisions(self, sites: tuple[Site, ...]) -> tuple[Division, ...]:
        path = self.folder / PLACES / DIVISIONS
        if not path.exists():
            return ()
        document, data = self.load(path, schemas.DivisionsSchema())
        if data is None:
            return ()
        towns = {site.code: site.name for site in sites if site.level == "town"}
        found = []
        for position, town in enumerate(data["towns"]):
            key = ("towns", position)
            if sites and towns.get(town["code"]) != town["name"]:
                self.faults.append(
                    document.fault((*key, "code"), f"{SITES} 里没有代码是“{town['code']}”的“{town['name']}”")
                )
            for inner, level, one in _below(key, town):
                found.append((inner, Division(code=one["code"], name=one["name"], level=level, town=town["code"])))
        self.faults.extend(_misplaced(document, ((key, division.code, division.town) for key, division in found)))
        return tuple(division for _, division in found)


def _below(key: KeyPath, town: Mapping[str, Any]) -> Iterator[tuple[KeyPath, Any, Mapping[str, Any]]]:
    """What lies below a town, as (key path, level, entry)."""
    for name, level in (("communities", "community"), ("villages", "village")):
        for position, entry in enumerate(town[name]):
            yield (*key, name, position), level, entry


def _site(entry: Mapping[str, Any], level: Any, parent: str | None) -> Site:
    return Site(
        code=entry["code"],
        name=entry["name"],
        # The rule for stations' official names; a centre's is always written out.
        official_name=entry["official_name"] or f"{entry['name']}便民服务站",
        level=level,
        parent=parent,
        latitude=entry["latitude"],
        longitude=entry["longitude"],
        verified=entry["verified"],
        address=entry["address"],
        phone=entry["phone"],
    )


def _misplaced(document: Document, found: Iterable[tuple[KeyPath, str, str | None]]) -> Iterator[Fault]:
    """Codes that stand twice, or below a place that they do not belong to: a code begins with its parent's."""
    seen: set[str] = set()
    for key, code, parent in found:
        if code in seen:
            yield document.fault((*key, "code"), f"“{code}”前面已经有了")
        seen.add(code)
        if parent is not None and not code.startswith(parent):
            yield document.fault((*key, "code"), f"应以上级的代码“{parent}”开头，现在是“{code}”")


def _event_faults(
    document: Document, data: Any, event: LifeEvent, guides: Mapping[str, Guide], ids: frozenset[str]
) -> Iterator[Fault]:
    """Items and answers that do not exist, and papers that none of the items asks for or that two entries claim."""
    for position, entry in enumerate(event.items):
        if entry.item not in ids:
            yield document.fault(("items", position, "item"), f"没有“{entry.item}”这个事项")
    if any(entry.item not in guides for entry in event.items):
        return
    for position, entry in enumerate(data["items"]):
        choices = {situation.id: situation.choices for situation in guides[entry["item"]].situations}
        for situation, messages in schemas.unknown_answers(entry["given"], choices).items():
            yield document.fault(("items", position, "given", situation), messages[0])
    papers = {material.name for entry in event.items for material in guides[entry.item].materials}
    claimed: set[str] = set()
    for position, paper in enumerate(event.same_papers):
        for place, name in enumerate(paper.covers):
            key = ("same_papers", position, "covers", place)
            if name not in papers:
                yield document.fault(key, f"这几个事项里没有“{name}”这份材料")
            elif name in claimed:
                yield document.fault(key, f"“{name}”前面已经归到别的材料里了")
            claimed.add(name)


def _phones(document: Document) -> Iterator[Fault]:
    for key, text in document.texts():
        plain = URL.sub(" ", unicodedata.normalize("NFKC", text))
        if number := PHONE.search(plain):
            message = f"“{number.group().strip()}”像电话号码；号码会变，指南里应写问哪个单位，或写 12345 这样的全国热线"
            yield document.fault(key, message)
