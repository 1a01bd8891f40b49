"""The whole service, as `make run` starts it, through its own door."""

import functools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import requests

from citizen_bot.settings import data_folder
from tests.conftest import CLEAN_ENVIRONMENT, Service
from tests.door import Door, content, openid_of, text_message

WITHIN_S = 20


def _post(service: Service, body: bytes, *, safe: bool = False) -> requests.Response:
    return Door(service.ready).post(body, safe=safe)


def _log(service: Service) -> Iterator[dict[str, Any]]:
    for line in service.log.read_text("utf-8").splitlines():
        if line.startswith("{"):
            yield json.loads(line)


def _eventually(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < deadline, f"not within {WITHIN_S} s: {what}"
        time.sleep(0.1)


def test_a_resident_asks_and_gets_the_notice(service: Service) -> None:
    text = content(_post(service, text_message(openid_of("asks"), "俺娘八十了 听说能领钱 要带啥")))
    assert text.startswith("【高龄津贴申领】")
    assert text.index("可以在网上办") < text.index("要带：")
    link = re.search(r'<a href="([^"]+)">', text)
    assert link
    page = requests.get(link[1], timeout=5)
    assert page.status_code == 200
    assert "高龄津贴申领" in page.text


def test_safe_mode_gets_the_same_bytes_for_a_repeat(service: Service) -> None:
    body = text_message(openid_of("safe"), "低保要什么材料")
    first, again = _post(service, body, safe=True), _post(service, body, safe=True)
    assert first.content == again.content
    assert b"<Encrypt>" in first.content


def test_twenty_deliveries_at_once_get_the_same_bytes_and_one_effect(service: Service) -> None:
    body = text_message(openid_of("twenty"), "人工")
    with ThreadPoolExecutor(20) as pool:
        answers = {response.content for response in pool.map(lambda _: _post(service, body), range(20))}
    assert len(answers) == 1
    metrics = requests.get(f"{service.url}/metrics", timeout=5).text
    assert re.search(r"citizen_bot_repeats_total [1-9]", metrics)


def test_a_request_for_a_person_reaches_the_staff_with_its_request_id(service: Service) -> None:
    response = _post(service, text_message(openid_of("person"), "人工"))
    assert "已经记下了" in content(response)
    request_id = response.headers["X-Request-Id"]

    def done() -> bool:
        return any(
            line.get("request_id") == request_id
            and line["event"] == "job done"
            and line["task"].startswith("notifications.")
            for line in _log(service)
        )

    _eventually(done, "the worker's log line of the request")
    _eventually(
        lambda: (
            "有居民请人工答复"
            in requests.get(f"{service.url}/simulator/outbox/data", timeout=5).json()["robots"][0]["text"]
        ),
        "the message to the group",
    )


def _page(answer: str) -> str:
    """The way to the notice's page in an answer."""
    found = re.search(r'href="([^"]+)"', answer)
    assert found, answer
    return found[1]


def test_a_told_notice_has_a_page_a_sheet_and_is_found_by_its_number(service: Service) -> None:
    answer = content(_post(service, text_message(openid_of("notice"), "高龄津贴要带什么")))
    number = re.search(r"告知编号(\d+)", answer)
    assert number
    page = requests.get(_page(answer), timeout=5).text
    assert number[1] in page
    assert "低保等困难身份的认定信息" in page
    assert "微信扫码" in requests.get(f"{_page(answer)}/print", timeout=5).text
    shown = subprocess.run(
        [Path(sys.executable).parent / "citizen-bot", "notices", "show", number[1]],
        env={**CLEAN_ENVIRONMENT, "CITIZEN_BOT_HOME": str(service.home)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "低保等困难身份的认定信息" in shown.stdout
    assert _page(answer).rpartition("/")[2] not in service.log.read_text("utf-8"), "who reads the log has no link"


def test_logs_carry_no_person_and_no_words(service: Service) -> None:
    openid = openid_of("secret")
    _post(service, text_message(openid, "俺叫王桂芬 电话13812345678 身份证371083194001010021 低保咋办"))
    log = service.log.read_text("utf-8")
    for personal in (openid, "王桂芬", "13812345678", "371083194001010021", "低保咋办"):
        assert personal not in log


def test_readiness_and_metrics(service: Service) -> None:
    ready = requests.get(f"{service.url}/readyz", timeout=5)
    assert ready.status_code == 200
    assert requests.get(f"{service.url}/healthz", timeout=5).status_code == 200
    _post(service, text_message(openid_of("counted"), "身份证丢了怎么补"))
    metrics = requests.get(f"{service.url}/metrics", timeout=5).text
    for name in (
        "messages_total",
        "decisions_total",
        "reply_seconds_bucket",
        "oldest_job_age_seconds",
        "catalogue_guides",
    ):
        assert f"citizen_bot_{name}" in metrics


@pytest.fixture(scope="module")
def own_service(start_service: Callable[..., Service]) -> Service:
    """A service of this module's own, to be harmed."""
    return start_service()


def test_without_valkey_everything_goes_on(own_service: Service) -> None:
    body = text_message(openid_of("valkey"), "人工")
    first = _post(own_service, body).content
    for _ in range(2):
        pid = _valkey_pid(own_service)
        os.kill(pid, signal.SIGKILL)
        assert _post(own_service, body).content == first
        assert "居民身份证丢失补领" in content(
            _post(own_service, text_message(openid_of("valkey"), "身份证丢了怎么补"))
        )
        _eventually(functools.partial(_answers_again, own_service, pid), "another Valkey")


def _valkey_pid(service: Service) -> int:
    pid: int = json.loads((service.home / "run" / "valkey.pid").read_text("ascii"))["pid"]
    return pid


def _answers_again(service: Service, killed: int) -> bool:
    ready = requests.get(f"{service.url}/readyz", timeout=5)
    return ready.status_code == 200 and _valkey_pid(service) != killed


def _publish(service: Service, guides: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).parent / "citizen-bot", "catalog", "publish", "--guides", guides],
        env={**CLEAN_ENVIRONMENT, "CITIZEN_BOT_HOME": str(service.home)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_new_catalogue_is_followed_without_a_lost_message_and_a_faulty_one_refused(
    own_service: Service, tmp_path: Path
) -> None:
    guides = Path(shutil.copytree(data_folder("guides"), tmp_path / "guides"))
    guide = guides / "公安局" / "id-card-reissue.yaml"
    original = guide.read_text("utf-8")
    guide.write_text(original.replace("name: 居民身份证丢失补领", "name: 居民身份证丢失补领（新版）", 1), "utf-8")
    over = Event()
    answers: list[str] = []

    def keep_asking() -> None:
        while not over.is_set():
            answers.append(content(_post(own_service, text_message(openid_of("follows"), "身份证丢了怎么补"))))

    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(keep_asking)
        published = _publish(own_service, guides)
        assert published.returncode == 0, published.stderr
        _eventually(lambda: sum("（新版）" in answer for answer in answers[-10:]) == 10, "every process to follow")
        over.set()
        asking.result()
    assert all("居民身份证丢失补领" in answer for answer in answers)
    assert "（新版）" not in answers[0]
    old_page = requests.get(_page(answers[0]), timeout=5).text
    assert "（新版）" not in old_page, "an old notice shows as it was told"
    newer = re.search(r'href="([^"]+)">看现在的办法', old_page)
    assert newer
    assert "（新版）" in requests.get(newer[1], timeout=5).text

    guide.write_text(original.replace("fee:", "price:", 1), "utf-8")
    refused = _publish(own_service, guides)
    assert refused.returncode == 1
    assert "id-card-reissue.yaml" in refused.stdout + refused.stderr
    assert "（新版）" in content(_post(own_service, text_message(openid_of("goeson"), "身份证丢了怎么补")))
