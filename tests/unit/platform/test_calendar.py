from datetime import UTC, date, datetime
from pathlib import Path

import pytest

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
