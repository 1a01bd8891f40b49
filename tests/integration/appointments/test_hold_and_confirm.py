"""A seat is held from the first second, and is somebody's once the name is said."""

from datetime import timedelta

import pytest

from citizen_bot.appointments import service
from citizen_bot.platform.numbers import APPOINTMENT
from tests.integration.appointments.conftest import ITEM, NOW, OTHER_ITEM, PHONE, City, at, refused

HOUR, NEXT = "2026-12-02 09:30", "2026-12-02 10:30"


@pytest.fixture
def city(city: City) -> City:
    """One seat an hour."""
    return city.with_seats(1)


def test_a_held_seat_is_taken(city: City) -> None:
    held = city.hold(resident=city.resident(), hour=HOUR)
    assert held.state == "pending"
    assert held.held_until == NOW + timedelta(minutes=30)
    assert (held.name, held.phone) == (None, None)
    assert APPOINTMENT.read(held.code) == held.id
    assert city.free(HOUR) == 0
    assert refused(lambda: city.hold(resident=city.resident("other"), hour=HOUR)).reason == "full"
    assert refused(lambda: city.by_phone(hour=HOUR)).reason == "full"


def test_the_same_hour_again_is_the_same_hold_kept_longer(city: City) -> None:
    resident = city.resident()
    held = city.hold(resident=resident, hour=HOUR)
    later = NOW + timedelta(minutes=20)
    again = city.hold(resident=resident, hour=HOUR, now=later)
    assert again.id == held.id
    assert again.held_until == later + timedelta(minutes=30)


def test_another_hour_moves_the_hold_and_frees_the_first(city: City) -> None:
    resident = city.resident()
    held = city.hold(resident=resident, hour=HOUR)
    moved = city.hold(resident=resident, hour=NEXT, item=OTHER_ITEM)
    assert (moved.id, moved.starts_at, moved.item) == (held.id, at(NEXT), OTHER_ITEM)
    assert (city.free(HOUR), city.free(NEXT)) == (1, 0)
    assert city.events(moved) == ["held", "held"]


def test_an_hour_that_is_full_leaves_the_earlier_hold(city: City) -> None:
    resident = city.resident()
    city.hold(resident=city.resident("other"), hour=NEXT)
    city.hold(resident=resident, hour=HOUR)
    assert refused(lambda: city.hold(resident=resident, hour=NEXT)).reason == "full"
    assert city.confirm(resident=resident).starts_at == at(HOUR)


def test_a_confirmed_hold_is_booked(city: City) -> None:
    resident = city.resident()
    held = city.hold(resident=resident, hour=HOUR)
    booked = city.confirm(resident=resident)
    assert (booked.id, booked.state, booked.name, booked.phone) == (held.id, "booked", "王秀英", PHONE)
    assert booked.held_until is None
    assert city.do(service.open_of, city.office, resident) == [booked]
    assert city.find(booked) == booked
    assert city.events(booked) == ["held", "booked"]


def test_confirming_twice_is_one_booking(city: City) -> None:
    resident = city.resident()
    city.hold(resident=resident, hour=HOUR)
    booked = city.confirm(resident=resident)
    assert city.confirm(resident=resident) == booked
    assert city.confirm(resident=resident, name=" 王 秀英") == booked
    assert city.events(booked) == ["held", "booked"]
    assert refused(lambda: city.confirm(resident=resident, name="王大山")).reason == "not_open"


def test_taking_the_same_hour_a_second_time_shows_the_booking(city: City) -> None:
    city, resident = city.with_seats(2), city.resident()
    booked = city.booked(resident=resident, hour=HOUR)
    city.hold(resident=resident, hour=HOUR)
    again = refused(lambda: city.confirm(resident=resident))
    assert (again.reason, again.existing) == ("same_item", booked)


def test_two_parents_can_have_the_same_hour(city: City) -> None:
    city, resident = city.with_seats(2), city.resident()
    city.booked(resident=resident, hour=HOUR, name="王秀英")
    city.hold(resident=resident, hour=HOUR)
    assert city.confirm(resident=resident, name="王大山").state == "booked"
    assert city.free(HOUR) == 0


def test_what_was_never_held_or_given_back_cannot_be_confirmed(city: City) -> None:
    resident = city.resident()
    assert refused(lambda: city.confirm(resident=resident)).reason == "not_open"
    held = city.hold(resident=resident, hour=HOUR)
    city.do(service.release, resident_id=resident, now=NOW)
    assert city.find(held).state == "cancelled"
    assert city.free(HOUR) == 1
    assert refused(lambda: city.confirm(resident=resident)).reason == "not_open"
    city.do(service.release, resident_id=resident, now=NOW)


def test_a_hold_ends_on_the_very_second(city: City) -> None:
    held = city.hold(resident=city.resident(), hour=HOUR)
    assert held.held_until
    before = held.held_until - timedelta(microseconds=1)
    other = city.resident("other")
    assert city.free(HOUR, now=before) == 0
    assert refused(lambda: city.hold(resident=other, hour=HOUR, now=before)).reason == "full"
    assert city.free(HOUR, now=held.held_until) == 1
    taken = city.hold(resident=other, hour=HOUR, now=held.held_until)
    assert taken.state == "pending"
    assert city.find(held).state == "expired"
    assert city.events(held) == ["held", "expired"]
    gone = refused(lambda: city.confirm(resident=held.resident_id or 0, now=held.held_until or NOW))
    assert gone.reason == "hold_ended"


def test_a_hold_that_ran_out_is_booked_where_the_seat_is_still_free(city: City) -> None:
    resident = city.resident()
    held = city.hold(resident=resident, hour=HOUR)
    late = NOW + timedelta(hours=3)
    booked = city.confirm(resident=resident, now=late)
    assert (booked.id, booked.state) == (held.id, "booked")


def test_a_hold_that_was_given_back_by_the_clock_is_taken_again_where_there_is_a_seat(city: City) -> None:
    resident, other = city.resident(), city.resident("other")
    held = city.hold(resident=resident, hour=HOUR)
    late = NOW + timedelta(hours=3)
    city.hold(resident=other, hour=HOUR, now=late)
    assert refused(lambda: city.confirm(resident=resident, now=late)).reason == "hold_ended"
    city.do(service.release, resident_id=other, now=late)
    booked = city.confirm(resident=resident, now=late)
    assert (booked.id, booked.state) == (held.id, "booked")
    assert city.events(booked) == ["held", "expired", "booked"]
    assert city.free(HOUR, now=late) == 0


def test_a_hold_that_ran_out_is_not_booked_when_its_hour_can_no_longer_be(city: City) -> None:
    resident = city.resident()
    city.hold(resident=resident, hour="2026-11-23 13:30")
    assert refused(lambda: city.confirm(resident=resident, now=at("2026-11-23 13:10"))).reason == "hold_ended"
    assert refused(lambda: city.confirm(resident=resident, now=at("2026-11-23 13:30"))).reason == "past"


def test_a_hold_made_in_time_may_be_confirmed_after_booking_has_closed(city: City) -> None:
    resident = city.resident()
    city.hold(resident=resident, hour="2026-11-23 13:30", now=at("2026-11-23 12:55"))
    assert city.confirm(resident=resident, now=at("2026-11-23 13:20")).state == "booked"


def test_a_seat_given_back_can_be_had_again(city: City) -> None:
    resident = city.resident()
    for _ in range(3):
        booked = city.booked(resident=resident, hour=HOUR)
        assert city.free(HOUR) == 0
        assert city.cancel(booked).state == "cancelled"
        assert city.free(HOUR) == 1
    other = city.booked(resident=city.resident("other"), hour=HOUR)
    assert other.state == "booked"


def test_staff_book_for_who_has_no_wechat(city: City) -> None:
    booked = city.by_phone(hour=HOUR)
    assert (booked.state, booked.via, booked.resident_id, booked.item) == ("booked", "phone", None, ITEM)
    assert city.free(HOUR) == 0


def test_what_is_over_is_not_open_any_more(city: City) -> None:
    resident = city.resident()
    booked = city.booked(resident=resident, hour=HOUR)
    assert city.do(service.open_of, city.office, resident, now=booked.ends_at - timedelta(minutes=1)) == [booked]
    assert city.do(service.open_of, city.office, resident, now=booked.ends_at) == []


def test_an_unknown_number_is_nobodys(city: City) -> None:
    assert city.do(service.find, city.office, 4711) is None
    cancel = lambda: city.do(service.cancel, city.office, 4711, by="staff-1", reason=None, now=NOW)  # noqa: E731
    assert refused(cancel).reason == "not_open"
