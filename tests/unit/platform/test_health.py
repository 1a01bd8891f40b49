import re
import threading

import pytest
from flask import Flask
from flask.testing import FlaskClient

from citizen_bot.platform import health
from citizen_bot.platform.health import Check, create_health_blueprint
from citizen_bot.platform.telemetry import metrics
from citizen_bot.platform.telemetry.requests import current_request_id, install_request_id


def client(checks: dict[str, Check], warnings: dict[str, Check] | None = None) -> FlaskClient:
    app = Flask("test")
    install_request_id(app)
    app.register_blueprint(create_health_blueprint(checks, warnings))
    app.add_url_rule("/id", "id", current_request_id)
    return app.test_client()


def broken() -> str | None:
    raise ConnectionError("postgresql://somebody:secret@10.1.2.3/db refused")


def test_alive_asks_nothing_of_anybody() -> None:
    answer = client({"database": broken}).get("/healthz")
    assert (answer.status_code, answer.get_json()) == (200, {"status": "alive"})


def test_ready_when_every_check_holds() -> None:
    answer = client({"database": lambda: None, "matcher": lambda: None}).get("/readyz")
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ready"})


def test_not_ready_names_what_is_missing_and_no_detail() -> None:
    answer = client({"database": broken, "redis": lambda: None, "catalogue": lambda: "holds no guide"}).get("/readyz")
    assert answer.status_code == 503
    assert answer.get_json()["missing"] == {"database": "does not work", "catalogue": "holds no guide"}
    assert b"secret" not in answer.data


def test_a_warning_leaves_the_service_ready() -> None:
    answer = client({"database": lambda: None}, {"calendar": lambda: "ends soon"}).get("/readyz")
    assert (answer.status_code, answer.get_json()["warnings"]) == (200, {"calendar": "ends soon"})


def test_a_check_that_hangs_is_missing_and_is_not_piled_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "CHECK_TIMEOUT_S", 0.01)
    release, runs = threading.Event(), []

    def hang() -> None:
        runs.append(1)
        release.wait()

    web = client({"database": hang})
    try:
        answers = [web.get("/readyz") for _ in range(3)]
    finally:
        release.set()
    assert [a.get_json()["missing"] for a in answers] == [{"database": "does not answer"}] * 3
    assert len(runs) == 1


def test_metrics_are_told_in_prometheus_text() -> None:
    metrics.rejected_callbacks.labels(reason="signature").inc()
    answer = client({}).get("/metrics")
    assert answer.mimetype == "text/plain"
    assert 'citizen_bot_rejected_callbacks_total{reason="signature"}' in answer.text
    assert "citizen_bot_reply_seconds_bucket" in answer.text


def test_a_gauge_that_cannot_be_read_leaves_the_others() -> None:
    def fails() -> list[tuple[list[str], float]]:
        raise ConnectionError

    well = metrics.read_at_scrape("well", "A gauge", ["of"], lambda: [(["x"], 3)])
    ill = metrics.read_at_scrape("ill", "A gauge", [], fails)
    text = metrics.exposition([ill, well]).decode()
    assert 'well{of="x"} 3.0' in text
    assert "ill" not in re.findall(r"^\w+", text, re.MULTILINE)


def test_each_request_has_an_id_of_its_own_and_answers_it() -> None:
    web = client({})
    first, second = web.get("/id"), web.get("/id")
    assert first.headers["X-Request-Id"] == first.text
    assert re.fullmatch("[a-z]{20}", first.text)
    assert first.text != second.text


@pytest.mark.parametrize(("given", "kept"), [("abcdefghijklmnopqrst", True), ("13812345678", False), ("a b", False)])
def test_an_id_from_outside_is_kept_only_in_our_form(given: str, kept: bool) -> None:
    answer = client({}).get("/id", headers={"X-Request-Id": given})
    assert (answer.text == given) is kept
