"""Where residents are served: towns, villages, communities and their sites. Pure functions over a catalogue."""

import math
import re
import unicodedata
from collections.abc import Iterable

from citizen_bot.catalog.model import Catalogue, Division, Site

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


def site_of_town(catalogue: Catalogue, division: Division) -> Site:
    """The centre of the town that serves `division`. Raises KeyError where the catalogue has no such town."""
    return catalogue.sites[division.town]


def find_division(catalogue: Catalogue, text: str) -> list[Division]:
    """The villages and communities that `text` names, with or without 村, 社区, 居委会, also after a town's name.

    A name as it is written comes before one that only matches without its ending: 东里村 is the village, 东里 the
    village and the community. Empty where nothing fits; several where a name occurs more than once.
    """
    name = "".join(unicodedata.normalize("NFKC", text).split())
    # The whole name first: 山东头村 does not begin with a province.
    return _find(catalogue, name) or _find(catalogue, _CITY_PREFIX.sub("", name))


def nearest_sites(
    catalogue: Catalogue, latitude: float, longitude: float, *, limit: int, verified_only: bool
) -> list[tuple[Site, float]]:
    """The nearest sites with their distance in km as the crow flies, nearest first; GCJ-02 degrees.

    Sites without coordinates are left out, with `verified_only` also those that `exists` does not vouch for.
    """
    found = [
        (site, _distance_km(latitude, longitude, site.latitude, site.longitude))
        for site in catalogue.sites.values()
        if site.latitude is not None and site.longitude is not None and (exists(site) or not verified_only)
    ]
    return sorted(found, key=lambda entry: (entry[1], entry[0].code))[:limit]


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
