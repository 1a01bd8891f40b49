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


def exists(site: Site) -> bool:
    """Whether residents may be told of it: the hall and the towns' centres stand, a station needs a verification."""
    return site.verified or site.level in ("city", "town")


def towns(catalogue: Catalogue) -> list[Site]:
    """The centres of the towns and streets, in the order of their codes."""
    return [site for site in catalogue.sites.values() if site.level == "town"]


def home_of(catalogue: Catalogue, code: str) -> Division | Site | None:
    """The village, community or town of this code; None when the catalogue no longer has it."""
    if code in catalogue.divisions:
        return catalogue.divisions[code]
    site = catalogue.sites.get(code)
    return site if site and site.level == "town" else None


def serving_site(catalogue: Catalogue, home: Division | Site, guide: Guide | None, *, unverified: bool) -> Site | None:
    """The nearest site that serves somebody from `home`, with `guide` the nearest that takes the item.

    A village's or community's own station comes first, where there is one that may be told (`unverified`: also those
    that nobody has confirmed), then the town's centre, then the city's hall. Which level takes which item is the
    guide's word. None where none of them takes it.
    """
    town = home.town if isinstance(home, Division) else home.code
    chain = (home.code, town, next((site.code for site in catalogue.sites.values() if site.level == "city"), None))
    for code in dict.fromkeys(chain):
        site = catalogue.sites.get(code) if code else None
        if site and (exists(site) or unverified) and (guide is None or site.level in guide.levels):
            return site
    return None


def site_of_town(catalogue: Catalogue, division: Division) -> Site:
    """The centre of the town that serves `division`. Raises KeyError where the catalogue has no such town."""
    return catalogue.sites[division.town]


def find_division(catalogue: Catalogue, text: str) -> list[Division]:
    """The villages and communities that `text` names, with or without 村, 社区, 居委会, also after a town's name.

    A name as it is written comes before one that only matches without its ending: 东里村 is the village, 东里 the
    village and the community. Empty where nothing fits; several where a name occurs more than once.
    """
    name = _plain(text)
    # The whole name first: 山东头村 does not begin with a province.
    return _find(catalogue, name) or _find(catalogue, _CITY_PREFIX.sub("", name))


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
        self._named: dict[str, list[Division | Site]] = {}
        for division in catalogue.divisions.values():
            for name in _spoken_names(division):
                self._named.setdefault(name, []).append(division)
        for town in towns(catalogue):
            for name in dict.fromkeys((town.name, _TOWN_SUFFIX.sub("", town.name))):
                self._named.setdefault(name, []).append(town)
        longest_first = sorted(self._named, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

    def find(self, text: str) -> list[Division | Site]:
        """The place that `text` names: a village or community, or else a town; several where a name occurs more than
        once and no town is named beside it. A town's bare name (夏村) counts, a village's only with 村 or the like.
        """
        found = [place for match in self._pattern.finditer(_plain(text)) for place in self._named[match[0]]]
        divisions = [place for place in found if isinstance(place, Division)]
        beside = {place.code for place in found if isinstance(place, Site)}
        inside = [division for division in divisions if division.town in beside]
        named: list[Division | Site] = [*(inside or divisions)] or found
        return list(dict.fromkeys(named))

    def without_names(self, text: str) -> str:
        """What `text` says besides the names of places."""
        return self._pattern.sub("", _plain(text))


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


def _spoken_names(division: Division) -> list[str]:
    """东里村, 东里村委会, 东里村民委员会; 府前社区, 府前居委会 …"""
    bare = _SUFFIX.sub("", division.name)
    endings = ("村", "村委会", "村民委员会") if division.level == "village" else ("社区", "居委会", "居民委员会")
    return list(dict.fromkeys([division.name, *(bare + ending for ending in endings)]))


def _find(catalogue: Catalogue, name: str) -> list[Division]:
    if found := _named(catalogue.divisions.values(), name):
        return found
    for town in towns(catalogue):
        for prefix in (town.name, _TOWN_SUFFIX.sub("", town.name)):
            if name.startswith(prefix):
                inside = [division for division in catalogue.divisions.values() if division.town == town.code]
                if found := _named(inside, name.removeprefix(prefix)):
                    return found
    return []


def _named(divisions: Iterable[Division], name: str) -> list[Division]:
    divisions = list(divisions)
    exact = [division for division in divisions if division.name == name]
    if exact or not name:
        return exact
    bare = _SUFFIX.sub("", name)
    ending = name.removeprefix(bare)
    return [division for division in divisions if _SUFFIX.sub("", division.name) == bare and _fits(ending, division)]


def _fits(ending: str, division: Division) -> bool:
    """村委会 is a village's, 居委会 and 社区 a community's, nothing may be either."""
    if not ending:
        return True
    return division.level == ("village" if ending.startswith("村") else "community")


def _distance_km(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """The great circle by the haversine formula."""
    here, there = math.radians(latitude), math.radians(other_latitude)
    across = math.radians(other_longitude - longitude)
    half = math.sin((there - here) / 2) ** 2 + math.cos(here) * math.cos(there) * math.sin(across / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(half))
