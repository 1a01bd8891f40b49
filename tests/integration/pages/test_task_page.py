"""The page of a visit for who has to do it, over a real database."""

import html
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from citizen_bot.visits import service as visits
from citizen_bot.visits.links import TaskLinks
from citizen_bot.visits.service import Actor, Taken, Visit, Wish
from tests.integration.pages.world import ADDRESS, ITEM, MANDATE, NAME, NOW, PHONE, SECRET, World, at

PERSONAL = (NAME, NAME[1:], PHONE, ADDRESS, MANDATE, "早上都在家", "岁数大了", "女儿")
HOSTILE = '<img src=x onerror="a()"> "\' {{7*7}}'


class Reader:
    """Somebody with a link, in front of the page."""

    def __init__(self, world: World, visit: Visit, actor: Actor | None = None) -> None:
        self.client: FlaskClient = world.client()
        self.url = world.task_links.of(visit.id, actor or world.agent)

    def read(self) -> str:
        answer = self.client.get(self.url)
        assert answer.status_code == 200
        return html.unescape(answer.text)

    def form(self) -> str:
        found = re.search(r'name="form" value="([^"]+)"', self.client.get(self.url).text)
        assert found
        return found[1]

    def send(self, action: str, *, form: str | None = None, **values: str) -> TestResponse:
        data = {"action": action, "form": self.form() if form is None else form, **values}
        return self.client.post(self.url, data=data)

    def sends(self, action: str, **values: str) -> None:
        answer = self.send(action, **values)
        assert answer.status_code == 303
        assert answer.location == f"{self.url}#now"


def told(answer: TestResponse) -> str:
    """What the page says went wrong."""
    return html.unescape("".join(re.findall(r'role="alert".*?(?=<header)', answer.text, re.DOTALL)))


def actions(page: str) -> list[str]:
    return re.findall(r'name="action" value="(\w+)"', page)


def test_who_has_to_go_there_reads_all_that_it_takes(world: World) -> None:
    page = Reader(world, visit := world.ask()).read()
    for shown in (*PERSONAL, visit.code, world.catalogue.guides[ITEM].name, "代办", "等回话", f'href="tel:{PHONE}"'):
        assert shown in page
    assert '请在这以前回话：<strong class="when">11月23日（周一）16点</strong>' in page
    assert "已经过了" not in page
    assert "None" not in page
    assert visit.visitor_code not in re.sub(r'value="[^"]*"|href="[^"]*"', "", page)
    world.clock.instant = NOW + timedelta(days=1)
    assert "已经过了" in Reader(world, visit).read()


@pytest.mark.parametrize(
    ("state", "possible"),
    [
        ("asked", ["accept", "decline"]),
        ("accepted", ["set_out", "take_over", "decline"]),
        ("on_the_way", ["take_over", "done", "decline"]),
        ("taken_over", ["hand_in", "take_over"]),
        ("handed_in", ["done"]),
        ("done", []),
        ("cancelled", []),
    ],
)
def test_each_state_offers_the_steps_that_it_allows(world: World, state: str, possible: list[str]) -> None:
    visit = world.until(state)
    page = Reader(world, visit).read()
    assert actions(page) == possible
    door = state in ("accepted", "on_the_way", "taken_over")
    assert ("到门口先报这四个数" in page) == door
    assert not door or visit.visitor_code in page


def test_paying_for_somebody_is_not_done_before_there_is_a_receipt(world: World) -> None:
    assert actions(Reader(world, world.until("on_the_way", help="pay")).read()) == ["take_over", "decline"]


def test_helping_at_home_mostly_needs_no_papers(world: World) -> None:
    visit = world.until("on_the_way", help="assist")
    assert actions(Reader(world, visit).read()) == ["done", "take_over", "decline"]


def test_from_the_link_to_the_end(world: World) -> None:
    visit = world.ask()
    agent = Reader(world, visit)
    agent.sends("accept", day="2026-11-24", hour="09:30")
    assert world.found(visit).coming_at == at("2026-11-24 09:30")
    assert '约好的时间：<strong class="when">11月24日（周二）9点30分</strong>' in agent.read()
    agent.sends("set_out")
    papers = {"paper_0": "户口簿", "pieces_0": "1", "paper_4": "照片", "pieces_4": "２份"}
    agent.sends("take_over", **papers, money_0="工本费", amount_0="20.5元")
    receipts = world.do(visits.receipts, world.office, visit.id)
    assert [receipt.taken for receipt in receipts] == [
        Taken("户口簿", pieces=1),
        Taken("照片", pieces=2),
        Taken("工本费", amount=Decimal("20.50")),
    ]
    page = agent.read()
    for shown in ("户口簿 1份", "照片 2份", "工本费 20.50元", "等居民核对", "材料在这以前交上去"):
        assert shown in page
    # What comes later, with the same link.
    agent.sends("take_over", paper_0="存折复印件", pieces_0="1")
    world.do(visits.answer_receipts, world.office, visit.id, confirmed=True, now=NOW)
    assert agent.read().count("居民说对") == 4
    agent.sends("hand_in")
    agent.sends("done")
    assert world.found(visit).state == "done"
    assert [event.event for event in world.do(visits.history, world.office, visit.id)] == [
        "asked", "accepted", "set_out", "taken_over", "taken_over", "receipts_confirmed", "handed_in", "done",
    ]  # fmt: skip
    page = agent.read()
    assert "办完了" in page
    assert "于大姐" in page


def test_the_towns_staff_act_on_their_own_link(world: World) -> None:
    visit = world.until("asked")
    Reader(world, visit).sends("decline", reason="孩子住院了")
    staff = Reader(world, visit, world.window)
    page = staff.read()
    assert "孩子住院了" in page
    assert PHONE in page
    staff.sends("decline", reason="路断了")
    assert world.found(visit).state == "declined"
    assert "居民会看到" in page
    assert "没能接" in staff.read()


@pytest.mark.parametrize("state", ["done", "cancelled"])
def test_what_is_finished_shows_nobody_in_full(world: World, state: str) -> None:
    visit = world.until(state)
    page = Reader(world, visit).read()
    for secret in PERSONAL:
        assert secret not in page
    assert "姜**" in page
    assert "138****1234" in page
    assert "<form" not in page


def test_a_finished_one_hides_names_on_papers_and_reasons(world: World) -> None:
    visit = world.until("on_the_way")
    world.act(visits.take_over, visit, actor=world.agent, taken=[Taken(f"{NAME}的身份证", 1)])
    assert f"{NAME}的身份证" in Reader(world, visit).read()
    world.act(visits.hand_in, visit, actor=world.agent)
    world.act(visits.finish, visit, actor=world.agent)
    page = Reader(world, visit).read()
    assert "姜**的身份证" in page
    assert NAME not in page
    declined = world.until("declined")
    assert "路断了" not in Reader(world, declined, world.window).read()


def test_what_was_made_anonymous_still_has_a_page(world: World) -> None:
    visit = world.until("done")
    world.do(visits.anonymise_old, NOW + timedelta(days=400), keep_days=90)
    page = Reader(world, visit).read()
    assert visit.code in page
    assert "None" not in page


def test_who_has_nothing_to_do_with_it_reads_nothing_of_it(world: World) -> None:
    visit = world.ask()
    agent = Reader(world, visit)
    agent.sends("decline", reason="孩子住院了")
    for reader in (agent, Reader(world, visit, world.other_agent), Reader(world, visit, world.stranger)):
        page = reader.read()
        assert "现在不归您办" in page
        for secret in (*PERSONAL, "姜**", "138****1234", visit.code, visit.visitor_code, "孩子住院了", "高龄"):
            assert secret not in page
    form = Reader(world, visit, world.window).form()
    before = world.everything()
    for reader in (agent, Reader(world, visit, world.other_agent), Reader(world, visit, world.stranger)):
        answer = reader.send("accept", form=form, day="2026-11-24", hour="09:30")
        assert answer.status_code == 409
        assert "现在不归您办" in answer.text
    assert world.everything() == before


def test_reading_changes_nothing(world: World) -> None:
    for number, state in enumerate(("asked", "accepted", "on_the_way", "taken_over", "handed_in")):
        visit = world.until(state, name=f"姜{number}")
        reader, before = Reader(world, visit), world.everything()
        accept = "?action=accept&day=2026-11-24&hour=09:30"
        for query in ("", accept, "?action=done", f"?form={reader.form()}&action=set_out"):
            for agent in ("Mozilla", "WeChat LinkPreview", "facebookexternalhit"):
                headers = {"User-Agent": agent, "Purpose": "prefetch"}
                assert reader.client.get(f"{reader.url}{query}", headers=headers).status_code == 200
                assert reader.client.head(f"{reader.url}{query}", headers=headers).status_code == 200
        assert reader.client.options(reader.url).status_code == 200
        assert world.everything() == before


def test_a_form_acts_once(world: World) -> None:
    visit = world.until("on_the_way")
    reader = Reader(world, visit)
    form = reader.form()
    assert reader.send("take_over", form=form, paper_0="户口簿", pieces_0="1").status_code == 303
    before = world.everything()
    again = reader.send("take_over", form=form, paper_0="户口簿", pieces_0="1")
    assert again.status_code == 409
    assert "状态已经变了" in told(again)
    assert "材料收走了" in again.text
    assert world.everything() == before


def test_of_two_clicks_at_once_one_counts(world: World) -> None:
    visit = world.until("on_the_way")
    reader = Reader(world, visit)
    form = reader.form()

    def click(_: int) -> int:
        return (
            Reader(world, visit)
            .client.post(reader.url, data={"action": "take_over", "form": form, "paper_0": "户口簿", "pieces_0": "1"})
            .status_code
        )

    with ThreadPoolExecutor(6) as threads:
        answers = sorted(threads.map(click, range(6)))
    assert answers == [303, 409, 409, 409, 409, 409]
    assert len(world.do(visits.receipts, world.office, visit.id)) == 1


def test_forms_that_were_not_made_for_this_page_do_nothing(world: World) -> None:
    visit, other = world.ask(), world.ask(name="王秀英")
    reader = Reader(world, visit)
    wrong = [
        "",
        "1",
        f"{reader.form()}x",
        Reader(world, other).form(),
        Reader(world, visit, world.window).form(),
        TaskLinks(SECRET, "", world.clock).of(visit.id, world.agent),
    ]
    before = world.everything()
    for form in wrong:
        answer = reader.send("accept", form=form, day="2026-11-24", hour="09:30")
        assert answer.status_code == 409
        assert "状态已经变了" in told(answer)
    assert world.everything() == before


def test_the_residents_answer_and_the_clock_leave_a_form_good(world: World) -> None:
    visit = world.until("taken_over")
    reader = Reader(world, visit)
    form = reader.form()
    world.do(visits.answer_receipts, world.office, visit.id, confirmed=False, now=NOW)
    world.do(visits.tell_late, world.office, NOW + timedelta(days=30))
    assert "居民说不对" in reader.read()
    assert reader.send("hand_in", form=form).status_code == 303


def test_a_step_that_the_state_does_not_have_is_refused_in_words(world: World) -> None:
    visit = world.until("taken_over")
    answer = Reader(world, visit).send("done")
    assert answer.status_code == 409
    assert "不能这样做" in told(answer)
    assert Reader(world, visit).send("burn").status_code == 409
    assert world.found(visit).state == "taken_over"


@pytest.mark.parametrize(
    ("state", "action", "typed", "said"),
    [
        ("asked", "accept", {"day": "", "hour": ""}, "请选哪天去。"),
        ("asked", "accept", {"day": "2026-11-24", "hour": ""}, "请选几点去。"),
        ("asked", "accept", {"day": "2026-11-23", "hour": "09:30"}, "已经过了，请选晚一点的"),
        ("asked", "accept", {"day": "2026-11-28", "hour": "09:30"}, "请从下面的日子和钟点里选"),
        ("asked", "accept", {"day": "2026-12-08", "hour": "09:30"}, "请从下面的日子和钟点里选"),
        ("asked", "accept", {"day": "2026-11-24", "hour": "12:00"}, "请从下面的日子和钟点里选"),
        ("asked", "accept", {"day": "tomorrow", "hour": HOSTILE}, "请从下面的日子和钟点里选"),
        ("asked", "decline", {"reason": " \u3000\n"}, "不接要写原因"),
        ("asked", "decline", {"reason": "远" * 201}, "原因太长了"),
        ("on_the_way", "take_over", {}, "什么都没收"),
        ("on_the_way", "take_over", {"paper_1": "户口簿"}, "“户口簿”要写几份"),
        ("on_the_way", "take_over", {"paper_1": "户口簿", "pieces_1": "0"}, "“户口簿”要写几份"),
        ("on_the_way", "take_over", {"paper_1": "户口簿", "pieces_1": "-1"}, "“户口簿”要写几份"),
        ("on_the_way", "take_over", {"pieces_5": "2"}, "“2”前面要写清是什么"),
        ("on_the_way", "take_over", {"money_0": "工本费", "amount_0": "1e9"}, "“工本费”要写多少元"),
        ("on_the_way", "take_over", {"money_0": "工本费", "amount_0": "NaN"}, "“工本费”要写多少元"),
        ("on_the_way", "take_over", {"money_0": "工本费", "amount_0": "0.00"}, "“工本费”要写多少元"),
        ("on_the_way", "take_over", {"money_1": "工本费", "amount_1": "1.005"}, "“工本费”要写多少元"),
        ("on_the_way", "take_over", {"amount_0": "20"}, "“20”前面要写清是什么"),
        ("on_the_way", "take_over", {"paper_0": "证" * 41, "pieces_0": "1"}, "名称太长了"),
        ("on_the_way", "take_over", {"paper_0": HOSTILE, "pieces_0": HOSTILE}, "要写几份"),
    ],
)
def test_mistakes_are_told_and_nothing_typed_is_lost(
    world: World, state: str, action: str, typed: dict[str, str], said: str
) -> None:
    visit = world.until(state)
    reader, before = Reader(world, visit), world.everything()
    answer = reader.send(action, **typed)
    assert answer.status_code == 422
    assert said in told(answer)
    assert world.everything() == before
    assert 'aria-invalid="true"' in answer.text
    assert "<img" not in answer.text
    assert "49" not in told(answer)
    for field, value in typed.items():
        if field in ("day", "hour"):
            shown = re.search(rf'value="{re.escape(value)}" selected', answer.text)
            assert shown or f'value="{value}"' not in answer.text or not value
        else:
            assert html.escape(value).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in answer.text


def test_all_mistakes_are_told_at_once(world: World) -> None:
    answer = Reader(world, world.until("on_the_way")).send("take_over", paper_0="户口簿", amount_1="x", pieces_2="1")
    assert told(answer).count("<li>") == 4


def test_what_a_resident_or_an_agent_wrote_is_shown_as_text(world: World) -> None:
    asked = dict.fromkeys(("address", "relation", "mandate"), HOSTILE)
    visit = world.ask(**asked, name=f"<b>{HOSTILE}", phone='1"><script>', wish=Wish(words=HOSTILE))
    reader = Reader(world, visit)
    reader.sends("decline", reason=HOSTILE)
    staff = Reader(world, visit, world.window)
    staff.sends("accept", day="2026-11-24", hour="09:30")
    staff.sends("take_over", paper_0=HOSTILE, pieces_0="1")
    page = staff.client.get(staff.url).text
    assert page.count("&lt;img src=x") >= 6
    assert not re.search(r"<(img|script|b)\b", page)


def test_the_days_offered_are_the_next_working_days(world: World) -> None:
    visit = world.ask(wish=Wish(first_day=at("2026-11-28 00:00").date()))
    days = re.findall(r'<option value="(\d{4}-\d\d-\d\d)"( selected)?', Reader(world, visit).read())
    assert (days[0][0], days[-1][0]) == ("2026-11-23", "2026-12-07")
    assert len(days) == 11
    assert [day for day, selected in days if selected] == ["2026-11-30"]
    world.clock.instant = at("2026-11-23 17:00")
    assert 'value="2026-11-23"' not in Reader(world, visit).read()


def test_every_input_has_a_label_and_every_section_a_heading(world: World) -> None:
    for number, state in enumerate(("asked", "accepted", "on_the_way", "taken_over", "handed_in", "done")):
        page = Reader(world, world.until(state, name=f"姜{number}")).read()
        inputs = re.findall(r"<(?:input|select|textarea)\b[^>]*>", page)
        named = [re.search(r' id="(\w+)"', tag) for tag in inputs if 'type="hidden"' not in tag]
        assert all(found and f'<label for="{found[1]}">' in page for found in named)
        assert page.count("<section") == page.count("aria-labelledby")
        ids = re.findall(r' id="([^"]+)"', page)
        assert len(ids) == len(set(ids))
        assert not re.search(r'(src|href)="(https?:)?//', page)


def test_headers_keep_it_private(world: World) -> None:
    reader = Reader(world, world.ask())
    for answer in (reader.client.get(reader.url), reader.client.head(reader.url), reader.send("accept", form="x")):
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "form-action 'self'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "no-store" in answer.headers["Cache-Control"]


def test_links_that_were_not_made_here_or_are_too_old_lead_nowhere(world: World) -> None:
    visit = world.ask()
    url = world.task_links.of(visit.id, world.agent)
    appointment: Any = world.appointment_links.of(visit.id)
    links = [
        f"{url}x",
        url[:-1],
        url.replace(f"{visit.id}a", f"{visit.id}s"),
        TaskLinks("another secret", "", world.clock).of(visit.id, world.agent),
        world.task_links.of(999_999, world.agent),
        appointment.replace("/appointments/", "/tasks/"),
        "/tasks/%00",
    ]
    form = Reader(world, visit).form()
    world.clock.instant = NOW + timedelta(days=14)
    assert world.client().get(url).status_code == 200
    world.clock.instant = NOW + timedelta(days=14, seconds=1)
    before = world.everything()
    for link in (url, *links):
        post = world.client().post(link, data={"action": "accept", "form": form, "day": "2026-12-08", "hour": "09:30"})
        for answer in (world.client().get(link), post):
            assert answer.status_code == 404
            assert "这个链接打不开了" in answer.text
    assert world.everything() == before
