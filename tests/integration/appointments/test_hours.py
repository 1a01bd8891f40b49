"""Which hours are offered, and when."""

from datetime import date, time

import pytest

from citizen_bot.appointments import service
from citizen_bot.platform.calendar import WorkingCalendar
from tests.integration.appointments.conftest import NOW, OTHER_ITEM, TOWN, VILLAGE, City, at, refused

USUAL = ["08:30", "09:30", "10:30", "13:30", "14:30", "15:30"]


def _starts(city: City, day: str, **kwargs: object) -> list[str]:
    return [f"{hour.starts_at:%H:%M}" for hour in city.hours(day, **kwargs)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("day", "starts"),
    [
        ("2026-11-25", ["07:30", *USUAL, "17:00"]),
        # A plain Saturday has the morning, by appointment; a Sunday has nothing.
        ("2026-11-28", ["08:30", "09:30", "10:30"]),
        ("2026-11-29", []),
    ],
)
def test_a_day_has_its_hours(city: City, day: str, starts: list[str]) -> None:
    assert _starts(city, day) == starts


@pytest.mark.parametrize(
    ("day", "starts"),
    [
        # National Day 2026: 1 to 7 October off, Saturday the 10th is worked.
        ("2026-10-01", []),
        ("2026-10-03", []),
        ("2026-10-10", ["07:30", *USUAL, "17:00"]),
    ],
)
def test_holidays_and_moved_working_days_are_the_calendars(city: City, day: str, starts: list[str]) -> None:
    assert _starts(city, day, now=at("2026-09-28 09:00")) == starts


def test_a_saturday_within_an_offices_own_holiday_has_no_hours(city: City) -> None:
    own = WorkingCalendar(days_off=frozenset({date(2026, 11, 27)}))
    city.office = type(city.office)(city.office.rules, own, city.office.privacy)
    assert _starts(city, "2026-11-28") == []


def test_an_hour_is_told_in_the_time_of_the_place_with_what_is_free(city: City) -> None:
    hour = city.hours("2026-11-25")[1]
    assert (hour.starts_at, hour.ends_at) == (at("2026-11-25 08:30"), at("2026-11-25 09:30"))
    assert hour.starts_at.isoformat() == "2026-11-25T08:30:00+08:00"
    assert (hour.free, hour.extended, hour.window_id) == (2, False, "general")
    assert city.hours("2026-11-25")[0].extended
    assert city.hours("2026-11-25")[0].free == 1


def test_booking_opens_ten_working_days_ahead(city: City) -> None:
    assert service.bookable_days(city.office, NOW) == (date(2026, 11, 23), date(2026, 12, 7))
    assert city.hours("2026-12-07")
    assert city.hours("2026-12-08", "2026-12-31") == []
    assert refused(lambda: city.by_phone(hour="2026-12-08 09:30")).reason == "too_early"
    # One day later there is one day more.
    assert city.by_phone(hour="2026-12-08 09:30", now=at("2026-11-24 00:00"))


@pytest.mark.parametrize(("now", "reason"), [("09:00", "too_late"), ("09:29", "too_late"), ("09:30", "past")])
def test_booking_closes_half_an_hour_before(city: City, now: str, reason: str) -> None:
    assert city.free("2026-11-23 09:30", now=at("2026-11-23 08:59")) == 2
    assert city.free("2026-11-23 09:30", now=at(f"2026-11-23 {now}")) == 0
    assert refused(lambda: city.by_phone(hour="2026-11-23 09:30", now=at(f"2026-11-23 {now}"))).reason == reason


def test_extended_hours_are_for_who_books_a_working_day_earlier(city: City) -> None:
    assert city.free("2026-11-24 07:30", now=at("2026-11-23 23:59")) == 1
    assert city.free("2026-11-24 17:00", now=at("2026-11-24 08:00")) == 0
    assert city.free("2026-11-28 09:30", now=at("2026-11-27 23:59")) == 1
    late = refused(lambda: city.by_phone(hour="2026-11-28 09:30", now=at("2026-11-28 07:00")))
    assert late.reason == "extended_too_late"
    # For a Monday, Friday is the last day.
    assert city.free("2026-11-30 07:30", now=at("2026-11-29 12:00")) == 0
    assert city.free("2026-11-30 07:30", now=at("2026-11-27 12:00")) == 1


def test_what_a_site_does_not_have_is_not_offered(city: City) -> None:
    assert city.hours("2026-11-25", site=VILLAGE, window="household") == []
    assert [hour.extended for hour in city.hours("2026-11-25", site=VILLAGE)] == [False] * 6
    assert refused(lambda: city.by_phone(hour="2026-11-25 07:30", site=VILLAGE)).reason == "no_such_hour"
    assert refused(lambda: city.by_phone(hour="2026-11-25 09:45")).reason == "no_such_hour"
    assert refused(lambda: city.by_phone(hour="2026-11-29 09:30")).reason == "closed"


def test_an_item_is_booked_where_it_is_taken(city: City) -> None:
    elsewhere = refused(lambda: city.by_phone(hour="2026-11-25 09:30", item="birth-certificate", site="371083"))
    assert elsewhere.reason == "not_here"
    village = refused(lambda: city.by_phone(hour="2026-11-25 09:30", item="id-card-renew", site=VILLAGE))
    assert village.reason == "not_here"
    assert city.by_phone(hour="2026-11-25 09:30", item="id-card-renew").window_id == "household"


def test_looking_writes_nothing(city: City) -> None:
    city.hours("2026-11-23", "2026-12-07")
    assert city.rows("SELECT count(*) FROM slots")[0][0] == 0


def test_the_hours_asked_for_may_be_limited(city: City) -> None:
    found = city.do(
        service.free_hours,
        city.office,
        site=city.site(TOWN),
        window_id="general",
        first=date(2026, 11, 1),
        last=date(2027, 1, 1),
        now=NOW,
        limit=3,
    )
    assert [hour.starts_at for hour in found] == [at(f"2026-11-23 {start}") for start in ("13:30", "14:30", "15:30")]


def test_more_seats_by_new_rules_count_at_once_and_fewer_take_nobody_away(city: City) -> None:
    for number in range(2):
        city.by_phone(hour="2026-11-25 09:30", name=f"李一{'甲乙'[number]}")
    assert city.free("2026-11-25 09:30") == 0
    wider = city.with_seats(3)
    assert wider.free("2026-11-25 09:30") == 1
    wider.by_phone(hour="2026-11-25 09:30", name="李丙")
    assert city.free("2026-11-25 09:30") == 0
    assert refused(lambda: city.by_phone(hour="2026-11-25 09:30", name="李丁", item=OTHER_ITEM)).reason == "full"
    assert city.overbooked() == []


def test_hours_of_other_rules_are_no_longer_offered(city: City) -> None:
    city.by_phone(hour="2026-11-25 09:30")
    later = city.with_rules(hours=(time(9, 0),), extended_hours=())
    assert _starts(later, "2026-11-25") == ["09:00"]
    assert refused(lambda: later.by_phone(hour="2026-11-25 09:30", name="李一")).reason == "no_such_hour"
