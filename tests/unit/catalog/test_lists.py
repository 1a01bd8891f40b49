"""Cutting a guide's list to a person: never shorter than what the person may be asked for."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citizen_bot.catalog.lists import MOST_QUESTIONS, cut, known_answers, most_questions, questions, refusal
from citizen_bot.catalog.loader import load
from citizen_bot.catalog.model import Catalogue, Condition, Guide, Material, Refusal, Situation
from citizen_bot.settings import data_folder

YES_NO = {"yes": "是", "no": "不是"}
KINDS = {"lost": "丢了", "worn": "坏了", "first": "第一次办"}
SITUATIONS = (Situation("kind", "这次为什么办？", KINDS), Situation("agent", "是别人替办吗？", YES_NO))


def _material(name: str, **needed_if: str) -> Material:
    conditions = tuple(Condition(situation, tuple(answers.split("|"))) for situation, answers in needed_if.items())
    return Material(name, "原件", 1, "申请人自备", False, f"要{name}的" if conditions else None, conditions, None)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load(data_folder("guides"))


@pytest.fixture(scope="module")
def guide(catalogue: Catalogue) -> Guide:
    materials = (
        _material("身份证"),
        _material("旧证", kind="worn"),
        _material("照片", kind="first|lost"),
        _material("委托书", agent="yes"),
        _material("挂失委托书", kind="lost", agent="yes"),
    )
    shipped = catalogue.guides["senior-card"]
    return replace(shipped, situations=SITUATIONS, materials=materials, refusals=())


def _names(materials: tuple[Material, ...]) -> list[str]:
    return [material.name for material in materials]


def test_without_answers_the_whole_list_is_told(guide: Guide) -> None:
    papers = cut(guide, {})
    assert _names(papers.needed) == ["身份证"]
    assert _names(papers.open) == ["旧证", "照片", "委托书", "挂失委托书"]


def test_an_answer_settles_what_hangs_on_it(guide: Guide) -> None:
    papers = cut(guide, {"kind": "lost"})
    assert _names(papers.needed) == ["身份证", "照片"]
    assert _names(papers.open) == ["委托书", "挂失委托书"]
    assert _names(cut(guide, {"kind": "lost", "agent": "yes"}).needed) == ["身份证", "照片", "委托书", "挂失委托书"]


def test_only_questions_that_still_matter_are_asked(guide: Guide) -> None:
    only_lost = replace(guide, materials=(_material("身份证"), _material("挂失委托书", kind="lost", agent="yes")))
    assert [s.id for s in questions(only_lost, {})] == ["kind", "agent"]
    assert [s.id for s in questions(only_lost, {"kind": "lost"})] == ["agent"]
    assert questions(only_lost, {"kind": "worn"}) == ()
    assert questions(only_lost, {}, skipped=("kind",)) == (), "by itself the other answer could settle nothing"
    assert (most_questions(only_lost), most_questions(replace(only_lost, materials=()))) == (2, 0)


def test_a_reason_of_refusal_is_certain_only_when_all_its_answers_are_known(guide: Guide) -> None:
    reason = Refusal("第一次办要本人来", "请本人来办", (Condition("kind", ("first",)), Condition("agent", ("yes",))))
    found_at_the_window = Refusal("材料看不清", "换一份清楚的", ())
    refused = replace(guide, materials=(), refusals=(found_at_the_window, reason))
    assert refusal(refused, {}) is None
    assert refusal(refused, {"kind": "first"}) is None
    assert [s.id for s in questions(refused, {"kind": "first"})] == ["agent"]
    assert refusal(refused, {"kind": "first", "agent": "yes"}) == reason
    assert questions(refused, {"kind": "lost"}) == ()


def test_only_answers_that_exist_count() -> None:
    given = {"kind": "lost", "agent": "maybe", "other": "yes"}
    assert known_answers(SITUATIONS, given) == {"kind": "lost"}


_ANSWERS = st.fixed_dictionaries(
    {}, optional={"kind": st.sampled_from(sorted(KINDS)), "agent": st.sampled_from(sorted(YES_NO))}
)
_NEEDED = st.dictionaries(st.sampled_from(["kind", "agent"]), st.sampled_from(["lost", "worn|first", "yes", "no"]))


@given(wanted=st.lists(_NEEDED, max_size=6), answers=_ANSWERS)
def test_knowing_more_never_drops_a_paper_that_the_person_needs(
    wanted: list[Mapping[str, str]], answers: dict[str, str], guide: Guide
) -> None:
    """Whatever the rest of the truth is: the list for what is known has every paper of the list for the truth."""
    drawn = replace(guide, materials=tuple(_material(str(n), **needed) for n, needed in enumerate(wanted)))
    told = cut(drawn, answers)
    on_the_list = {*_names(told.needed), *_names(told.open)}
    for kind in KINDS:
        for agent in YES_NO:
            truth = {"kind": kind, "agent": agent, **answers}
            needed = set(_names(cut(drawn, truth).needed))
            assert needed <= on_the_list
            assert set(_names(told.needed)) <= needed


def test_every_shipped_guide_asks_few_questions_that_settle_its_whole_list(catalogue: Catalogue) -> None:
    for guide in catalogue.guides.values():
        assert most_questions(guide) <= MOST_QUESTIONS, guide.id
        assert len(questions(guide, {})) == len(guide.situations), f"{guide.id} has a question that nothing hangs on"
        everything = {s.id: next(iter(s.choices)) for s in guide.situations}
        assert cut(guide, everything).open == (), guide.id


def test_who_may_come_instead_is_told_what_to_bring(catalogue: Catalogue) -> None:
    """A guide that asks whether somebody else comes has papers for that, and says that it is allowed."""
    for guide in catalogue.guides.values():
        asked = any(s.id == "by-agent" for s in guide.situations)
        assert not asked or any(c.situation == "by-agent" for m in guide.materials for c in m.needed_if), guide.id


def test_health_and_disability_are_marked(catalogue: Catalogue) -> None:
    words = ("残疾人证", "得了大病", "重病", "怀孕", "手术", "智力", "精神")
    for guide in catalogue.guides.values():
        for situation in guide.situations:
            told = any(word in text for word in words for text in (situation.question, *situation.choices.values()))
            assert situation.sensitive or not told, f"{guide.id} {situation.question}"
