import pytest

from citizen_bot.catalog.loader import load
from citizen_bot.catalog.model import Catalogue, Division, Level, Site
from citizen_bot.catalog.places import (
    Gazetteer,
    home_of,
    nearest_sites,
    serving_site,
    site_of_town,
    towns,
)
from citizen_bot.catalog.snapshot import seal
from citizen_bot.settings import data_folder


@pytest.fixture(scope="module")
def city() -> Catalogue:
    return load(data_folder("guides"))


@pytest.fixture(scope="module")
def gazetteer(city: Catalogue) -> Gazetteer:
    return Gazetteer(city)


def site(code: str, level: Level, latitude: float | None, *, verified: bool = False) -> Site:
    return Site(
        code=code,
        name=code,
        official_name=code,
        level=level,
        parent=None,
        latitude=latitude,
        longitude=None if latitude is None else 121.5,
        verified=verified,
        address=None,
        phone=None,
    )


def codes(found: list[Division | Site]) -> list[str]:
    return [place.code for place in found]


def test_the_city_has_fifteen_towns(city: Catalogue) -> None:
    assert [town.name for town in towns(city)][:3] == ["城区街道", "夏村镇", "乳山口镇"]
    assert len(towns(city)) == 15


def test_every_village_and_community_is_found_by_its_name_and_leads_to_its_town(
    city: Catalogue, gazetteer: Gazetteer
) -> None:
    for division in city.divisions.values():
        found = gazetteer.find(division.name)
        assert division in found
        assert all(other.name == division.name for other in found)
        assert site_of_town(city, division).code == division.code[:9]


def test_a_towns_name_before_it_tells_villages_of_one_name_apart(city: Catalogue, gazetteer: Gazetteer) -> None:
    for division in city.divisions.values():
        town = city.sites[division.town].name
        assert gazetteer.find(town + division.name) == [division]
        assert gazetteer.find(f"乳山市{town}{division.name}") == [division]


def test_fourteen_village_names_occur_in_two_towns(city: Catalogue, gazetteer: Gazetteer) -> None:
    names = {division.name for division in city.divisions.values()}

    assert sum(len(gazetteer.find(name)) > 1 for name in names) == 14


@pytest.mark.parametrize(
    "text", ["府前社区", "府前", "府前居委会", "府前社区居委会", " 府 前 ", "城区街道府前", "城区府前社区"]
)
def test_a_community_is_found_however_it_is_called(gazetteer: Gazetteer, text: str) -> None:
    assert codes(gazetteer.find(text)) == ["371083001001"]


@pytest.mark.parametrize(
    "text",
    [
        "车门口",
        "车门口村",
        "车门口村委会",
        "徐家镇车门口",
        "乳山徐家镇车门口村委会",
        "山东省威海市乳山市徐家镇车门口村",
    ],
)
def test_a_village_is_found_however_it_is_called(gazetteer: Gazetteer, text: str) -> None:
    assert codes(gazetteer.find(text)) == ["371083114220"]


def test_a_bare_name_may_be_a_village_or_a_community(gazetteer: Gazetteer) -> None:
    assert {division.name for division in gazetteer.find("东里")} == {"东里村", "东里社区"}
    assert {division.name for division in gazetteer.find("东里村")} == {"东里村"}
    assert {division.name for division in gazetteer.find("东里村委会")} == {"东里村"}
    assert {division.name for division in gazetteer.find("东里居委会")} == {"东里社区"}


@pytest.mark.parametrize("text", ["", "村", "社区", "没有的村", "乳山", "身份证丢了"])
def test_what_names_no_place_finds_none(gazetteer: Gazetteer, text: str) -> None:
    assert gazetteer.find(text) == []


def test_the_nearest_sites_come_first_with_their_distance() -> None:
    catalogue = seal([], [site("1", "town", 37.0), site("2", "town", 36.9), site("3", "town", None)])

    (first, near), (second, far) = nearest_sites(catalogue, 36.91, 121.5, limit=5, verified_only=True)

    assert (first.code, second.code) == ("2", "1")
    # A degree of latitude is 111.19 km on the sphere.
    assert near == pytest.approx(1.1119, abs=0.001)
    assert far == pytest.approx(10.007, abs=0.001)


def test_no_more_sites_than_asked_for(city: Catalogue) -> None:
    assert len(nearest_sites(city, 36.9, 121.5, limit=3, verified_only=True)) == 3


def test_an_unverified_station_is_told_only_where_that_is_allowed() -> None:
    catalogue = seal(
        [],
        [
            site("1", "village", 36.9),
            site("2", "community", 36.9),
            site("3", "village", 36.9, verified=True),
            site("4", "town", 36.9),
            site("5", "city", 36.9),
        ],
    )

    def told(*, verified_only: bool) -> list[str]:
        return [site.code for site, _ in nearest_sites(catalogue, 36.9, 121.5, limit=9, verified_only=verified_only)]

    assert told(verified_only=True) == ["3", "4", "5"]
    assert told(verified_only=False) == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("我是徐家镇东峒岭村的，低保去哪办", ["东峒岭村"]),
        ("俺村是东里村委会那块", ["东里村"]),
        ("府前居委会怎么走", ["府前社区"]),
        ("住在夏村，办低保去哪", ["夏村镇"]),
        ("徐家镇的徐家村", ["徐家村"]),
        ("姜家村", ["姜家村", "姜家村"]),
        ("俺是东井口的", ["东井口村"]),
        ("乳山口镇毛家", ["毛家村"]),
        ("夏村的冷家", ["冷家村"]),
        ("我不是东里村的，我是西里村的", ["西里村"]),
        ("婆家是育黎的，娘家是午极的", ["育黎镇", "午极镇"]),
        ("这事怎么办的", []),
        ("夏村镇姜家村", ["姜家村"]),
        ("身份证丢了怎么补", []),
        ("", []),
    ],
)
def test_places_are_found_within_a_sentence(gazetteer: Gazetteer, text: str, names: list[str]) -> None:
    assert [place.name for place in gazetteer.find(text)] == names


def test_a_town_named_beside_tells_villages_of_one_name_apart(gazetteer: Gazetteer, city: Catalogue) -> None:
    for division in city.divisions.values():
        town = city.sites[division.town].name
        assert gazetteer.find(f"我家在{town}，{division.name}的") == [division]


def _chain(*sites: Site) -> Catalogue:
    return seal([], sites, [Division("371083001001", "府前社区", "community", "371083001")])


def test_the_nearest_level_that_takes_the_item_serves(city: Catalogue) -> None:
    def place(code: str, level: Level, *, verified: bool = True) -> Site:
        return site(code, level, None, verified=verified)

    station = place("371083001001", "community")
    hall, town = place("371083", "city", verified=False), place("371083001", "town", verified=False)
    home = Division("371083001001", "府前社区", "community", "371083001")
    everywhere = city.guides["elderly-age-allowance"]
    city_only = city.guides["marriage-registration"]
    catalogue = _chain(hall, town, station)

    assert serving_site(catalogue, home, everywhere, unverified=False) == station
    assert serving_site(catalogue, home, None, unverified=False) == station
    assert serving_site(catalogue, home, city_only, unverified=False) == hall
    assert serving_site(catalogue, town, everywhere, unverified=False) == town
    unsure = place("371083001001", "community", verified=False)
    assert serving_site(_chain(hall, town, unsure), home, everywhere, unverified=False) == town
    assert serving_site(_chain(hall, town, unsure), home, everywhere, unverified=True) == unsure
    assert serving_site(_chain(town), home, city_only, unverified=True) is None
    assert home_of(catalogue, home.code) == home
    assert home_of(catalogue, town.code) == town
    assert home_of(catalogue, "371083") is None, "nobody lives in the hall"


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("我是徐家镇东峒岭村的", True),
        ("俺家在夏村", True),
        ("户口在诸往镇", True),
        ("奶奶住在大孤山镇的村里", True),
        ("户口迁到夏村镇要带什么", False),
        ("我要去夏村镇办事", False),
        ("我爸在海阳所那边一个工地干活", False),
        ("夏村镇便民服务中心怎么走", False),
    ],
)
def test_only_what_is_said_to_be_home_is_home(gazetteer: Gazetteer, text: str, own: bool) -> None:
    assert gazetteer.find(text)
    assert gazetteer.own(text) is own
