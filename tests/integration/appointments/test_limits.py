"""How much one person and one account may have, and who is paused."""

from datetime import date, timedelta

import pytest

from citizen_bot.appointments import service
from tests.integration.appointments.conftest import (
    FOURTH_ITEM,
    ITEM,
    OTHER_ITEM,
    THIRD_ITEM,
    City,
    at,
    refused,
)

ITEMS = (ITEM, OTHER_ITEM, THIRD_ITEM, FOURTH_ITEM)
HOURS = [f"2026-12-0{day} {start}" for day in (1, 2, 3) for start in ("09:30", "10:30", "13:30", "14:30")]


def test_a_person_has_one_appointment_for_an_item(city: City) -> None:
    resident = city.resident()
    first = city.booked(resident=resident, hour=HOURS[0])
    again = refused(lambda: city.booked(resident=resident, hour=HOURS[1], name="王  秀英"))
    assert (again.reason, again.existing) == ("same_item", first)
    # The hold is still there: for the mother the daughter may go on.
    assert city.confirm(resident=resident, name="李桂兰").starts_at == at(HOURS[1])


def test_a_person_has_three_in_all_and_an_account_six(city: City) -> None:
    resident = city.resident()
    for item, hour in zip(ITEMS[:3], HOURS, strict=False):
        city.booked(resident=resident, hour=hour, item=item)
    assert refused(lambda: city.booked(resident=resident, hour=HOURS[3], item=ITEMS[3])).reason == "person_limit"
    for item, hour in zip(ITEMS[:3], HOURS[4:], strict=False):
        city.booked(resident=resident, hour=hour, item=item, name="李桂兰")
    assert refused(lambda: city.booked(resident=resident, hour=HOURS[8], name="赵铁柱")).reason == "account_limit"


def test_what_was_cancelled_used_or_is_over_no_longer_counts(city: City) -> None:
    resident = city.resident()
    first = city.booked(resident=resident, hour=HOURS[0])
    city.cancel(first)
    second = city.booked(resident=resident, hour=HOURS[1])
    city.do(service.arrive, city.office, second.id, by="staff-1", now=at(HOURS[1]))
    third = city.booked(resident=resident, hour=HOURS[4], now=at(HOURS[1]) + timedelta(minutes=5))
    assert city.booked(resident=resident, hour=HOURS[9], now=third.ends_at).state == "booked"


def test_the_same_name_from_another_account_is_another_person(city: City) -> None:
    city.booked(resident=city.resident(), hour=HOURS[0])
    assert city.booked(resident=city.resident("other"), hour=HOURS[1]).state == "booked"


def test_without_wechat_a_person_is_known_by_phone_and_name(city: City) -> None:
    first = city.by_phone(hour=HOURS[0])
    again = refused(lambda: city.by_phone(hour=HOURS[1], name="王 秀英"))
    assert (again.reason, again.existing) == ("same_item", first)
    assert city.by_phone(hour=HOURS[1], name="李桂兰").state == "booked"
    assert city.by_phone(hour=HOURS[2], phone="13900001234").state == "booked"
    for item, hour in zip(ITEMS[1:3], HOURS[4:], strict=False):
        city.by_phone(hour=hour, item=item)
    assert refused(lambda: city.by_phone(hour=HOURS[8], item=ITEMS[3])).reason == "person_limit"


def test_who_stays_away_three_times_is_paused(city: City) -> None:
    resident = city.resident()
    for day in (10, 11, 12):
        city.missed(resident=resident, hour=f"2026-11-{day} 09:30")
    city.hold(resident=resident, hour=HOURS[0])
    paused = refused(lambda: city.confirm(resident=resident))
    assert (paused.reason, paused.until) == ("paused", date(2026, 12, 12))
    # Of the account, only this person.
    assert city.confirm(resident=resident, name="李桂兰").state == "booked"
    again = at("2026-12-12 00:00")
    assert (
        refused(
            lambda: city.booked(resident=resident, hour="2026-12-15 09:30", now=again - timedelta(seconds=1))
        ).reason
        == "paused"
    )
    assert city.booked(resident=resident, hour="2026-12-15 09:30", now=again).state == "booked"


def test_two_times_or_long_ago_do_not_pause(city: City) -> None:
    resident = city.resident()
    for day in ("2026-09-11", "2026-11-11", "2026-11-12"):
        city.missed(resident=resident, hour=f"{day} 09:30")
    assert city.booked(resident=resident, hour=HOURS[0]).state == "booked"


def test_staff_cannot_book_for_who_is_paused(city: City) -> None:
    for day in (9, 10, 11):
        made = city.by_phone(hour=f"2026-11-{day:02} 09:30", now=at(f"2026-11-0{day - 4} 10:00"))
        city.do(service.miss, city.office, made.id, by="staff-1", now=made.starts_at)
    assert refused(lambda: city.by_phone(hour=HOURS[0])).reason == "paused"


@pytest.mark.parametrize("figure", ["most_of_same_item", "most_of_person", "most_of_account"])
def test_each_limit_is_the_offices(city: City, figure: str) -> None:
    wide = {"most_of_same_item": 9, "most_of_person": 9, "most_of_account": 9, figure: 2}
    city, resident = city.with_rules(**wide), city.resident()
    for hour in HOURS[:2]:
        city.booked(resident=resident, hour=hour)
    reason = {"most_of_same_item": "same_item", "most_of_person": "person_limit", "most_of_account": "account_limit"}
    assert refused(lambda: city.booked(resident=resident, hour=HOURS[2])).reason == reason[figure]
    assert city.rows("SELECT count(*) FROM appointments WHERE state = 'booked'")[0][0] == 2


def test_a_pause_lasts_its_thirty_days_though_the_first_time_is_long_ago_by_then(city: City) -> None:
    resident = city.resident()
    for day in ("2026-09-14", "2026-10-14", "2026-11-11"):
        city.missed(resident=resident, hour=f"{day} 09:30")
    # 60 days after the first of them, twelve after the last.
    paused = refused(lambda: city.booked(resident=resident, hour=HOURS[0]))
    assert (paused.reason, paused.until) == ("paused", date(2026, 12, 11))


def test_a_pause_is_not_cut_short_by_one_more_time(city: City) -> None:
    resident = city.resident()
    # Booked before the pause began, and missed within it: more than 60 days after the second.
    last = city.booked(resident=resident, hour="2026-11-20 09:30", item=OTHER_ITEM, now=at("2026-11-10 10:00"))
    for day in ("2026-09-14", "2026-09-15", "2026-11-12"):
        city.missed(resident=resident, hour=f"{day} 09:30")
    city.do(service.miss, city.office, last.id, by="staff-1", now=last.starts_at)
    paused = refused(lambda: city.booked(resident=resident, hour=HOURS[0]))
    assert (paused.reason, paused.until) == ("paused", date(2026, 12, 12))
