from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citizen_bot.documents import FaultyFiles
from citizen_bot.platform.calendar import WorkingCalendar, load_calendar
from citizen_bot.platform.clock import SHANGHAI

calendar = WorkingCalendar()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        (date(2026, 11, 23), True),  # a Monday
        (date(2026, 11, 22), False),  # a Sunday
        (date(2026, 10, 1), False),  # National Day, a Thursday
        (date(2026, 10, 10), True),  # a Saturday that is worked for it (调休)
        (date(2026, 2, 17), False),  # Spring Festival
    ],
)
def test_working_days_follow_the_national_calendar_with_its_moved_days(day: date, worked: bool) -> None:
    assert calendar.is_working_day(day) is worked


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-23T08:29:59", False),
        ("2026-11-23T08:30", True),
        ("2026-11-23T11:29:59", True),
        ("2026-11-23T11:30", False),
        ("2026-11-23T13:30", True),
        ("2026-11-23T17:00", False),
        ("2026-11-22T09:00", False),
        ("2026-10-10T09:00", True),
    ],
)
def test_the_doors_are_open_in_half_open_spans(moment: str, is_open: bool) -> None:
    assert calendar.is_open(at(moment)) is is_open


def test_the_instant_may_be_told_in_any_zone() -> None:
    assert calendar.is_open(datetime(2026, 11, 23, 0, 30, tzinfo=UTC))
    assert not calendar.is_open(datetime(2026, 11, 23, 9, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    ("moment", "opening"),
    [
        ("2026-11-23T07:00", "2026-11-23T08:30"),
        ("2026-11-23T08:30", "2026-11-23T08:30"),
        ("2026-11-23T12:00", "2026-11-23T13:30"),
        ("2026-11-23T17:00", "2026-11-24T08:30"),
        ("2026-11-27T18:00", "2026-11-30T08:30"),
        ("2026-09-30T17:30", "2026-10-08T08:30"),
    ],
)
def test_the_next_opening_skips_noon_nights_weekends_and_holidays(moment: str, opening: str) -> None:
    found = calendar.next_opening(at(moment))
    assert found == at(opening)
    assert found.utcoffset() is not None


@pytest.mark.parametrize(
    ("day", "count", "then"),
    [
        (date(2026, 11, 23), 0, date(2026, 11, 23)),
        (date(2026, 11, 27), 1, date(2026, 11, 30)),
        (date(2026, 11, 28), 1, date(2026, 11, 30)),
        (date(2026, 9, 30), 3, date(2026, 10, 10)),
        (date(2026, 11, 30), -1, date(2026, 11, 27)),
    ],
)
def test_working_days_are_counted_without_the_first_day(day: date, count: int, then: date) -> None:
    assert calendar.add_working_days(day, count) == then


def test_after_the_known_holidays_weekdays_and_the_offices_own_days_count(tmp_path: Path) -> None:
    year = calendar.data_until().year + 1
    new_year = date(year, 1, 1)
    monday = next(date(year, 3, day) for day in range(1, 8) if date(year, 3, day).weekday() == 0)
    saturday = next(date(year, 3, day) for day in range(1, 8) if date(year, 3, day).weekday() == 5)
    (tmp_path / "calendar.yaml").write_text(f"days_off: [{new_year}, {monday}]\nworking_days: [{saturday}]\n", "utf-8")
    own = load_calendar(tmp_path)
    assert calendar.is_working_day(monday)
    assert not calendar.is_working_day(saturday)
    assert [own.is_working_day(day) for day in (new_year, monday, saturday)] == [False, False, True]


def test_it_warns_from_sixty_days_before_the_known_holidays_end() -> None:
    until = calendar.data_until()
    assert calendar.warning(date(until.year, 10, 31)) is None
    assert str(until) in (calendar.warning(date(until.year, 11, 1)) or "")
    assert calendar.warning(date(until.year + 1, 6, 1))


def test_without_a_file_of_its_own_the_office_follows_the_nation(tmp_path: Path) -> None:
    assert not load_calendar(tmp_path).is_working_day(date(2026, 10, 1))


@pytest.mark.parametrize(
    ("content", "faults"),
    [
        (
            "days_off: [2027-01-01, soon]\nworkdays: []\n",
            ["1 days_off[2]：", "2 workdays：没有这样的项，是不是“working_days”？"],
        ),
        ("days_off: [2027-01-01]\nworking_days: [2027-01-01]\n", ["2027-01-01 又是休息日又是上班日"]),
        ("days_off: [", ["格式不对"]),
    ],
)
def test_every_fault_of_the_offices_file_is_told(tmp_path: Path, content: str, faults: list[str]) -> None:
    (tmp_path / "calendar.yaml").write_text(content, "utf-8")
    with pytest.raises(FaultyFiles) as caught:
        load_calendar(tmp_path)
    told = sorted(str(fault) for fault in caught.value.faults)
    for fault, expected in zip(told, faults, strict=True):
        assert fault.startswith(f"{tmp_path.name}/calendar.yaml")
        assert expected in fault


def test_the_spans_of_a_day_leave_noon_out_and_are_none_on_a_day_off() -> None:
    morning, afternoon = calendar.spans(date(2026, 11, 23))
    assert morning == (at("2026-11-23T08:30"), at("2026-11-23T11:30"))
    assert afternoon == (at("2026-11-23T13:30"), at("2026-11-23T17:00"))
    assert calendar.spans(date(2026, 10, 1)) == ()
    assert len(calendar.spans(date(2026, 10, 10))) == 2


@pytest.mark.parametrize(
    ("start", "minutes", "end"),
    [
        ("2026-11-23T09:00", 0, "2026-11-23T09:00"),
        ("2026-11-23T09:00", 30, "2026-11-23T09:30"),
        ("2026-11-23T11:00", 30, "2026-11-23T11:30"),  # used up at closing: not 13:30
        ("2026-11-23T11:00", 31, "2026-11-23T13:31"),
        ("2026-11-23T11:30", 0, "2026-11-23T13:30"),
        ("2026-11-23T12:10", 10, "2026-11-23T13:40"),  # noon counts from the next opening
        ("2026-11-23T16:30", 30, "2026-11-23T17:00"),
        ("2026-11-23T16:30", 60, "2026-11-24T09:00"),
        ("2026-11-23T23:59:59", 15, "2026-11-24T08:45"),  # around midnight
        ("2026-11-24T00:00", 15, "2026-11-24T08:45"),
        ("2026-11-27T16:50", 390, "2026-11-30T16:50"),  # a whole day, over the weekend
        ("2026-09-30T16:00", 120, "2026-10-08T09:30"),  # over National Day
        ("2026-10-09T16:30", 60, "2026-10-10T09:00"),  # into a Saturday that is worked
        ("2026-12-31T16:30", 60, "2027-01-01T09:00"),  # after the known holidays weekdays count
    ],
)
def test_opening_time_is_added_over_noon_nights_weekends_and_holidays(start: str, minutes: int, end: str) -> None:
    assert calendar.add_working_minutes(at(start), minutes) == at(end)


def test_the_office_adds_a_holiday_after_the_known_ones_to_its_own_file() -> None:
    own = WorkingCalendar(days_off=frozenset({date(2027, 1, 1)}))
    assert own.add_working_minutes(at("2026-12-31T16:30"), 60) == at("2027-01-04T09:00")


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [
        ("2026-11-23T09:00", "2026-11-23T09:00", 0),
        ("2026-11-23T09:00", "2026-11-23T09:30:59", 30),
        ("2026-11-23T11:00", "2026-11-23T14:00", 60),
        ("2026-11-23T12:00", "2026-11-23T13:00", 0),
        ("2026-11-27T16:00", "2026-11-30T09:00", 90),
        ("2026-09-30T16:00", "2026-10-08T08:30", 60),
        ("2026-11-30T09:00", "2026-11-27T16:00", -90),
    ],
)
def test_opening_time_between_two_instants(start: str, end: str, minutes: int) -> None:
    assert calendar.working_minutes_between(at(start), at(end)) == minutes


@pytest.mark.parametrize(
    ("start", "days", "deadline"),
    [
        ("2026-11-23T09:00", 1, "2026-11-24T17:00"),
        ("2026-11-23T23:50", 1, "2026-11-24T17:00"),
        ("2026-11-27T09:00", 1, "2026-11-30T17:00"),
        ("2026-11-28T09:00", 1, "2026-11-30T17:00"),
        ("2026-09-30T09:00", 3, "2026-10-10T17:00"),
        ("2026-12-30T09:00", 2, "2027-01-01T17:00"),
    ],
)
def test_a_deadline_is_the_closing_of_a_working_day(start: str, days: int, deadline: str) -> None:
    assert calendar.deadline_days(at(start), days) == at(deadline)


def test_the_day_of_a_deadline_is_that_of_shanghai() -> None:
    assert calendar.deadline_days(datetime(2026, 11, 23, 16, 30, tzinfo=UTC), 1) == at("2026-11-25T17:00")


@pytest.mark.parametrize(
    ("start", "end", "count"),
    [
        (date(2026, 11, 23), date(2026, 11, 23), 0),
        (date(2026, 11, 27), date(2026, 11, 30), 1),
        (date(2026, 11, 27), date(2026, 11, 29), 0),
        (date(2026, 9, 30), date(2026, 10, 10), 3),
        (date(2026, 11, 30), date(2026, 11, 27), -1),
        (date(2026, 12, 21), date(2027, 1, 4), 10),
    ],
)
def test_working_days_between_two_days(start: date, end: date, count: int) -> None:
    assert calendar.working_days_between(start, end) == count


def test_what_cannot_be_counted_is_refused() -> None:
    with pytest.raises(ValueError, match="minutes"):
        calendar.add_working_minutes(at("2026-11-23T09:00"), -1)
    with pytest.raises(ValueError, match="days"):
        calendar.deadline_days(at("2026-11-23T09:00"), 0)


@pytest.mark.parametrize(
    ("day", "holiday"),
    [
        (date(2026, 10, 1), "国庆节"),
        (date(2026, 10, 4), "国庆节"),  # a Sunday in it
        (date(2026, 2, 23), "春节"),  # moved there
        (date(2026, 10, 10), None),  # worked for it
        (date(2026, 11, 22), None),
        (date(2027, 1, 1), None),  # not known yet
    ],
)
def test_a_day_off_is_told_by_its_holiday(day: date, holiday: str | None) -> None:
    assert calendar.holiday_of(day) == holiday


@pytest.mark.parametrize(
    ("day", "name", "after"),
    [
        (date(2026, 9, 23), None, date(2026, 9, 28)),  # Mid-autumn comes first
        (date(2026, 9, 23), "国庆节", date(2026, 10, 8)),
        (date(2026, 10, 5), None, date(2026, 10, 8)),  # in the midst of it
        (date(2026, 10, 5), "国庆节", date(2026, 10, 8)),
        (date(2025, 10, 6), None, date(2025, 10, 9)),  # two holidays in one
        (date(2026, 1, 20), "春节", date(2026, 2, 24)),
        (date(2025, 12, 30), "元旦", date(2026, 1, 4)),  # a worked Sunday
        (date(2026, 11, 23), None, None),
        (date(2026, 11, 23), "元旦", None),
        (date(2026, 11, 23), "国庆节", None),
    ],
)
def test_the_first_working_day_after_a_holiday(day: date, name: str | None, after: date | None) -> None:
    assert calendar.after_holiday(day, name) == after


def test_a_holiday_after_the_known_ones_is_known_once_the_office_has_put_it_into_its_file() -> None:
    new_year = {date(2027, 1, 1)}
    spring = {date(2027, 2, day) for day in range(5, 13)}
    own = WorkingCalendar(days_off=frozenset(new_year | spring))
    assert own.after_holiday(date(2026, 12, 28), "元旦") == date(2027, 1, 4)
    assert own.after_holiday(date(2026, 12, 28)) == date(2027, 1, 4)
    assert own.after_holiday(date(2026, 12, 28), "春节") == date(2027, 2, 15)
    assert own.after_holiday(date(2026, 12, 28), "国庆节") is None


instants = st.datetimes(datetime(2025, 12, 1), datetime(2027, 3, 1), timezones=st.just(SHANGHAI))  # noqa: DTZ001


@given(instants, st.integers(0, 3000))
def test_adding_and_measuring_opening_time_agree(start: datetime, minutes: int) -> None:
    end = calendar.add_working_minutes(start, minutes)
    assert calendar.working_minutes_between(start, end) == minutes
    assert any(begin <= end <= close for begin, close in calendar.spans(end.date()))


@given(instants, st.integers(0, 3000), st.integers(0, 120))
def test_more_opening_time_never_ends_earlier(start: datetime, minutes: int, more: int) -> None:
    end = calendar.add_working_minutes(start, minutes)
    assert end <= calendar.add_working_minutes(start, minutes + more)
    assert end <= calendar.add_working_minutes(start + timedelta(minutes=more), minutes)


@given(st.dates(date(2025, 12, 1), date(2027, 3, 1)), st.integers(0, 60))
def test_adding_and_counting_working_days_agree(day: date, count: int) -> None:
    assert calendar.working_days_between(day, calendar.add_working_days(day, count)) == count
