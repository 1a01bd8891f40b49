"""What residents and staff are told of appointments, from the state of the moment when it is sent."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from citizen_bot.appointments import messages, service
from citizen_bot.appointments.service import Appointment
from citizen_bot.catalog import store
from citizen_bot.catalog.model import Catalogue
from citizen_bot.notifications.composing import Composition, Message, compose
from citizen_bot.notifications.service import Recipient
from citizen_bot.settings import data_folder
from citizen_bot.wordings import load_wordings
from tests.integration.appointments.conftest import ITEM, NOW, OTHER_TOWN, TOWN, City, at

HOUR = "2026-12-02 09:30"
TOLD = "SELECT kind, subject_id, recipient FROM notifications ORDER BY id"
SAY = load_wordings(data_folder("intents"), data_folder("intents"))


@pytest.fixture
def robot(city: City) -> int:
    """The group of a town's staff."""

    def add(connection: Any) -> int:
        columns = "(kind, name, site_code, address_sealed)"
        query = f"INSERT INTO endpoints {columns} VALUES ('robot', 'group', %s, '') RETURNING id"
        return int(connection.exec_driver_sql(query, (TOWN,)).scalar_one())

    return city.do(add)


def _composed(city: City, kind: str, appointment: Appointment, *, now: datetime = NOW) -> Message | None:
    with city.engine.connect() as connection:
        composition = Composition(connection, city.office, city.catalogue, SAY, lambda path: f"https://x{path}", now)
        assert messages
        return compose(f"appointment.{kind}", composition, appointment.id, Recipient("resident", 1))


def test_staff_are_told_of_what_residents_do_without_their_names(city: City, robot: int) -> None:
    booked = city.booked(resident=city.resident(), hour=HOUR)
    assert city.rows(TOLD) == [("appointment.staff", booked.id, "endpoint")]
    told = _composed(city, "staff", booked)
    assert told
    assert told.text == (
        f"有新预约\n预约号：{booked.code}\n时间：12月2日（周三）9点30分\n地点：城区街道办事处便民服务中心\n窗口：综合窗口\n"
        f"事项：{city.guide(booked.item).name}\n姓名：王**\n电话：138****1234\n怎么约的：公众号"
    )
    assert dict(told.lines)["预约号"] == booked.code
    assert told.payload["starts_at"] == "2026-12-02T09:30:00+08:00"
    assert not {"name", "phone"} & set(told.payload)
    moved = city.move(booked, hour="2026-12-03 09:30")
    told = _composed(city, "staff", moved)
    assert told
    assert told.title == "预约改了时间"
    assert dict(told.lines)["原来"] == "12月2日（周三）9点30分"
    city.cancel(booked)
    told = _composed(city, "staff", booked)
    assert told
    assert told.title == "预约取消了"
    assert [row.kind for row in city.rows(TOLD)] == ["appointment.staff"] * 3


def test_two_sites_are_told_of_a_move_between_them(city: City, robot: int) -> None:
    booked = city.booked(resident=city.resident(), hour=HOUR, site=OTHER_TOWN)
    assert city.rows(TOLD) == []
    city.move(booked, hour=HOUR, site=TOWN)
    assert len(city.rows(TOLD)) == 1


def test_a_resident_is_told_what_staff_did_with_the_old_and_the_new_hour_and_why(city: City) -> None:
    booked = city.booked(resident=city.resident(), hour=HOUR)
    city.close("2026-12-02")
    assert city.rows(TOLD) == [("appointment.changed", booked.id, "resident")]
    told = _composed(city, "changed", booked)
    assert told
    guide = city.guide(booked.item)
    for words in (
        "原来：12月2日（周三）9点30分",
        "改到：12月3日（周四）8点30分",
        f"预约号：{booked.code}",
        f"事项：{guide.name}",
        "城区街道办事处便民服务中心（综合窗口）",
        "原因：停电检修\n",
        f"{len(guide.materials)}样",
    ):
        assert words in told.text
    assert told.template == "appointment_changed"
    assert told.fields["time"] == "2026年12月03日 08:30"
    city.cancel(booked, by="staff-1", reason="设备坏了")
    told = _composed(city, "changed", booked)
    assert told
    assert "原来：12月3日（周四）8点30分" in told.text
    assert "原因：设备坏了" in told.text


def test_a_resident_is_not_told_of_the_own_doing(city: City) -> None:
    booked = city.booked(resident=city.resident(), hour=HOUR)
    city.move(booked, hour="2026-12-03 09:30", by="staff-1")
    city.move(booked, hour="2026-12-04 09:30")
    assert len(city.rows(TOLD)) == 1
    assert _composed(city, "changed", booked) is None
    city.cancel(booked)
    assert _composed(city, "changed", booked) is None


def test_who_booked_without_wechat_is_nobody_to_be_told(city: City) -> None:
    city.by_phone(hour=HOUR)
    city.close("2026-12-02")
    assert city.rows(TOLD) == []


def test_a_reminder_has_all_that_one_needs_to_come(city: City) -> None:
    booked = city.booked(resident=city.resident(), hour=HOUR)
    told = _composed(city, "reminder", booked, now=at("2026-12-01 18:00"))
    assert told
    for words in (
        booked.code,
        "12月2日（周三）9点30分",
        "城区街道办事处便民服务中心",
        "王秀英",
        "要带什么",
        "取消预约",
    ):
        assert words in told.text
    assert set(told.fields) == {"item", "time", "site", "number"}


def test_a_reminder_that_is_no_longer_true_is_not_sent(city: City) -> None:
    booked = city.booked(resident=city.resident(), hour=HOUR)
    evening = at("2026-12-01 18:00")
    assert _composed(city, "reminder", booked, now=at(HOUR) - timedelta(hours=1))
    assert _composed(city, "reminder", booked, now=at(HOUR)) is None
    city.move(booked, hour="2026-12-04 09:30")
    assert _composed(city, "reminder", booked, now=evening) is None
    city.cancel(booked)
    assert _composed(city, "reminder", booked, now=at("2026-12-03 18:00")) is None


@pytest.mark.parametrize("kind", ["staff", "changed", "reminder"])
def test_every_state_can_be_asked_for_every_message(city: City, kind: str) -> None:
    held = city.hold(resident=city.resident(), hour=HOUR)
    assert _composed(city, kind, held) is None
    booked = city.confirm(resident=held.resident_id or 0)
    for act in (service.arrive, service.finish):
        city.do(act, city.office, booked.id, by="staff-1", now=at(HOUR))
        assert _composed(city, kind, booked, now=at(HOUR)) is None


def test_what_the_guides_no_longer_have_is_told_as_it_was(city: City, small_catalogue: Catalogue) -> None:
    with city.engine.begin() as connection:
        store.publish(connection, small_catalogue, by="test", at=NOW)
    booked = replace(city, catalogue=small_catalogue).by_phone(hour=HOUR)
    without = replace(city, catalogue=replace(small_catalogue, guides={}))
    told = _composed(without, "reminder", booked, now=at("2026-12-01 18:00"))
    assert told
    assert small_catalogue.guides[ITEM].name in told.text
