"""The pages of an appointment and of a task in a real browser, as wide as a phone."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Engine
from werkzeug.serving import make_server

from citizen_bot.app import Language
from citizen_bot.appointments import service as appointments
from citizen_bot.dialogue.talk import Talk
from citizen_bot.visits import service as visits
from citizen_bot.visits.service import Visit, Wish
from tests.integration.pages.world import NOW, World, at

# Of the element and what is behind it, by https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
CONTRAST = """
() => {
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const parts = colour => colour.match(/[\\d.]+/g).map(Number);
  const behind = e => {
    for (; e; e = e.parentElement) {
      const colour = parts(getComputedStyle(e).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const shown = e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) && e.checkVisibility();
  return [...document.querySelectorAll("main *, footer")].filter(shown).filter(e => {
    const [a, b] = [light(parts(getComputedStyle(e).color)), light(behind(e))];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5;
  }).map(e => e.textContent.trim());
}
"""
SMALL = """
() => [...document.querySelectorAll("main *")].filter(e => e.matches("p, li, label, a, button, dd, dt, span, " +
  "input:not([type=hidden]), select, textarea, summary") && parseFloat(getComputedStyle(e).fontSize) < 17)
  .map(e => e.outerHTML)
"""
# Fingers need room: WCAG 2.2, 2.5.8, and more for old ones.
LOW = """
() => [...document.querySelectorAll("main button, main input:not([type=hidden]), main select, main summary")]
  .filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 44).map(e => e.outerHTML)
"""
UNLABELLED = """
() => [...document.querySelectorAll("input:not([type=hidden]), select, textarea")]
  .filter(e => !e.labels.length || !e.labels[0].textContent.trim()).map(e => e.outerHTML)
"""


@pytest.fixture
def world(engine: Engine, language: Language, talk: Talk) -> World:
    return World(engine, language.office, talk.catalogue, language.wordings)


@pytest.fixture
def service(world: World) -> Iterator[SimpleNamespace]:
    """The pages over the world's database; `page` may reach nothing else."""
    server = make_server("127.0.0.1", 0, world.app(), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield SimpleNamespace(url=f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def look(page: Page, tmp_path: Path) -> Callable[[str], None]:
    """Keeps a picture of the whole page, and checks what holds for all of them."""

    def look(name: str) -> None:
        page.screenshot(path=tmp_path / f"{name}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= 375
        assert page.evaluate(SMALL) == []
        assert page.evaluate(LOW) == []
        assert page.evaluate(UNLABELLED) == []
        assert page.evaluate(CONTRAST) == []
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        assert page.locator("section:not([aria-labelledby])").count() == 0
        assert page.locator("script").count() == 0

    return look


def _long(world: World) -> Visit:
    """With words as long as people make them."""
    return world.ask(
        address="经济开发区长江路与青山路交叉口向东三百米路北幸福家园小区12号楼3单元1801室，门口有棵大槐树，红色大门",
        priority="disability",
        wish=Wish(first_day=at("2026-11-25 00:00").date(), period="am", words="早上要去换药，十点以后才在家"),
    )


def test_an_appointment_through_its_states(
    page: Page, service: SimpleNamespace, world: World, look: Callable[[str], None]
) -> None:
    made = world.booked()
    url = f"{service.url}{world.appointment_links.of(made.id)}"
    page.goto(url)
    look("booked")
    code = page.get_by_role("img", name="二维码")
    expect(code).to_be_visible()
    box = code.bounding_box()
    assert box is not None
    assert box["width"] == pytest.approx(box["height"], abs=1)
    assert box["width"] > 180
    page.emulate_media(media="print")
    expect(page.get_by_text("改时间")).to_be_hidden()
    expect(code).to_be_visible()
    page.emulate_media(media="screen")
    for state, moment in (("running", "2026-11-24 09:30"), ("over", "2026-11-24 11:00")):
        world.clock.instant = at(moment)
        page.goto(url)
        look(state)
    world.do(appointments.cancel, world.office, made.id, by="staff-1", reason=None, now=world.clock.now())
    page.goto(url)
    look("cancelled")
    expect(code).to_have_count(0)
    page.goto(f"{url}x")
    look("missing")


def test_an_agent_does_a_task_with_keys_alone(
    page: Page, service: SimpleNamespace, world: World, look: Callable[[str], None]
) -> None:
    visit = _long(world)
    page.goto(f"{service.url}{world.task_links.of(visit.id, world.agent)}")
    look("asked")
    page.get_by_label("几点去").select_option("10:30")
    page.get_by_role("button", name="我接").focus()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.locator(".state")).to_have_text("现在：定下了时间")
    look("accepted")
    expect(page.get_by_text(visit.visitor_code, exact=True)).to_be_visible()
    page.get_by_role("button", name="我出发了").press("Enter")
    expect(page.locator(".state")).to_have_text("现在：正在路上")
    look("on_the_way")
    first = page.get_by_role("group", name="第1样")
    first.get_by_label("材料").fill("户口簿")
    first.get_by_label("几份").fill("一")
    page.get_by_role("button", name="收下了").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("“户口簿”要写几份")
    look("mistake")
    expect(first.get_by_label("材料")).to_have_value("户口簿")
    page.get_by_role("alert").get_by_role("link").press("Enter")
    first.get_by_label("几份").fill("1")
    second = page.get_by_role("group", name="第2样")
    second.get_by_label("材料").fill("居民身份证复印件（正反面印在一张纸上，签上名字和日期）")
    second.get_by_label("几份").fill("2")
    money = page.get_by_role("group", name="第1笔")
    money.get_by_label("什么钱").fill("工本费")
    money.get_by_label("多少元").fill("20.5")
    page.get_by_role("button", name="收下了").press("Enter")
    expect(page.get_by_text("工本费 20.50元")).to_be_visible()
    world.do(visits.answer_receipts, world.office, visit.id, confirmed=False, now=NOW)
    page.reload()
    look("taken_over")
    page.get_by_role("button", name="材料交上去了").press("Enter")
    expect(page.get_by_role("button", name="办完了")).to_be_visible()
    look("handed_in")
    page.get_by_role("button", name="办完了").press("Enter")
    expect(page.locator("form")).to_have_count(0)
    look("done")
    expect(page.get_by_text(visit.name)).to_have_count(0)


def test_one_who_cannot_says_why_and_is_done_with_it(
    page: Page, service: SimpleNamespace, world: World, look: Callable[[str], None]
) -> None:
    visit = _long(world)
    url = f"{service.url}{world.task_links.of(visit.id, world.agent)}"
    page.goto(url)
    page.locator("summary", has_text="接不了").press("Enter")
    page.get_by_label("为什么接不了").fill("孩子住院了，这几天都在市里")
    look("declining")
    page.get_by_role("button", name="接不了，转给镇街").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("这件事现在不归您办")
    look("not_yours")
    page.goto(f"{service.url}{world.task_links.of(visit.id, world.window)}")
    page.locator("summary", has_text="接不了").press("Enter")
    look("of_staff")


def test_a_form_that_is_out_of_date_says_so(
    page: Page, service: SimpleNamespace, world: World, look: Callable[[str], None]
) -> None:
    visit = world.until("accepted")
    page.goto(f"{service.url}{world.task_links.of(visit.id, world.agent)}")
    world.act(visits.set_out, visit, actor=world.agent)
    page.get_by_role("button", name="我出发了").click()
    expect(page.get_by_role("alert")).to_contain_text("状态已经变了")
    look("stale")
