"""Residents' pages and the printed sheet in a real browser."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from citizen_bot.catalog.model import Catalogue
from citizen_bot.dialogue.talk import Talk
from citizen_bot.notices.links import NoticeLinks
from citizen_bot.settings import DEVELOPMENT_SECRET_KEY

# A4 at 96 pixels an inch, without the margins of 12 mm.
SHEET_WIDTH = 703
PAGES_OF_PDF = re.compile(rb"/Type\s*/Page\b(?!s)")


@pytest.fixture
def links(service: Any) -> NoticeLinks:
    return NoticeLinks(DEVELOPMENT_SECRET_KEY, service.url)


@pytest.fixture(scope="module")
def catalogue(talk: Talk) -> Catalogue:
    return talk.catalogue


def test_every_notice_prints_on_one_side_of_a4(page: Page, links: NoticeLinks, catalogue: Catalogue) -> None:
    """Nothing runs into a third column, however long the guide is; of the sheets, some are really printed."""
    page.set_viewport_size({"width": SHEET_WIDTH, "height": 1000})
    page.emulate_media(media="print")
    wrong = []
    for number, subject in enumerate([*catalogue.events, *catalogue.guides]):
        page.goto(f"{links.of_subject(subject, catalogue.hash)}/print")
        fits = page.eval_on_selector(".columns", "e => e.scrollWidth <= e.clientWidth + 1")
        printed = number % 8 or len(PAGES_OF_PDF.findall(page.pdf(prefer_css_page_size=True))) == 1
        if not (fits and printed):
            wrong.append(subject)
    assert wrong == []


def test_pages_fit_a_narrow_phone_in_large_type(page: Page, links: NoticeLinks, catalogue: Catalogue) -> None:
    for subject in [*list(catalogue.guides)[::8], *catalogue.events]:
        page.goto(links.of_subject(subject, catalogue.hash))
        assert page.evaluate("document.documentElement.scrollWidth") <= 375
        small = page.evaluate(
            "[...document.querySelectorAll('main p, main li, main label, main a, main button')]"
            ".filter(e => parseFloat(getComputedStyle(e).fontSize) < 17).map(e => e.textContent)"
        )
        assert small == []
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        assert page.locator("section:not([aria-labelledby])").count() == 0


def test_a_resident_gets_the_personal_list_on_the_page(page: Page, links: NoticeLinks, catalogue: Catalogue) -> None:
    page.goto(links.of_subject("elderly-age-allowance", catalogue.hash))
    page.get_by_role("group", name="是别人替老人来办吗？").get_by_label("是", exact=True).check()
    page.get_by_role("group", name="老人家里是低保").get_by_label("不是").check()
    page.get_by_role("button", name="列出我要带的").click()
    expect(page.get_by_text("告知编号")).to_be_visible()
    brought = page.locator("section.materials")
    expect(brought).to_contain_text("替办人的居民身份证")
    expect(page.locator("section.optional")).to_have_count(0)
    page.get_by_role("link", name="打印在一张纸上").click()
    expect(page.get_by_role("img", name="二维码")).to_be_visible()


def test_keys_alone_reach_and_send_the_form(page: Page, links: NoticeLinks, catalogue: Catalogue) -> None:
    page.goto(links.of_subject("elderly-age-allowance", catalogue.hash))
    page.get_by_role("group", name="是别人替老人来办吗？").get_by_label("是", exact=True).focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="列出我要带的").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("告知编号")).to_be_visible()


def test_the_items_of_a_life_event_lead_to_their_own_pages(
    page: Page, links: NoticeLinks, catalogue: Catalogue
) -> None:
    event = next(iter(catalogue.events.values()))
    page.goto(links.of_subject(event.id, catalogue.hash))
    first = catalogue.guides[event.items[0].item]
    page.locator("section.items a").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(first.name)
