"""Many residents at once at the real door of a running service."""

import re
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from citizen_bot.app import Language
from citizen_bot.platform.clock import SHANGHAI, SystemClock
from citizen_bot.settings import data_folder
from tests.conftest import Service
from tests.door import Door, openid_of

RESIDENTS, SEATS = 200, 20
AT_ONCE = 40


@pytest.fixture(scope="module")
def guides(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped guides, with more seats in one town."""
    folder = tmp_path_factory.mktemp("guides") / "guides"
    shutil.copytree(data_folder("guides"), folder)
    rules = folder / "rules.yaml"
    more = f'  site_seats: {{"371083100": {{general: {SEATS}, dedicated: 1, extended: 1}}}}'
    rules.write_text(rules.read_text("utf-8").replace("  site_seats: {}", more), "utf-8")
    return folder


@pytest.fixture(scope="module")
def rush(start_service: Callable[..., Service], guides: Path) -> Service:
    return start_service(GUIDES_DIR=str(guides))


def test_two_hundred_residents_for_twenty_seats(rush: Service, language: Language) -> None:
    calendar = language.office.calendar
    today = SystemClock().now().astimezone(SHANGHAI).date()
    day = calendar.add_working_days(today, 3)
    sentence = f"{day.month}月{day.day}号上午九点半去夏村镇办低保 帮我约上"
    door = Door(rush.ready)

    def book(number: int) -> tuple[str, str]:
        openid = openid_of(f"rush{number:03}x")
        asked = door.say(openid, sentence)
        if "给您留了" not in asked:
            return "refused", asked
        checked = door.say(openid, f"王秀英 138{number:08}")
        assert "请您核对" in checked, (asked, checked)
        # Two clicks of one person.
        with ThreadPoolExecutor(2) as clicks:
            answers = list(clicks.map(lambda _: door.say(openid, "确认"), range(2)))
        assert any("约好了" in answer for answer in answers), answers
        return "booked", answers[0]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = list(pool.map(book, range(RESIDENTS)))
    refused = [answer for outcome, answer in outcomes if outcome == "refused"]
    assert len(outcomes) - len(refused) == SEATS
    kindly = re.compile(r"约满了|约走了")
    assert all(kindly.search(answer) and re.search(r"1\. .*点", answer) for answer in refused), refused[0]
    address = (rush.home / "run" / "database-url").read_text("utf-8").strip()
    with psycopg.connect(address) as connection:
        query = "SELECT state, count(*), count(DISTINCT (slot_id, seat_no)) FROM appointments GROUP BY state"
        assert connection.execute(query.encode()).fetchall() == [("booked", SEATS, SEATS)]
    assert timedelta(days=1) < day - today
