import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citizen_bot.catalog.loader import load
from citizen_bot.catalog.model import Catalogue, Division, Guide, Site
from citizen_bot.catalog.snapshot import SnapshotError, dumps, hash_of, loads, seal
from citizen_bot.settings import data_folder

st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))

CATALOGUES = st.builds(
    seal,
    st.lists(st.from_type(Guide), max_size=2),
    st.lists(st.from_type(Site), max_size=2),
    st.lists(st.from_type(Division), max_size=2),
)


@pytest.fixture
def catalogue(write: Callable[..., Path], folder: Path) -> Catalogue:
    write()
    return load(folder)


@settings(max_examples=30, deadline=None)
@given(catalogue=CATALOGUES)
def test_any_catalogue_comes_back_as_it_was(catalogue: Catalogue) -> None:
    again = loads(dumps(catalogue))

    assert again == catalogue
    assert dumps(again) == dumps(catalogue)


def test_the_citys_catalogue_comes_back_as_it_was() -> None:
    catalogue = load(data_folder("guides"))

    assert loads(dumps(catalogue)) == catalogue


def test_the_hash_is_that_of_the_canonical_bytes(catalogue: Catalogue) -> None:
    assert catalogue.hash == hash_of(dumps(catalogue))
    assert loads(dumps(catalogue)).hash == catalogue.hash


def test_the_bytes_do_not_depend_on_the_order_of_the_models_fields(catalogue: Catalogue) -> None:
    plain = json.loads(dumps(catalogue))

    assert dumps(catalogue).decode() == json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def test_the_order_of_the_entries_does_not_matter(catalogue: Catalogue) -> None:
    (guide,) = catalogue.guides.values()
    other = dataclasses.replace(guide, id="another-card")

    assert seal([guide, other]) == seal([other, guide])
    assert list(seal([guide, other]).guides) == ["another-card", "senior-card"]


def test_every_change_changes_the_hash(catalogue: Catalogue) -> None:
    (guide,) = catalogue.guides.values()
    first, reason = guide.situations
    turned = dataclasses.replace(reason, choices=dict(reversed(reason.choices.items())))
    changed = [
        dataclasses.replace(guide, fee="10元"),
        dataclasses.replace(guide, aliases=tuple(reversed(guide.aliases))),
        # The order of the choices is the order of their numbers.
        dataclasses.replace(guide, situations=(first, turned)),
    ]

    assert len({seal([one]).hash for one in [guide, *changed]}) == 4


def test_the_order_of_choices_survives(catalogue: Catalogue) -> None:
    assert list(loads(dumps(catalogue)).guides["senior-card"].situations[1].choices) == ["lost", "first"]


def test_a_catalogue_cannot_be_changed(catalogue: Catalogue) -> None:
    guide = catalogue.guides["senior-card"]

    with pytest.raises(TypeError):
        catalogue.guides["other"] = guide  # type: ignore[index]
    with pytest.raises(TypeError):
        guide.situations[0].choices["yes"] = "不是"  # type: ignore[index]
    with pytest.raises(dataclasses.FrozenInstanceError):
        guide.fee = "10元"  # type: ignore[misc]


def test_what_is_no_snapshot_is_refused(catalogue: Catalogue) -> None:
    good = json.loads(dumps(catalogue))

    def changed(**changes: object) -> bytes:
        return json.dumps(good | {"guides": [good["guides"][0] | changes]}).encode()

    assert loads(changed(fee="10元")).guides["senior-card"].fee == "10元"
    for content in (
        b"",
        b"[]",
        b"\xff",
        dumps(catalogue)[:-1],
        json.dumps(good | {"format": 99}).encode(),
        changed(visits="1"),
        changed(visits=True),
        changed(levels=["county"]),
        changed(levels=None),
        changed(review=[]),
        changed(colour="red"),
    ):
        with pytest.raises(SnapshotError):
            loads(content)
