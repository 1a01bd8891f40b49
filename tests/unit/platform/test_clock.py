from datetime import UTC, date, datetime

import pytest

from citizen_bot.platform.clock import spell_day, spell_hour, spell_moment


def test_a_day_has_its_weekday() -> None:
    assert spell_day(date(2026, 12, 1)) == "12月1日（周二）"
    assert spell_day(date(2026, 12, 6)) == "12月6日（周日）"


@pytest.mark.parametrize(
    ("instant", "moment", "hour"),
    [
        (datetime(2026, 12, 2, 1, 30, tzinfo=UTC), "12月2日（周三）9点30分", "9点30分"),
        (datetime(2026, 12, 2, 5, 0, tzinfo=UTC), "12月2日（周三）13点", "13点"),
        # Another day there than in UTC.
        (datetime(2026, 12, 31, 16, 5, tzinfo=UTC), "1月1日（周五）0点5分", "0点5分"),
    ],
)
def test_an_instant_is_told_in_the_time_of_the_place(instant: datetime, moment: str, hour: str) -> None:
    assert spell_moment(instant) == moment
    assert spell_hour(instant) == hour
