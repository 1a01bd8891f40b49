"""Whatever people and staff do in whatever order, an hour holds no more than it has and no booking is lost."""

import random
from contextlib import suppress
from datetime import date, datetime, timedelta

import pytest

from citizen_bot.appointments import service
from citizen_bot.appointments.service import Appointment, NotBookable
from tests.integration.appointments.conftest import FOURTH_ITEM, ITEM, NOW, OTHER_ITEM, THIRD_ITEM, TOWN, City, at

STEPS = 60
ITEMS = (ITEM, OTHER_ITEM, THIRD_ITEM, FOURTH_ITEM)
HOURS = ["2026-11-24 08:30", "2026-11-24 09:30", "2026-11-25 07:30", "2026-11-25 08:30", "2026-11-26 15:30"]


class _Town:
    """Acts at random, and keeps a record of its own of what must be booked where."""

    def __init__(self, city: City, seed: int) -> None:
        self.city = city.with_seats(2)
        self.random = random.Random(seed)
        self.residents = [self.city.resident(f"resident {number}") for number in range(5)]
        self.now = NOW
        self.booked: dict[int, datetime] = {}

    def step(self) -> None:
        self.now += timedelta(minutes=self.random.choice((0, 1, 10, 29, 30, 31)))
        often, seldom = (self.hold, self.confirm), (self.phone, self.move, self.cancel, self.close, self.sweep)
        with suppress(NotBookable):
            self.random.choice((*often, *often, *seldom))()

    def hold(self) -> None:
        self.city.hold(
            resident=self.random.choice(self.residents),
            hour=self.random.choice(HOURS),
            item=self.random.choice(ITEMS),
            now=self.now,
        )

    def confirm(self) -> None:
        name = self.random.choice(("王秀英", "李桂兰"))
        self.put(self.city.confirm(resident=self.random.choice(self.residents), name=name, now=self.now))

    def phone(self) -> None:
        name = self.random.choice(("赵铁柱", "孙大海"))
        self.put(self.city.by_phone(hour=self.random.choice(HOURS), name=name, now=self.now))

    def move(self) -> None:
        if self.booked:
            appointment = self.city.do(service.find, self.city.office, self.random.choice(list(self.booked)))
            by = self.random.choice(("resident", "staff-1"))
            self.put(self.city.move(appointment, hour=self.random.choice(HOURS), by=by, now=self.now))

    def cancel(self) -> None:
        if self.booked:
            number = self.random.choice(list(self.booked))
            appointment = self.city.do(service.find, self.city.office, number)
            self.city.cancel(appointment, by="staff-1", now=self.now)
            del self.booked[number]

    def close(self) -> None:
        if self.random.random() < 0.8:
            return
        day = self.random.choice(HOURS)[:10]
        for hit in self.city.close(day, now=self.now):
            if hit.moved_to is None:
                del self.booked[hit.appointment.id]
            else:
                self.booked[hit.appointment.id] = hit.moved_to
        self.city.do(service.reopen_day, site=self.city.site(TOWN), window_id=None, day=date.fromisoformat(day))

    def sweep(self) -> None:
        self.city.do(service.anonymise_old, self.city.office, self.now)

    def put(self, appointment: Appointment) -> None:
        self.booked[appointment.id] = appointment.starts_at

    def check(self) -> None:
        listed = self.city.do(service.listed, self.city.office)
        assert {appointment.id: appointment.starts_at for appointment in listed} == self.booked
        assert self.city.overbooked() == []
        for hour in HOURS:
            taken = f"""
                SELECT count(*) FROM appointments JOIN slots ON slots.id = slot_id WHERE starts_at = '{at(hour)}'
                   AND seat_no IS NOT NULL AND (state <> 'pending' OR held_until > '{self.now}')
            """
            most = 1 if "07:30" in hour else 2
            assert self.city.free(hour, now=self.now) in (0, most - self.city.rows(taken)[0][0])


@pytest.mark.parametrize("seed", range(8))
def test_no_sequence_overbooks_or_loses_a_booking(city: City, seed: int) -> None:
    town = _Town(city, seed)
    for _ in range(STEPS):
        town.step()
    town.check()
    assert town.booked
