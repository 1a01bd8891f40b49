"""Merging the papers of a life event: every paper once, nothing lost."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citizen_bot.catalog.events import MergedMaterial, Need, merge
from citizen_bot.catalog.loader import load
from citizen_bot.catalog.model import Catalogue, Condition, EventItem, Guide, LifeEvent, Material, Review, SamePaper
from citizen_bot.settings import data_folder

REVIEW = Review("draft", None, None, (), "medium", ())
GuideOf = Callable[..., Guide]


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load(data_folder("guides"))


@pytest.fixture(scope="module")
def guide_of(catalogue: Catalogue) -> GuideOf:
    shipped = catalogue.guides["senior-card"]

    def guide_of(item: str, *materials: Material) -> Guide:
        return replace(shipped, id=item, materials=materials)

    return guide_of


def _paper(name: str, form: str = "原件", copies: int = 1, *, when: str | None = None, **more: object) -> Material:
    needed_if = (Condition("kind", ("lost",)),) if when else ()
    paper = Material(name, form, copies, "申请人自备", False, when, needed_if, None)
    return replace(paper, **more)  # type: ignore[arg-type]


def _entry(item: str, when: str | None = None, *given: Condition) -> EventItem:
    return EventItem(item, when, None, given)


def _event(*entries: EventItem, same: tuple[SamePaper, ...] = ()) -> LifeEvent:
    return LifeEvent("event", "大事", "大事", "大事", ("大事",), ("大事",), entries, same, (), REVIEW)


def test_a_paper_of_two_items_stands_once_with_both_and_the_larger_number_of_copies(guide_of: GuideOf) -> None:
    guides = {
        "a": guide_of("a", _paper("身份证", "原件"), _paper("照片", copies=2)),
        "b": guide_of("b", _paper("照片", copies=3), _paper("身份证", "复印件", 2, shared=True, note="两面都要")),
    }
    merged = merge(_event(_entry("a"), _entry("b")), guides)
    both = (Need("a", ()), Need("b", ()))
    assert merged == (
        MergedMaterial("身份证", "原件及复印件", 2, "申请人自备", False, ("两面都要",), both, True),
        MergedMaterial("照片", "原件", 3, "申请人自备", False, (), both, True),
    )


def test_papers_of_different_names_are_one_where_the_event_says_so(guide_of: GuideOf) -> None:
    guides = {"a": guide_of("a", _paper("出生证")), "b": guide_of("b", _paper("孩子的出生医学证明"))}
    same = (SamePaper("出生医学证明", ("出生证", "孩子的出生医学证明"), None, "别折"),)
    (paper,) = merge(_event(_entry("a"), _entry("b"), same=same), guides)
    assert (paper.name, [need.item for need in paper.needs]) == ("出生医学证明", ["a", "b"])
    assert paper.notes == ("别折",), "the note of the event stands in place of the guides'"


def test_who_needs_a_paper_is_said_for_each_item(guide_of: GuideOf) -> None:
    guides = {
        "a": guide_of("a", _paper("委托书", when="别人替办的"), _paper("户口簿")),
        "b": guide_of("b", _paper("户口簿", when="改名字的"), _paper("存折")),
    }
    merged = merge(_event(_entry("a"), _entry("b", "上过养老的")), guides)
    needs = {paper.name: paper.needs for paper in merged}
    assert needs == {
        "户口簿": (Need("a", ()), Need("b", ("改名字的",))),
        "存折": (Need("b", ()),),
        "委托书": (Need("a", ("别人替办的",)),),
    }
    assert [paper.name for paper in merged if paper.always] == ["户口簿"], "the second item is not for everybody"
    assert next(paper.name for paper in merged) == "户口簿", "what everybody brings comes first"


def test_the_event_may_say_in_one_way_who_needs_a_paper(guide_of: GuideOf) -> None:
    guides = {
        "a": guide_of("a", _paper("代理人身份证", when="别人替老板办的")),
        "b": guide_of("b", _paper("替办人身份证", when="家里人来办的")),
        "c": guide_of("c", _paper("替办人身份证")),
    }
    same = (SamePaper("替办人身份证", ("代理人身份证", "替办人身份证"), "别人替您办的", None),)
    (paper,) = merge(_event(_entry("a"), _entry("b"), _entry("c"), same=same), guides)
    assert paper.needs == (Need("a", ("别人替您办的",)), Need("b", ("别人替您办的",)), Need("c", ()))


def test_papers_for_cases_that_the_event_rules_out_are_left_out(guide_of: GuideOf) -> None:
    guides = {
        "a": guide_of(
            "a",
            _paper("旧证", when="丢了的"),
            replace(_paper("诊断书", when="好了的"), needed_if=(Condition("kind", ("well",)),)),
            replace(_paper("表", when="丢了或坏了的"), needed_if=(Condition("kind", ("lost", "worn")),)),
        )
    }
    settled = merge(_event(_entry("a", None, Condition("kind", ("lost",)))), guides)
    assert [(paper.name, paper.needs) for paper in settled] == [("旧证", (Need("a", ()),)), ("表", (Need("a", ()),))]
    two_left = merge(_event(_entry("a", None, Condition("kind", ("lost", "worn")))), guides)
    assert [(paper.name, paper.needs) for paper in two_left] == [
        ("表", (Need("a", ()),)),
        ("旧证", (Need("a", ("丢了的",)),)),
    ]


_PAPERS = st.lists(
    st.builds(
        _paper,
        st.sampled_from("甲乙丙丁"),
        st.sampled_from(["原件", "复印件", "原件及复印件", "电子"]),
        st.integers(1, 5),
        when=st.sampled_from([None, "有时"]),
    ),
    max_size=5,
)
_SAME = st.sampled_from(
    [
        (),
        (SamePaper("甲乙", ("甲", "乙"), None, None),),
        (SamePaper("丙", ("丙", "丁"), None, None), SamePaper("乙甲", ("乙",), None, None)),
    ]
)


@given(papers=st.lists(_PAPERS, min_size=1, max_size=4), same=_SAME)
def test_every_paper_of_every_item_stands_exactly_once(
    papers: list[list[Material]], same: tuple[SamePaper, ...], guide_of: GuideOf
) -> None:
    guides = {str(n): guide_of(str(n), *asked) for n, asked in enumerate(papers)}
    event = _event(*(_entry(item) for item in guides), same=same)
    merged = {paper.name: paper for paper in merge(event, guides)}
    one_name = {name: paper.name for paper in same for name in paper.covers}
    assert len(merged) == len(merge(event, guides)), "no name twice"
    for item, guide in guides.items():
        for material in guide.materials:
            paper = merged[one_name.get(material.name, material.name)]
            assert item in [need.item for need in paper.needs]
            assert paper.copies >= material.copies
            assert all(part in paper.form for part in material.form.split("及"))
            assert paper.always or not material.always
    asked = {one_name.get(m.name, m.name): m.copies for guide in guides.values() for m in guide.materials}
    assert merged.keys() == asked.keys()
    assert merge(event, guides) == merge(event, dict(reversed(guides.items())))


def test_the_shipped_events_are_those_that_residents_meet(catalogue: Catalogue) -> None:
    assert len(catalogue.events) >= 10
    for event in catalogue.events.values():
        merged = merge(event, catalogue.guides)
        assert {need.item for paper in merged for need in paper.needs} <= {entry.item for entry in event.items}
        assert {entry.item for entry in event.items} <= {need.item for paper in merged for need in paper.needs}, (
            event.id
        )
