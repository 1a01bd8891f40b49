"""Where residents are served: towns, villages, communities and their sites. Pure functions over a catalogue."""

import math
import re
import unicodedata
from collections.abc import Collection, Iterable

from citizen_bot.catalog.model import Catalogue, Division, Guide, Level, Site

EARTH_RADIUS_KM = 6371.0

# What a resident adds to or leaves off a name.
_SUFFIX = re.compile(r"(?:社区居委会|社区居民委员会|村民委员会|居民委员会|村委会|居委会|村委|社区|村)$")
_CITY_PREFIX = re.compile(r"^(?:山东省?)?(?:威海市?)?(?:乳山市?(?!口|寨))?")
_TOWN_SUFFIX = re.compile(r"(?:街道办事处|街道办|街道|镇)$")
_ENDINGS = {"village": ("村", "村委会", "村民委员会"), "community": ("社区", "居委会", "居民委员会", "社区居委会")}
_DENIED = re.compile(r"(?:不是|不在|不住|没在)(?:在)?$")


def exists(site: Site) -> bool:
    """Whether residents may be told of it: the hall and the towns' centres stand, a station needs a verification."""
    return site.verified or site.level in ("city", "town")


def towns(catalogue: Catalogue) -> list[Site]:
    """The centres of the towns and streets, in the order of their codes."""
    return [site for site in catalogue.sites.values() if site.level == "town"]


def city_hall(catalogue: Catalogue) -> Site | None:
    """The city's hall; None where the catalogue has none."""
    return next((site for site in catalogue.sites.values() if site.level == "city"), None)


def home_of(catalogue: Catalogue, code: str) -> Division | Site | None:
    """The village, community or town of this code; None when the catalogue no longer has it."""
    if code in catalogue.divisions:
        return catalogue.divisions[code]
    site = catalogue.sites.get(code)
    return site if site and site.level == "town" else None


def has_own_place(guide: Guide) -> bool:
    """Whether the item is done at a place of its own (police station, marriage registry), which the guide describes:
    the nearest centre would be the wrong way."""
    return guide.where is not None and (guide.window == "单设窗口" or guide.levels == ("city",))


def serving_site(catalogue: Catalogue, home: Division | Site, guide: Guide | None, *, unverified: bool) -> Site | None:
    """The nearest site that serves somebody from `home`, with `guide` the nearest that takes the item.

    A village's or community's own station comes first, where there is one that may be told (`unverified`: also those
    that nobody has confirmed), then the town's centre, then the city's hall. Which level takes which item is the
    guide's word. None where none of them takes it.
    """
    town = home.town if isinstance(home, Division) else home.code
    chain = (catalogue.sites.get(home.code), catalogue.sites.get(town), city_hall(catalogue))
    for site in chain:
        if site and (exists(site) or unverified) and (guide is None or site.level in guide.levels):
            return site
    return None


def site_of_town(catalogue: Catalogue, division: Division) -> Site:
    """The centre of the town that serves `division`. Raises KeyError where the catalogue has no such town."""
    return catalogue.sites[division.town]


def nearest_sites(
    catalogue: Catalogue,
    latitude: float,
    longitude: float,
    *,
    limit: int,
    verified_only: bool,
    levels: Collection[Level] = ("city", "town", "community", "village"),
) -> list[tuple[Site, float]]:
    """The nearest sites of `levels` with their distance in km as the crow flies, nearest first; GCJ-02 degrees.

    Sites without coordinates are left out, with `verified_only` also those that `exists` does not vouch for.
    """
    found = [
        (site, _distance_km(latitude, longitude, site.latitude, site.longitude))
        for site in catalogue.sites.values()
        if site.latitude is not None
        and site.longitude is not None
        and site.level in levels
        and (exists(site) or not verified_only)
    ]
    return sorted(found, key=lambda entry: (entry[1], entry[0].code))[:limit]


class Gazetteer:
    """Finds the places of a catalogue in what residents write. Build once for a catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._town_of = {division.code: division.town for division in catalogue.divisions.values()}
        # Names that say by themselves that they are a place's, and bare ones, which may mean anything.
        self._named: dict[str, list[Division | Site]] = {}
        self._bare: dict[str, list[Division | Site]] = {}
        for division in catalogue.divisions.values():
            bare = _SUFFIX.sub("", division.name)
            for name in dict.fromkeys((division.name, *(bare + ending for ending in _ENDINGS[division.level]))):
                self._named.setdefault(name, []).append(division)
            self._bare.setdefault(bare, []).append(division)
        for town in towns(catalogue):
            for name in dict.fromkeys((town.name, _TOWN_SUFFIX.sub("", town.name))):
                self._named.setdefault(name, []).append(town)
        names = _any_of(self._named)
        bare = _any_of(name for name in self._bare if len(name) > 1 and name not in self._named)
        self._pattern = re.compile(names)
        # A bare name counts after 是, 住 … or a town's name, and at the end of a phrase.
        self._towns = {name: places[0] for name, places in self._named.items() if isinstance(places[0], Site)}
        towns_named = _any_of(self._towns)
        before, after = rf"(?:是|住在?|在|(?:{towns_named})的?)", r"(?=的|人|这|那|[，,。.、；;！!？?]|$)"
        self._in_phrase = re.compile(f"{before}({bare}){after}")
        whose, elsewhere = (
            r"(?:我|俺|咱|家|户口|住)[^，,。；;不没迁转搬去到]{0,6}?",
            r"(?!.{0,6}(?:打工|上班|工地|干活))",
        )
        self._own = re.compile(f"{whose}(?:{names}|{bare}){elsewhere}")

    def find(self, text: str) -> list[Division | Site]:
        """The place that `text` names: a village or community, or else a town; several where a name occurs more than
        once and no town is named beside it, or where several are named.

        A town's bare name (夏村) counts, a village's only with 村 or the like, after words like 我是 or a town's name,
        or when it is all that is said. What is denied (我不是东里村的) does not count.
        """
        text = _plain(text)
        if whole := self._whole(text):
            return whole
        found = [
            place
            for match in self._pattern.finditer(text)
            if not _DENIED.search(text[: match.start()])
            for place in self._named[match[0]]
        ]
        divisions = [place for place in found if isinstance(place, Division)]
        for match in self._in_phrase.finditer(text):
            if not divisions and not _DENIED.search(text[: match.start(1)]):
                divisions += [place for place in self._bare[match[1]] if isinstance(place, Division)]
        beside = {place.code for place in found if isinstance(place, Site)}
        inside = [division for division in divisions if division.town in beside]
        named: list[Division | Site] = [*(inside or divisions)] or found
        return list(dict.fromkeys(named))

    def own(self, text: str) -> bool:
        """Whether `text` says that a place that it names is where the speaker or the family lives."""
        return bool(self._own.search(_plain(text)))

    def without_names(self, text: str) -> str:
        """What `text` says besides the names of places."""
        text = _plain(text)
        return "" if self._whole(text) else self._pattern.sub("", self._in_phrase.sub("", text))

    def _whole(self, text: str) -> list[Division | Site]:
        """The places that the whole text is the name of, with or without 村, also after a town's or the city's name.

        A name as it is written comes before one that only matches without its ending: 东里村 is the village, 东里 the
        village and the community.
        """
        for name in dict.fromkeys((text, _CITY_PREFIX.sub("", text))):
            if found := self._named.get(name) or self._bare.get(name):
                return list(found)
            for town, site in self._towns.items():
                if name.startswith(town) and len(name) > len(town):
                    rest = name.removeprefix(town).removeprefix("的")
                    named = self._named.get(rest) or self._bare.get(rest) or []
                    if inside := [place for place in named if self._town_of.get(place.code) == site.code]:
                        return list(inside)
        return []


def _any_of(names: Iterable[str]) -> str:
    """A pattern for the longest of `names`; for none, one that never matches."""
    return "|".join(map(re.escape, sorted(names, key=len, reverse=True))) or r"(?!)"


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


def _distance_km(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """The great circle by the haversine formula."""
    here, there = math.radians(latitude), math.radians(other_latitude)
    across = math.radians(other_longitude - longitude)
    half = math.sin((there - here) / 2) ** 2 + math.cos(here) * math.cos(there) * math.sin(across / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(half))
