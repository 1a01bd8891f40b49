"""Reminders, and taking persons out of what is old."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Engine

from citizen_bot.appointments import service, tasks
from citizen_bot.people import service as people
from citizen_bot.platform.clock import FixedClock
from citizen_bot.platform.jobs import TaskContext
from citizen_bot.platform.privacy import Privacy
from citizen_bot.rules import Office
from citizen_bot.settings import DEVELOPMENT_PRIVACY_KEY, Settings
from tests.integration.appointments.conftest import NOW, OTHER_ITEM, City, at, refused

HOUR = "2026-11-24 09:30"
EVENING = at("2026-11-23 18:00")
REMINDED = "SELECT subject_id, occasion FROM notifications WHERE kind = 'appointment.reminder' ORDER BY id"


def _remind(city: City, now: datetime) -> int:
    return city.do(service.remind, city.office, now)


def test_the_evening_before_each_resident_is_reminded_once(city: City) -> None:
    booked = city.booked(resident=city.resident(), hour=HOUR)
    city.booked(resident=city.resident("other"), hour="2026-11-25 09:30")
    city.by_phone(hour=HOUR)
    assert _remind(city, EVENING - timedelta(seconds=1)) == 0
    assert city.rows(REMINDED) == []
    assert _remind(city, EVENING) == 1
    assert _remind(city, EVENING + timedelta(minutes=10)) == 1
    assert city.rows(REMINDED) == [(booked.id, at(HOUR).astimezone(UTC).isoformat())]


def test_who_cancelled_is_not_reminded_and_who_moved_is_of_the_new_hour(city: City) -> None:
    resident = city.resident()
    city.cancel(city.booked(resident=resident, hour=HOUR))
    moved = city.move(city.booked(resident=resident, hour="2026-12-01 09:30"), hour="2026-11-24 10:30")
    assert _remind(city, EVENING) == 1
    city.move(moved, hour="2026-11-25 10:30", now=EVENING)
    assert _remind(city, EVENING + timedelta(days=1)) == 1
    assert len(city.rows(REMINDED)) == 2


def test_who_booked_after_the_hour_of_reminders_has_just_read_it(city: City) -> None:
    city.booked(resident=city.resident(), hour=HOUR, now=EVENING + timedelta(minutes=1))
    assert _remind(city, EVENING + timedelta(minutes=10)) == 0


def test_who_was_left_out_in_the_evening_is_reminded_in_the_morning(city: City) -> None:
    city.booked(resident=city.resident(), hour=HOUR)
    city.booked(resident=city.resident("other"), hour=HOUR, now=EVENING + timedelta(minutes=1))
    assert _remind(city, at("2026-11-24 06:59")) == 0
    assert _remind(city, at("2026-11-24 07:00")) == 1
    assert len(city.rows(REMINDED)) == 1
    assert _remind(city, at(HOUR)) == 0


def test_the_person_goes_when_the_time_to_be_kept_is_over(city: City) -> None:
    resident = city.resident()
    cancelled = city.cancel(city.booked(resident=resident, hour=HOUR))
    done = city.booked(resident=resident, hour=HOUR)
    city.do(service.finish, city.office, done.id, by="staff-1", now=at(HOUR))
    unmarked = city.booked(resident=resident, hour="2026-11-24 10:30", item=OTHER_ITEM)
    anonymise = lambda now: city.do(service.anonymise_old, city.office, now)  # noqa: E731
    last = at("2027-02-22 12:00")
    assert anonymise(last) == 0
    assert city.find(done).name == "王秀英"
    assert anonymise(last + timedelta(days=1)) == 3
    for appointment, state in ((cancelled, "cancelled"), (done, "done"), (unmarked, "expired")):
        found = city.find(appointment)
        assert (found.state, found.name, found.phone, found.resident_id) == (state, None, None, None)
    left = city.rows("SELECT count(person_index) + count(name_index) + count(phone_tail_index) FROM appointments")
    assert left[0][0] == 0
    assert city.rows("SELECT count(reason_sealed) FROM appointment_events") == [(0,)], "the words go with the person"
    assert anonymise(last + timedelta(days=2)) == 0


def test_holds_that_ran_out_are_given_back(city: City) -> None:
    held = city.hold(resident=city.resident(), hour=HOUR)
    city.do(service.anonymise_old, city.office, NOW + timedelta(minutes=29))
    assert city.find(held).state == "pending"
    city.do(service.anonymise_old, city.office, NOW + timedelta(minutes=30))
    assert city.find(held).state == "expired"


def test_who_leaves_the_account_keeps_the_appointment_by_phone(city: City) -> None:
    resident = city.resident()
    booked = city.booked(resident=resident, hour=HOUR)
    city.do(people.forget, resident)
    found = city.find(booked)
    assert (found.state, found.resident_id, found.phone) == ("booked", None, "13800001234")
    assert _remind(city, EVENING) == 0
    # Who comes back is the same person.
    back = city.resident()
    assert back != resident
    city.hold(resident=back, hour="2026-11-25 09:30")
    assert refused(lambda: city.confirm(resident=back)).reason == "same_item"


def test_the_workers_tasks_do_it(city: City, engine: Engine) -> None:
    city.booked(resident=city.resident(), hour=HOUR)
    context = TaskContext(engine, Settings.from_environment({}), FixedClock(EVENING), {Office: city.office})
    tasks.remind(context)
    assert len(city.rows(REMINDED)) == 1
    tasks.tidy(TaskContext(engine, context.settings, FixedClock(at("2027-06-01 03:00")), {Office: city.office}))
    assert city.rows("SELECT state, name_sealed FROM appointments") == [("expired", None)]


def test_nothing_personal_stands_in_clear_anywhere(city: City) -> None:
    resident = city.resident("oOpenid-of-somebody")
    booked = city.booked(resident=resident, hour=HOUR)
    city.move(booked, hour="2026-11-25 09:30", by="staff-1")
    city.cancel(booked, by="staff-1", reason="王秀英打电话来，13800001234，姓名：王秀英")
    city.by_phone(hour=HOUR)
    city.close("2026-11-24")
    tables = city.rows("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
    for (table,) in tables:
        if table in ("catalogue_versions", "alembic_version") or table.startswith(("procrastinate_w", "job_queue")):
            continue
        for (row,) in city.rows(f'SELECT row_to_json(t)::text FROM "{table}" t'):
            assert "13800001234" not in row, table
            assert "oOpenid-of-somebody" not in row, table
            assert "王秀英" not in row, table
    assert city.rows("SELECT count(*) FROM procrastinate_jobs")[0][0] > 0


@pytest.mark.parametrize("rotated", [True, False])
def test_names_can_be_read_after_the_keys_were_rotated(city: City, rotated: bool) -> None:
    booked = city.booked(resident=city.resident(), hour=HOUR)
    keys = (Fernet.generate_key().decode(), DEVELOPMENT_PRIVACY_KEY) if rotated else (DEVELOPMENT_PRIVACY_KEY,)
    city.office = Office(city.office.rules, city.office.calendar, Privacy(keys))
    assert city.find(booked).name == "王秀英"
