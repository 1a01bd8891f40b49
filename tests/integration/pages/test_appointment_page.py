"""The page of an appointment over a real database."""

import html
from dataclasses import replace

import pytest
import segno

from citizen_bot.appointments import service
from citizen_bot.appointments.links import AppointmentLinks
from citizen_bot.catalog import snapshot
from tests.integration.pages.world import ITEM, NAME, NOW, OPENID, PHONE, TOWN, World, at


def _page(world: World, appointment: service.Appointment) -> str:
    answer = world.client().get(world.appointment_links.of(appointment.id))
    assert answer.status_code == 200
    return html.unescape(answer.text)


def _changed(world: World, state: str) -> service.Appointment:
    """An appointment in that state, on a day that has come where it must have."""
    made = world.booked()
    if state == "cancelled":
        return world.do(service.cancel, world.office, made.id, by="resident", reason=None, now=NOW)  # type: ignore[no-any-return]
    world.clock.instant = made.starts_at
    steps = {
        "arrived": [service.arrive],
        "done": [service.arrive, service.finish],
        "no_show": [service.miss],
    }
    for step in steps[state]:
        made = world.do(step, world.office, made.id, by="staff-1", now=made.starts_at)
    assert made.state == state
    return made


def test_it_tells_all_that_one_needs_to_come(world: World) -> None:
    made = world.booked()
    shown = _page(world, made)
    guide, site = world.catalogue.guides[ITEM], world.catalogue.sites[TOWN]
    for told in (
        "已约好",
        made.code,
        guide.name,
        site.official_name,
        "综合窗口",
        "11月24日（周二）",
        "9点30分到10点30分",
        "姜**",
        "“改时间”",
        "“取消预约”",
        *(material.name for material in guide.materials),
    ):
        assert told in shown
    assert shown.count("<svg") == 1
    assert "None" not in shown


def test_the_code_image_holds_the_code_alone(world: World) -> None:
    made, other = world.booked(), world.booked("2026-11-24 10:30", name="王秀英")
    images = {_page(world, one).partition("<svg")[2].partition("</svg>")[0] for one in (made, other, made)}
    assert len(images) == 2
    wanted = segno.make(made.code, error="m", micro=False).svg_inline(omitsize=True)
    assert wanted.partition("<svg")[2].partition("</svg>")[0] in images


def test_nothing_personal_is_on_the_page(world: World) -> None:
    made = world.booked()
    shown = _page(world, made)
    for secret in (NAME, PHONE, PHONE[-4:], "138****1234", OPENID, NAME[1:]):
        assert secret not in shown


@pytest.mark.parametrize(
    ("state", "words"),
    [("arrived", "已经到窗口了"), ("done", "已办完"), ("no_show", "没有来"), ("cancelled", "已取消")],
)
def test_what_is_no_longer_to_come_shows_its_state_and_no_code_image(world: World, state: str, words: str) -> None:
    shown = _page(world, _changed(world, state))
    assert words in shown
    assert "<svg" not in shown
    assert "改时间" not in shown


def test_it_goes_with_the_time(world: World) -> None:
    made = world.booked()
    world.clock.instant = at("2026-11-24 10:00")
    begun = _page(world, made)
    assert "<svg" in begun
    assert "改时间" not in begun
    world.clock.instant = at("2026-11-24 10:30")
    over = _page(world, made)
    assert "时间已经过了" in over
    assert "今天上班时间" in over
    assert "<svg" not in over
    world.clock.instant = at("2026-11-25 09:00")
    assert "今天" not in _page(world, made).partition("</header>")[0]


def test_a_moved_one_shows_where_it_is_now(world: World) -> None:
    made = world.booked()
    to = {"guide": world.catalogue.guides[made.item], "site": world.catalogue.sites[TOWN]}
    starts_at = at("2026-11-25 14:30")
    world.do(service.move, world.office, made.id, **to, starts_at=starts_at, by="resident", now=NOW)
    shown = _page(world, made)
    assert "11月25日（周三）" in shown
    assert "11月24日" not in shown


def test_one_that_is_only_held_has_nothing_to_show_at_the_window(world: World) -> None:
    held = world.do(
        service.hold,
        world.office,
        resident_id=world.resident,
        guide=world.catalogue.guides[ITEM],
        site=world.catalogue.sites[TOWN],
        starts_at=at("2026-11-24 09:30"),
        catalogue_hash=world.catalogue.hash,
        now=NOW,
    )
    shown = _page(world, held)
    assert "还没约好" in shown
    assert "<svg" not in shown
    assert "None" not in shown


def test_an_item_that_is_gone_shows_as_it_was_booked(world: World) -> None:
    made = world.booked()
    old = world.catalogue
    left = [guide for guide in old.guides.values() if guide.id != ITEM]
    related = [replace(guide, related=()) for guide in left]
    new = snapshot.seal(related, old.sites.values(), old.divisions.values(), [])
    answer = world.client(catalogue=new).get(world.appointment_links.of(made.id))
    assert answer.status_code == 200
    assert old.guides[ITEM].name in answer.text


def test_markup_in_a_name_is_shown_as_text(world: World) -> None:
    shown = world.client().get(world.appointment_links.of(world.booked(name="<script>alert(1)</script>").id)).text
    assert "&lt;**" in shown
    assert "<script" not in shown


def test_headers_keep_it_private_and_reading_changes_nothing(world: World) -> None:
    made = world.booked()
    url, client, before = world.appointment_links.of(made.id), world.client(), world.everything()
    for _ in range(5):
        for answer in (client.get(url), client.head(url), client.get(url, headers={"User-Agent": "LinkPreview"})):
            assert answer.status_code == 200
            assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            assert "no-store" in answer.headers["Cache-Control"]
    assert client.post(url).status_code == 405
    assert world.everything() == before


def test_links_that_were_not_made_here_lead_nowhere(world: World) -> None:
    made = world.booked()
    url = world.appointment_links.of(made.id)
    foreign = AppointmentLinks("another secret", lambda path: path).of(made.id)
    task = world.task_links.of(made.id, world.agent).replace("/tasks/", "/appointments/")
    for link in (
        f"{url}x",
        url[:-1],
        foreign,
        task,
        world.appointment_links.of(999_999),
        "/appointments/%00",
        "/appointments/1",
    ):
        answer = world.client().get(link)
        assert answer.status_code == 404
        assert "没找到这个预约" in answer.text
