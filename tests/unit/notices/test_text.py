"""Every notice that the shipped catalogue can give, as residents read it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citizen_bot.catalog import loader
from citizen_bot.catalog.lists import Answers, cut, questions, refusal
from citizen_bot.catalog.model import Guide, LifeEvent
from citizen_bot.matching.model import Facet
from citizen_bot.notices.links import Linked, NoticeLinks
from citizen_bot.notices.notice import Kind, Notice
from citizen_bot.notices.text import event_sections, event_text, notice_text, sections
from citizen_bot.platform.numbers import read_number, spell_number
from citizen_bot.settings import data_folder
from citizen_bot.wordings import load_wordings

CATALOGUE = loader.load(data_folder("guides"))
WORDINGS = load_wordings(data_folder("intents"), data_folder("intents"))
FACETS: list[Facet | None] = [
    None, "materials", "how", "conditions", "where", "time", "deadline", "fee", "amount", "online", "agent",
]  # fmt: skip
LINK = '<a href="https://bianmin.example.cn/notices/some-item.0123456789ab.AAAAAAAAAAAAAAAAAAAAAAAAAAA">看完整的一次性告知</a>'
END = ["告知编号1000017，到窗口报这个号就能查到。", LINK]
GUIDES = list(CATALOGUE.guides.values())
EVENTS = list(CATALOGUE.events.values())
AGE = CATALOGUE.guides["elderly-age-allowance"]
HOLES = re.compile(r"None|\{|\}|：\n*$|：\n\n|（）|\n\n\n|。。|，，|，。|？？|：：|undefined|null|TODO|XX")

by_guide = pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.id)
by_event = pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.id)


def _consultation(guide: Guide, answers: Answers | None = None) -> Notice:
    return Notice("consultation", guide.id, answers or {})


def _text(
    guide: Guide,
    facet: Facet | None = None,
    *,
    notice: Notice | None = None,
    short: bool = False,
    limit: int = 2048,
    place: str | None = None,
) -> str:
    notice = notice or _consultation(guide)
    return notice_text(guide, notice, WORDINGS, facet=facet, short=short, limit=limit, end=END, place=place)


def _runs(guide: Guide, answers: Answers | None = None) -> Iterator[Answers]:
    """Every run of answers that a resident may give, to its end."""
    answers = answers or {}
    left = questions(guide, answers)
    if not left or refusal(guide, answers):
        yield answers
        return
    for answer in left[0].choices:
        yield from _runs(guide, {**answers, left[0].id: answer})


def _notices(guide: Guide) -> Iterator[Notice]:
    """The guide's notices of all four kinds, with every run of answers."""
    for answers in _runs(guide):
        yield Notice("application", guide.id, answers)
        if reason := refusal(guide, answers):
            yield Notice("not_eligible", guide.id, answers, reason.reason, reason.remedy)
        else:
            yield _consultation(guide, answers)
    for refused in guide.refusals:
        yield Notice("not_eligible", guide.id, {}, refused.reason, refused.remedy)
    missing = tuple(material.name for material in guide.materials)
    yield Notice("supplement", guide.id, missing=missing, due=date(2026, 12, 1))


@by_guide
def test_every_facet_of_every_guide_fits_and_has_no_holes(guide: Guide) -> None:
    for facet in FACETS:
        for short in (False, True):
            text = _text(guide, facet, short=short, place="夏村镇人民政府便民服务中心")
            assert len(text.encode()) <= 2048
            assert text.endswith(LINK)
            assert not HOLES.search(text)


@by_guide
def test_every_kind_of_notice_for_every_run_of_answers_fits_and_has_no_holes(guide: Guide) -> None:
    for notice in _notices(guide):
        text = _text(guide, notice=notice)
        assert len(text.encode()) <= 2048
        assert text.endswith(LINK)
        assert not HOLES.search(text)
        for section in sections(guide, notice, WORDINGS).values():
            assert section.heading
            assert all(line.strip() for line in section.lines)


@by_guide
def test_a_personal_list_tells_all_that_is_needed_and_no_other_persons_papers(guide: Guide) -> None:
    for answers in _runs(guide):
        papers = cut(guide, answers)
        notice = _consultation(guide, answers)
        told = "\n".join(line for section in sections(guide, notice, WORDINGS).values() for line in section.lines)
        assert all(material.name in told for material in (*papers.needed, *papers.open))
        expected = len(papers.needed) + len(papers.open)
        assert len(_papers(guide, notice)) == expected or _papers(guide, notice) == [WORDINGS("materials_none")]


def _papers(guide: Guide, notice: Notice) -> list[str]:
    of_notice = sections(guide, notice, WORDINGS)
    return [line for name in ("materials", "shared", "optional") if name in of_notice for line in of_notice[name].lines]  # type: ignore[index]


@by_guide
def test_materials_are_told_as_whole_lines_and_what_is_left_to_the_page_is_counted(guide: Guide) -> None:
    whole = _text(guide, "materials", limit=100_000).split("\n")
    for limit in (700, 1000, 1400, 2048):
        told = _text(guide, "materials", limit=limit).split("\n")
        assert len("\n".join(told).encode()) <= limit
        added = [line for line in told if line not in whole]
        assert len(added) == (told != whole)
        if added:
            papers = _papers(guide, _consultation(guide))
            left = sum(not any(line.endswith(paper) for line in told) for paper in papers)
            assert added == [WORDINGS("shortened_papers", count=left) if left else WORDINGS("shortened")]


@by_guide
def test_a_list_of_papers_that_was_asked_for_stands_whole_in_the_chat(guide: Guide) -> None:
    """Few guides ask for so much that even this does not fit; the text then says how many are on the page."""
    text = _text(guide, "materials")
    if "样材料没列完" not in text:
        assert all(material.name in text for material in guide.materials)


def test_at_most_a_few_guides_are_too_long_for_their_papers() -> None:
    long = [guide.id for guide in GUIDES if "样材料没列完" in _text(guide, "materials")]
    assert len(long) <= len(GUIDES) // 20, long


def test_what_was_asked_comes_first_after_the_online_way() -> None:
    text = _text(AGE, "fee")
    online, fee, materials = (text.index(word) for word in ("可以在网上办", "要花多少钱", "要带："))
    assert online < fee < materials


def test_a_short_answer_tells_only_what_was_asked() -> None:
    text = _text(AGE, "fee", short=True)
    assert "不收费" in text
    assert "要带" not in text


def test_conditional_materials_say_who_needs_them() -> None:
    optional = sections(AGE, _consultation(AGE), WORDINGS)["optional"].lines
    assert optional
    for material in AGE.materials:
        if not material.always:
            assert any(line.startswith(f"{material.when}：") and material.name in line for line in optional)


def test_a_paper_that_the_window_can_look_up_is_told_apart_and_still_better_brought() -> None:
    shared = sections(AGE, _consultation(AGE), WORDINGS)["shared"]
    assert shared.heading == "窗口一般能查到，建议先带上"
    confirmed = replace(AGE, review=replace(AGE.review, sharing="confirmed"))
    assert sections(confirmed, _consultation(AGE), WORDINGS)["shared"].heading == "窗口能查到，不用带"


def test_who_has_low_confidence_content_is_sent_to_the_window() -> None:
    unsure = replace(AGE, review=replace(AGE.review, confidence="low"))
    assert WORDINGS("low_confidence") in _text(unsure)
    assert WORDINGS("low_confidence") not in _text(replace(AGE, review=replace(AGE.review, confidence="high")))


def test_the_place_to_go_to_is_named_where_it_is_known() -> None:
    assert "离您最近：夏村镇人民政府便民服务中心" in _text(AGE, "where", place="夏村镇人民政府便民服务中心")
    assert "哪一级能办，以窗口答复为准" in _text(AGE, "where")
    confirmed = replace(AGE, review=replace(AGE.review, levels="confirmed"))
    assert "以窗口答复为准" not in _text(
        replace(confirmed, review=replace(confirmed.review, confidence="high")), "where"
    )


def test_who_is_turned_down_is_told_why_what_else_to_do_and_the_rights() -> None:
    notice = Notice("not_eligible", AGE.id, {}, "户口不在乳山", "到户口所在地的镇街申请")
    title, reason, _, remedy, *rest = _text(AGE, notice=notice).split("\n")
    assert (title, reason) == ("【暂时办不了】高龄津贴申领", "为什么办不了：户口不在乳山")
    assert remedy == "· 到户口所在地的镇街申请"
    assert "不是正式决定" in rest[0]
    assert "要带" not in "".join(rest)
    assert "60天内申请行政复议" in sections(AGE, notice, WORDINGS)["legal_remedy"].lines[0]
    service = next(guide for guide in GUIDES if guide.kind == "公共服务")
    assert "行政复议" not in str(sections(service, notice, WORDINGS)["legal_remedy"])


def test_a_supplement_names_each_missing_paper_and_the_day() -> None:
    missing = (AGE.materials[0].name, "社保卡的复印件（两面）")
    text = _text(AGE, notice=Notice("supplement", AGE.id, missing=missing, due=date(2026, 12, 1)))
    assert text.startswith("【补正告知】高龄津贴申领\n还缺这些：\n1. 高龄津贴申请表（原件）")
    assert "2. 社保卡的复印件（两面）" in text
    assert "请在12月1日（周二）前补齐" in text


@by_event
def test_every_life_event_fits_and_has_no_holes(event: LifeEvent) -> None:
    text = event_text(event, CATALOGUE.guides, WORDINGS, limit=2048, end=END)
    assert len(text.encode()) <= 2048
    assert text.endswith(LINK)
    assert not HOLES.search(text)
    told = event_sections(event, CATALOGUE.guides, WORDINGS)
    assert [line.split("（")[0].split("，")[0] for line in told["items"].lines] == [
        f"{number}. {CATALOGUE.guides[entry.item].label}".split("（")[0].split("，")[0]
        for number, entry in enumerate(event.items, 1)
    ]
    for section in told.values():
        assert not any(HOLES.search(line) for line in section.lines)


@given(number=st.integers(min_value=100_001, max_value=10**12))
def test_a_number_is_read_back_and_one_wrong_digit_is_noticed(number: int) -> None:
    spelled = spell_number(number)
    assert read_number(spelled) == number
    assert read_number(f" {spelled[:3]}-{spelled[3:]} ") == number
    for place in range(len(spelled)):
        wrong = spelled[:place] + str((int(spelled[place]) + 1) % 10) + spelled[place + 1 :]
        assert read_number(wrong) is None


@pytest.mark.parametrize("text", ["", "7", "abc", "12a4", "１２３", "-"])
def test_what_is_no_number_is_none(text: str) -> None:
    assert read_number(text) is None


def test_a_link_leads_back_to_its_notice_and_cannot_be_made_up() -> None:
    links = NoticeLinks("secret", "https://bianmin.example.cn")
    token = links.of_subject("id-card-renew", "0123456789abcdef" * 4).rpartition("/")[2]
    assert links.read(token) == Linked(subject="id-card-renew", hash_prefix="0123456789ab")
    assert links.read(token.replace("renew", "first")) is None
    assert NoticeLinks("other", "https://bianmin.example.cn").read(token) is None
    of_number = links.of_number(100_001).rpartition("/")[2]
    assert links.read(of_number) == Linked(number=100_001)
    assert links.read(of_number.replace("100001", "100002")) is None


_KINDS: Mapping[Kind, str] = {
    "consultation": "【高龄津贴申领】",
    "application": "【申请告知】高龄津贴申领",
    "not_eligible": "【暂时办不了】高龄津贴申领",
    "supplement": "【补正告知】高龄津贴申领",
}


@pytest.mark.parametrize("kind", _KINDS)
def test_each_kind_says_which_it_is(kind: Kind) -> None:
    notice = Notice(kind, AGE.id, {}, "户口不在乳山", "到户口所在地申请", ("身份证",), date(2026, 12, 1))
    assert _text(AGE, notice=notice).split("\n")[0] == _KINDS[kind]
