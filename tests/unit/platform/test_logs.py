import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from citizen_bot.platform.telemetry.logs import REDACTED, configure_logging
from citizen_bot.platform.telemetry.requests import bind_request_id

OPENID = "oABCDEFGHIJKLMNOPQRSTUVWXYZ1"
MOBILE = "13812345678"
IDENTITY = "37108319560203001X"


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What has been logged so far."""
    stream = io.StringIO()
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    structlog.reset_defaults()
    configure_logging("INFO", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    logging.captureWarnings(False)
    root.handlers, root.level = before


def test_a_line_says_when_how_grave_what_and_for_which_request(lines: Callable[[], list[dict[str, Any]]]) -> None:
    bind_request_id("a" * 20)
    structlog.get_logger("test").warning("something odd", count=3)
    (line,) = lines()
    assert {"event": "something odd", "level": "warning", "count": 3, "request_id": "a" * 20}.items() <= line.items()
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize("key", ["openid", "name", "phone", "text", "question", "reply", "FromUserName", "Content"])
def test_personal_keys_are_withheld_at_any_depth(lines: Callable[[], list[dict[str, Any]]], key: str) -> None:
    structlog.get_logger("test").info("told", **{key: "宋大姐"}, inner={"deep": [{key: "宋大姐"}]})
    (line,) = lines()
    assert line[key] == REDACTED
    assert line["inner"] == {"deep": [{key: REDACTED}]}


@pytest.mark.parametrize(
    "value",
    [
        OPENID,
        MOBILE,
        "138 1234 5678",
        "+8613812345678",
        IDENTITY,
        "6222021234567890123",
        f"from {OPENID}, call {MOBILE} for {IDENTITY}",
        int(MOBILE),
        [MOBILE],
        {"deep": OPENID},
    ],
)
def test_numbers_and_openids_are_masked_wherever_they_stand(
    lines: Callable[[], list[dict[str, Any]]], value: object
) -> None:
    structlog.get_logger("test").info(f"seen {value}", detail=value)
    text = json.dumps(lines())
    for secret in (OPENID, MOBILE, "1234 5678", IDENTITY, "6222021234567890123"):
        assert secret not in text


def test_harmless_values_stay(lines: Callable[[], list[dict[str, Any]]]) -> None:
    values = {"ms": 12.5, "count": 20261123, "item": "old-age-allowance", "ok": True, "none": None, "hash": "1" * 64}
    structlog.get_logger("test").info("done", **values)
    assert values.items() <= lines()[0].items()


def test_libraries_logs_take_the_same_way(lines: Callable[[], list[dict[str, Any]]]) -> None:
    logging.getLogger("some.library").error("no route for %s", OPENID)
    (line,) = lines()
    assert line["event"] == "no route for [openid]"
    assert line["logger"] == "some.library"


def test_a_traceback_has_frames_but_not_what_a_resident_wrote(lines: Callable[[], list[dict[str, Any]]]) -> None:
    def broken(said: str) -> None:
        raise ValueError(f"cannot read {said}\nDETAIL:  Key (openid)=(Ms Song) already exists.")

    try:
        broken("俺娘八十了")
    except ValueError:
        structlog.get_logger("test").exception("turn failed")
    (line,) = lines()
    assert "in broken" in line["exception"]
    assert "ValueError: cannot read" in line["exception"]
    assert "八十" not in line["exception"]
    assert "Ms Song" not in line["exception"].splitlines()[-1]


def test_what_is_below_the_level_is_not_told(lines: Callable[[], list[dict[str, Any]]]) -> None:
    structlog.get_logger("test").debug("small")
    assert lines() == []
