"""A closed day: nobody can book it, and what was booked goes elsewhere."""

from datetime import date

import pytest

from citizen_bot.appointments import service
from tests.integration.appointments.conftest import NAME, NOW, TOWN, City, at, refused

DAY, HOUR, NEXT = "2026-12-02", "2026-12-02 09:30", "2026-12-02 10:30"


@pytest.fixture
def city(city: City) -> City:
    """One seat an hour."""
    return city.with_seats(1)


def test_a_closed_day_offers_nothing_and_takes_nobody(city: City) -> None:
    assert city.close(DAY) == []
    assert city.hours(DAY) == []
    assert refused(lambda: city.by_phone(hour=HOUR)).reason == "closed"
    assert refused(lambda: city.hold(resident=city.resident(), hour=HOUR)).reason == "closed"
    (closure,) = city.do(service.closures, first=date(2026, 12, 1), last=date(2026, 12, 31), site_code=TOWN)
    assert (closure.day, closure.window_id, closure.reason) == (date(2026, 12, 2), None, "停电检修")


def test_one_window_may_be_closed_and_the_others_stay_open(city: City) -> None:
    city.close(DAY, window="household")
    assert city.by_phone(hour=HOUR).window_id == "general"
    assert refused(lambda: city.by_phone(hour=HOUR, item="id-card-renew")).reason == "closed"
    assert city.hours(DAY, window="household") == []


def test_what_is_booked_goes_to_the_next_free_hour(city: City) -> None:
    resident = city.resident()
    first = city.booked(resident=resident, hour=HOUR)
    second = city.by_phone(hour=NEXT, name="李桂兰")
    city.by_phone(hour="2026-12-03 08:30", name="赵铁柱")
    hits = city.do(service.hits, city.office, site=city.site(TOWN), window_id=None, day=date(2026, 12, 2), now=NOW)
    assert list(hits) == [first, second]
    assert city.find(first) == first
    closed = city.close(DAY)
    assert [(hit.appointment, hit.moved_to) for hit in closed] == [
        (first, at("2026-12-03 09:30")),
        (second, at("2026-12-03 10:30")),
    ]
    moved = city.find(first)
    assert (moved.state, moved.starts_at, moved.moves) == ("booked", at("2026-12-03 09:30"), 0)
    last = city.do(service.history, city.office.privacy, first.id)[-1]
    assert (last.event, last.actor, last.reason) == ("moved", "staff-1", "停电检修")
    assert city.close(DAY) == []


def test_days_that_are_closed_too_are_passed_over(city: City) -> None:
    booked = city.booked(resident=city.resident(), hour=HOUR)
    city.close("2026-12-03", window="general")
    assert city.close(DAY)[0].moved_to == at("2026-12-04 08:30")
    assert city.find(booked).starts_at == at("2026-12-04 08:30")


def test_where_nothing_is_free_it_is_cancelled(city: City) -> None:
    booked = city.booked(resident=city.resident(), hour="2026-12-07 09:30")
    (hit,) = city.close("2026-12-07")
    assert hit.moved_to is None
    assert city.find(booked).state == "cancelled"


def test_cancelling_is_possible_at_once(city: City) -> None:
    booked = city.booked(resident=city.resident(), hour=HOUR)
    (hit,) = city.close(DAY, action="cancel")
    assert (hit.appointment, hit.moved_to) == (booked, None)
    assert city.find(booked).state == "cancelled"


def test_extended_hours_are_for_who_had_one(city: City) -> None:
    early = city.by_phone(hour="2026-12-02 07:30")
    usual = city.by_phone(hour="2026-12-02 08:30", name="李桂兰")
    moved = {hit.appointment.id: hit.moved_to for hit in city.close(DAY)}
    assert moved == {early.id: at("2026-12-03 07:30"), usual.id: at("2026-12-03 08:30")}


def test_what_is_only_held_is_given_back_and_says_why(city: City) -> None:
    resident = city.resident()
    held = city.hold(resident=resident, hour=HOUR)
    assert city.close(DAY) == []
    assert city.find(held).state == "expired"
    assert refused(lambda: city.confirm(resident=resident)).reason == "closed"


def test_a_hold_that_ran_out_is_in_nobodys_way(city: City) -> None:
    held = city.hold(resident=city.resident(), hour="2026-12-03 08:30")
    city.by_phone(hour=HOUR)
    (hit,) = city.close(DAY, now=held.held_until or NOW)
    assert hit.moved_to == at("2026-12-03 08:30")


def test_what_has_begun_stays(city: City) -> None:
    begun = city.by_phone(hour="2026-12-02 08:30")
    coming = city.by_phone(hour=NEXT, name="李桂兰")
    assert [hit.appointment for hit in city.close(DAY, now=at(HOUR))] == [coming]
    assert city.find(begun).starts_at == at("2026-12-02 08:30")


def test_a_far_day_can_be_closed_long_before(city: City) -> None:
    city.close("2027-01-20")
    assert city.hours("2027-01-20", now=at("2027-01-18 09:00")) == []
    assert refused(lambda: city.by_phone(hour="2027-01-20 09:30", now=at("2027-01-18 09:00"))).reason == "closed"


def test_reopening_takes_the_closure_back_and_not_the_moves(city: City) -> None:
    booked = city.by_phone(hour=HOUR)
    city.close(DAY)
    reopen = lambda **where: city.do(  # noqa: E731
        service.reopen_day, site=city.site(TOWN), day=date(2026, 12, 2), **where
    )
    assert not reopen(window_id="general")
    assert reopen(window_id=None)
    assert city.free(HOUR) == 1
    assert city.find(booked).starts_at == at("2026-12-03 08:30")
    assert city.find(booked).name == NAME


@pytest.mark.parametrize("day", ["2026-11-22", "1999-01-04"])
def test_a_day_that_is_over_cannot_be_closed(city: City, day: str) -> None:
    assert refused(lambda: city.close(day)).reason == "past"
    assert city.rows("SELECT FROM slots") == city.rows("SELECT FROM closures") == []
