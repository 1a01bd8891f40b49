"""Many at once: the database keeps an hour from holding more than it has, and nobody waits for ever."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from citizen_bot.appointments import service
from citizen_bot.appointments.service import NotBookable
from citizen_bot.platform.database import create_engine
from tests.integration.appointments.conftest import NOW, TOWN, City

HOUR, NEXT, LATER = "2026-12-02 09:30", "2026-12-02 10:30", "2026-12-03 09:30"


@pytest.fixture
def city(city: City, database_url: str) -> Iterator[City]:
    """Sixteen connections, for which any number of threads wait."""
    engine: Engine = create_engine(database_url, pool_size=16, timeout_ms=20_000)
    yield replace(city, engine=engine)
    engine.dispose()


def _at_once(acts: Sequence[Callable[[], object]]) -> list[object]:
    """What each returns, or why it was refused; all begin together."""
    start = threading.Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        start.wait()
        try:
            return act()
        except NotBookable as error:
            return error.reason

    with ThreadPoolExecutor(len(acts)) as threads:
        return [future.result() for future in [threads.submit(run, act) for act in acts]]


def _until_closed(city: City, resident: int, hour: str) -> str:
    """Books and gives back, again and again, until the day is closed."""
    for _ in range(200):
        try:
            city.cancel(city.booked(resident=resident, hour=hour))
        except NotBookable as error:
            if error.reason == "closed":
                return error.reason
    return "open"


def test_two_hundred_people_want_twenty_seats(city: City) -> None:
    city = city.with_seats(20)
    residents = [city.resident(f"resident {number}") for number in range(200)]

    def book(resident: int) -> str:
        city.hold(resident=resident, hour=HOUR)
        return city.confirm(resident=resident).state

    got = Counter(_at_once([lambda r=resident: book(r) for resident in residents]))  # type: ignore[misc]
    assert got == {"booked": 20, "full": 180}
    assert city.overbooked() == []
    assert city.free(HOUR) == 0
    assert city.hours("2026-12-02")[0].free == 1
    assert city.free(NEXT) == 20


def test_two_people_swap_full_hours_at_the_same_time(city: City) -> None:
    city = city.with_seats(1).with_rules(most_moves=1000)
    first = city.booked(resident=city.resident("first"), hour=HOUR)
    second = city.booked(resident=city.resident("second"), hour=NEXT)
    for _ in range(30):
        answers = _at_once([lambda: city.move(first, hour=NEXT), lambda: city.move(second, hour=HOUR)])
        assert answers == ["full", "full"]
    assert (city.find(first), city.find(second)) == (first, second)


def test_people_go_round_in_circles_through_one_free_hour(city: City) -> None:
    city = city.with_seats(1).with_rules(most_moves=1000)
    hours = [HOUR, NEXT, LATER, "2026-12-03 10:30"]
    booked = [city.booked(resident=city.resident(f"r{n}"), hour=hour) for n, hour in enumerate(hours[:3])]
    for turn in range(15):
        to = [hours[(turn + n) % 4] for n in range(3)]
        _at_once([lambda n=n, h=to[n]: city.move(booked[n], hour=h) for n in range(3)])  # type: ignore[misc]
        now = [city.find(appointment) for appointment in booked]
        assert {appointment.state for appointment in now} == {"booked"}
        assert len({appointment.starts_at for appointment in now}) == 3


def test_two_clicks_are_one_booking(city: City) -> None:
    for number in range(5):
        resident = city.resident(f"resident {number}")
        held = _at_once([lambda r=resident: city.hold(resident=r, hour=LATER).id] * 4)  # type: ignore[misc]
        booked = _at_once([lambda r=resident: city.confirm(resident=r).id] * 4)  # type: ignore[misc]
        if held[0] == "full":
            break
        assert len({*held, *booked}) == 1
    assert city.rows("SELECT count(*) FROM appointments WHERE state = 'booked'")[0][0] == 2
    assert city.rows("SELECT count(*) FROM appointment_events WHERE event = 'booked'")[0][0] == 2


def test_two_counters_book_for_one_person_and_one_of_them_is_told(city: City) -> None:
    for day in (2, 3, 4):
        name = f"李{'甲乙丙'[day - 2]}"
        hours = [f"2026-12-0{day} {start}" for start in ("08:30", "09:30", "10:30", "13:30")]
        answers = _at_once([lambda h=hour, n=name: city.by_phone(hour=h, name=n).state for hour in hours])  # type: ignore[misc]
        assert Counter(answers) == {"booked": 1, "same_item": 3}


def test_a_hold_that_runs_out_goes_to_one_of_those_who_wait_for_it(city: City) -> None:
    city = city.with_seats(1)
    owner = city.resident("owner")
    others = [city.resident(f"other {number}") for number in range(6)]
    held = city.hold(resident=owner, hour=HOUR)
    ends = held.held_until or NOW
    answers = _at_once(
        [
            lambda: city.confirm(resident=owner, now=ends).id,
            *(lambda r=other: city.hold(resident=r, hour=HOUR, now=ends).id for other in others),  # type: ignore[misc]
            lambda: city.do(service.anonymise_old, city.office, ends) * 0,
        ]
    )
    assert len([answer for answer in answers[:-1] if isinstance(answer, int)]) == 1
    assert city.overbooked() == []


def test_of_two_holds_that_ran_out_one_gets_the_seat(city: City) -> None:
    city = city.with_seats(2)
    residents = [city.resident("first"), city.resident("second")]
    for day in range(1, 5):
        hour = f"2026-12-0{day} 09:30"
        for resident in residents:
            city.hold(resident=resident, hour=hour)
        late = NOW + timedelta(hours=day)
        city.do(service.anonymise_old, city.office, late)
        city.by_phone(hour=hour, name=f"李{'甲乙丙丁'[day - 1]}", now=late)
        answers = _at_once([lambda r=r, now=late: city.confirm(resident=r, now=now) for r in residents])  # type: ignore[misc]
        (booked,) = [answer for answer in answers if answer != "hold_ended"]
        assert isinstance(booked, service.Appointment)
        city.cancel(booked)


def test_a_day_is_closed_while_people_book_move_and_give_back(city: City) -> None:
    residents = [city.resident(f"resident {number}") for number in range(24)]
    starts = ("08:30", "09:30", "10:30", "13:30", "14:30", "15:30")
    there = [city.booked(resident=residents[n], hour=f"2026-12-02 {starts[n]}") for n in range(6)]
    away = [city.booked(resident=residents[n + 6], hour=f"2026-12-03 {starts[n]}") for n in range(6)]
    acts: list[Callable[[], object]] = [
        lambda: city.close("2026-12-02"),
        *(lambda r=r: _until_closed(city, r, "2026-12-02 09:30") for r in residents[12:]),  # type: ignore[misc]
        *(lambda a=a: city.move(a, hour="2026-12-02 14:30").id for a in away[:3]),  # type: ignore[misc]
        *(lambda a=a: city.move(a, hour="2026-12-04 09:30").id for a in there[:3]),  # type: ignore[misc]
        *(lambda a=a: city.cancel(a).id for a in (there[4], away[4])),  # type: ignore[misc]
    ]
    answers = _at_once(acts)
    assert answers[1:13] == ["closed"] * 12
    day = city.do(service.listed, city.office, site_code=TOWN, day=date(2026, 12, 2))
    assert day == []
    held = city.do(service.listed, city.office, site_code=TOWN, day=date(2026, 12, 2), state="pending")
    assert held == []
    assert city.overbooked() == []
    for appointment in (*there[:4], there[5], *away[:4], away[5]):
        assert city.find(appointment).state == "booked"
    assert city.find(there[4]).state == "cancelled"


def test_two_closures_at_once_move_nobody_twice_to_a_full_hour(city: City) -> None:
    city = city.with_seats(1)
    for number, start in enumerate(("08:30", "09:30", "10:30", "13:30", "14:30", "15:30")):
        for day in ("02", "03"):
            city.by_phone(hour=f"2026-12-{day} {start}", name=f"李{'甲乙丙丁戊己'[number]}", phone=f"138000000{day}")
    _at_once([lambda: len(city.close("2026-12-02")), lambda: len(city.close("2026-12-03"))])
    assert city.overbooked() == []
    kept = city.do(service.listed, city.office, state="booked")
    assert {appointment.starts_at.date() for appointment in kept} <= {date(2026, 12, 4), date(2026, 12, 7)}
    assert len(kept) == 12
    assert kept[0].starts_at - NOW > timedelta(days=10)
