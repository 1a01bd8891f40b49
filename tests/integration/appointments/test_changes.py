"""Moving, giving back, coming, and staying away."""

from datetime import timedelta

import pytest

from citizen_bot.appointments import service
from tests.integration.appointments.conftest import NOW, OTHER_TOWN, VILLAGE, City, at, refused

OF_TOWNS = "chronic-disease-outpatient"
HOUR, NEXT, LATER = "2026-12-02 09:30", "2026-12-02 10:30", "2026-12-03 09:30"


@pytest.fixture
def city(city: City) -> City:
    """One seat an hour."""
    return city.with_seats(1)


def test_moving_takes_the_new_seat_and_gives_back_the_old(city: City) -> None:
    booked = city.booked(resident=city.resident(), hour=HOUR)
    moved = city.move(booked, hour=LATER)
    assert (moved.id, moved.code, moved.starts_at, moved.moves) == (booked.id, booked.code, at(LATER), 1)
    assert (city.free(HOUR), city.free(LATER)) == (1, 0)
    assert city.events(moved) == ["held", "booked", "moved"]


def test_an_hour_that_is_full_leaves_everything_as_it_was(city: City) -> None:
    booked = city.booked(resident=city.resident(), hour=HOUR)
    city.booked(resident=city.resident("other"), hour=NEXT)
    assert refused(lambda: city.move(booked, hour=NEXT)).reason == "full"
    assert city.find(booked) == booked
    assert city.events(booked) == ["held", "booked"]


def test_to_where_it_is_already_nothing_happens(city: City) -> None:
    booked = city.booked(resident=city.resident(), hour=HOUR)
    assert city.move(booked, hour=HOUR) == booked


def test_a_resident_moves_five_times_and_staff_as_often_as_needed(city: City) -> None:
    booked = city.booked(resident=city.resident(), hour=HOUR)
    for number in range(5):
        booked = city.move(booked, hour=NEXT if number % 2 == 0 else HOUR)
    assert booked.moves == 5
    assert refused(lambda: city.move(booked, hour=LATER)).reason == "moves"
    moved = city.move(booked, hour=LATER, by="staff-1")
    assert (moved.starts_at, moved.moves) == (at(LATER), 5)


def test_moving_follows_the_rules_of_booking(city: City) -> None:
    booked = city.booked(resident=city.resident(), hour=HOUR)
    assert refused(lambda: city.move(booked, hour="2026-12-08 09:30")).reason == "too_early"
    assert refused(lambda: city.move(booked, hour="2026-11-29 09:30")).reason == "closed"
    assert refused(lambda: city.move(booked, hour="2026-12-02 09:45")).reason == "no_such_hour"
    assert city.move(booked, hour="2026-11-28 09:30").extended


def test_another_site_is_possible_where_it_has_the_window(city: City) -> None:
    booked = city.booked(resident=city.resident(), hour=HOUR, item="id-card-renew")
    assert refused(lambda: city.move(booked, hour=NEXT, site=VILLAGE)).reason == "not_here"
    moved = city.move(booked, hour=HOUR, site=OTHER_TOWN)
    assert (moved.site_code, moved.window_id) == (OTHER_TOWN, "household")


def test_another_site_has_to_take_the_item(city: City) -> None:
    booked = city.booked(resident=city.resident(), hour=HOUR, item=OF_TOWNS)
    assert refused(lambda: city.move(booked, hour=NEXT, site=VILLAGE)).reason == "not_here"
    assert city.move(booked, hour=NEXT, site=OTHER_TOWN).site_code == OTHER_TOWN


def test_from_its_beginning_a_resident_can_neither_move_nor_cancel(city: City) -> None:
    booked = city.booked(resident=city.resident(), hour=HOUR)
    start = at(HOUR)
    assert refused(lambda: city.move(booked, hour=LATER, now=start)).reason == "past"
    assert refused(lambda: city.cancel(booked, now=start)).reason == "past"
    assert city.cancel(booked, now=start - timedelta(seconds=1)).state == "cancelled"
    again = city.booked(resident=city.resident(), hour=HOUR)
    assert city.cancel(again, by="staff-1", reason="停电", now=start).state == "cancelled"


def test_what_was_given_back_cannot_be_changed(city: City) -> None:
    booked = city.booked(resident=city.resident(), hour=HOUR)
    city.cancel(booked)
    for change in (
        lambda: city.cancel(booked),
        lambda: city.move(booked, hour=LATER),
        lambda: city.do(service.arrive, city.office, booked.id, by="staff-1", now=at(HOUR)),
        lambda: city.do(service.finish, city.office, booked.id, by="staff-1", now=at(HOUR)),
        lambda: city.do(service.miss, city.office, booked.id, by="staff-1", now=at(HOUR)),
    ):
        assert refused(change).reason == "not_open"


def test_who_comes_is_marked_on_the_day(city: City) -> None:
    booked = city.booked(resident=city.resident(), hour=HOUR)

    def arrive(now: str) -> str:
        return city.do(service.arrive, city.office, booked.id, by="staff-1", now=at(now)).state

    assert refused(lambda: arrive("2026-12-01 23:59")).reason == "too_early"
    assert refused(lambda: arrive("2026-12-03 00:00")).reason == "past"
    assert arrive("2026-12-02 08:00") == "arrived"
    assert refused(lambda: arrive("2026-12-02 08:00")).reason == "not_open"
    done = city.do(service.finish, city.office, booked.id, by="staff-1", now=at("2026-12-03 08:00"))
    assert done.state == "done"
    assert city.events(done) == ["held", "booked", "arrived", "done"]


def test_finishing_says_that_the_person_came(city: City) -> None:
    booked = city.booked(resident=city.resident(), hour=HOUR)
    finish = lambda now: city.do(service.finish, city.office, booked.id, by="staff-1", now=at(now))  # noqa: E731
    assert refused(lambda: finish("2026-12-01 10:00")).reason == "too_early"
    assert finish(HOUR).state == "done"
    assert city.events(booked)[-2:] == ["arrived", "done"]


def test_nobody_is_absent_before_the_hour_began_and_who_comes_late_has_come(city: City) -> None:
    booked = city.booked(resident=city.resident(), hour=HOUR)

    def miss(now: str) -> str:
        return city.do(service.miss, city.office, booked.id, by="staff-1", now=at(now)).state

    assert refused(lambda: miss("2026-12-02 09:29")).reason == "too_early"
    assert miss(HOUR) == "no_show"
    # The seat is gone: the hour is over for it.
    assert city.rows("SELECT seat_no FROM appointments")[0][0] == 1
    arrived = city.do(service.arrive, city.office, booked.id, by="staff-1", now=at("2026-12-02 11:00"))
    assert arrived.state == "arrived"


def test_history_tells_who_and_why_without_names_or_numbers(city: City) -> None:
    booked = city.booked(resident=city.resident(), hour=HOUR)
    city.cancel(booked, by="staff-1", reason="她打电话说来不了，13800001234，我叫王秀英")
    last = city.do(service.history, city.office.privacy, booked.id)[-1]
    assert (last.event, last.actor) == ("cancelled", "staff-1")
    assert last.reason == "她打电话说来不了，138****1234，我叫王**"
    assert (last.at, last.starts_at) == (NOW, at(HOUR))
    assert city.do(service.history, city.office.privacy, booked.id)[0].actor == "resident"


def test_staff_list_what_is_on_a_day(city: City) -> None:
    second = city.booked(resident=city.resident(), hour=NEXT)
    first = city.by_phone(hour=HOUR, name="李桂兰")
    city.cancel(city.by_phone(hour=LATER, name="赵铁柱"))
    listed = lambda **by: city.do(service.listed, city.office, **by)  # noqa: E731
    assert listed(day=at(HOUR).date()) == [first, second]
    assert listed(site_code=OTHER_TOWN) == []
    assert [found.name for found in listed(state="cancelled")] == ["赵铁柱"]
