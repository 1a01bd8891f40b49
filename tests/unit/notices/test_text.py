import re

import pytest

from citizen_bot.catalog import loader
from citizen_bot.catalog.model import Guide
from citizen_bot.matching.model import Facet
from citizen_bot.notices.links import NoticeLinks
from citizen_bot.notices.text import notice_text, sections
from citizen_bot.settings import data_folder
from citizen_bot.wordings import load_wordings

CATALOGUE = loader.load(data_folder("guides"))
WORDINGS = load_wordings(data_folder("intents"), data_folder("intents"))
FACETS: list[Facet | None] = [
    None, "materials", "how", "conditions", "where", "time", "deadline", "fee", "amount", "online", "agent",
]  # fmt: skip
LINK = '<a href="https://bianmin.example.cn/notices/some-item.0123456789ab.AAAAAAAAAAAAAAAAAAAAAAAAAAA">看完整的一次性告知</a>'
GUIDES = list(CATALOGUE.guides.values())


def _text(guide: Guide, facet: Facet | None, *, short: bool = False, limit: int = 2048) -> str:
    return notice_text(guide, facet, WORDINGS, short=short, limit=limit, link=lambda: LINK)


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.id)
def test_every_facet_of_every_guide_fits_and_has_no_holes(guide: Guide) -> None:
    for facet in FACETS:
        for short in (False, True):
            text = _text(guide, facet, short=short)
            assert len(text.encode()) <= 2048
            assert text.endswith(LINK)
            assert not re.search(r"None|\{|\}|：\n*$|：\n\n|（）|\n\n\n", text)


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.id)
def test_materials_are_told_as_whole_lines_or_left_to_the_page(guide: Guide) -> None:
    whole = _text(guide, "materials", limit=100_000).split("\n")
    for limit in (600, 900, 1300, 2048):
        told = _text(guide, "materials", limit=limit).split("\n")
        assert len("\n".join(told).encode()) <= limit
        assert set(told) <= {*whole, WORDINGS("shortened")}
        assert bool(set(whole) - set(told)) == (WORDINGS("shortened") in told)


def test_what_was_asked_comes_first_after_the_online_way() -> None:
    text = _text(CATALOGUE.guides["elderly-age-allowance"], "fee")
    online, fee, materials = (text.index(word) for word in ("可以在网上办", "要花多少钱", "要带："))
    assert online < fee < materials


def test_a_short_answer_tells_only_what_was_asked() -> None:
    text = _text(CATALOGUE.guides["elderly-age-allowance"], "fee", short=True)
    assert "不收费" in text
    assert "要带" not in text


def test_conditional_materials_say_who_needs_them() -> None:
    guide = CATALOGUE.guides["elderly-age-allowance"]
    optional = sections(guide, WORDINGS)["optional"].lines
    assert optional
    for material in guide.materials:
        if not material.always:
            assert any(line.startswith(f"{material.when}：") and material.name in line for line in optional)


def test_a_paper_that_the_window_can_look_up_is_still_better_brought() -> None:
    assert "窗口一般能查到，建议先带上" in _text(CATALOGUE.guides["elderly-age-allowance"], "materials")


def test_a_link_leads_back_to_its_notice_and_cannot_be_made_up() -> None:
    links = NoticeLinks("secret", "https://bianmin.example.cn")
    token = links.url("id-card-renew", "0123456789abcdef" * 4).rpartition("/")[2]
    assert links.read(token) == ("id-card-renew", "0123456789ab")
    assert links.read(token.replace("renew", "first")) is None
    assert NoticeLinks("other", "https://bianmin.example.cn").read(token) is None
