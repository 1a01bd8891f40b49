"""The simulator over real HTTP: page → server → the service's own callback → page."""

from typing import Any

import pytest
import requests
from flask import Flask

from citizen_bot.platform.clock import SystemClock
from citizen_bot.sandbox import register
from citizen_bot.settings import Settings


def send(running: Any, action: str, mode: str = "plain", resident: str = "yu", **values: Any) -> dict[str, Any]:
    body = {"resident": resident, "mode": mode, "action": action, "values": values}
    answer = requests.post(f"{running.url}/simulator/send", json=body, timeout=20)
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()
    return data


def texts(data: dict[str, Any]) -> list[str]:
    return ["".join(piece["text"] for piece in line["pieces"]) for line in data["lines"]]


@pytest.mark.parametrize("mode", ["plain", "compatible", "safe"])
def test_a_text_is_answered_in_every_mode(running: Any, mode: str) -> None:
    data = send(running, "text", mode, text="俺娘八十了")
    assert texts(data) == ["俺娘八十了", "第1个：俺娘八十了"]
    said = data["lines"][0]
    assert (said["outcome"], len(said["deliveries"]), said["deliveries"][0]["fault"]) == ("reply", 1, None)
    assert said["msg_id"].isdigit()


def test_the_chat_is_there_after_a_reload_and_each_resident_has_an_own_one(running: Any) -> None:
    send(running, "text", text="低保")
    again = requests.get(f"{running.url}/simulator/chat", params={"resident": "yu"}, timeout=10).json()
    other = requests.get(f"{running.url}/simulator/chat", params={"resident": "li"}, timeout=10).json()
    assert texts(again) == ["低保", "第1个：低保"]
    assert other["lines"] == []


def test_the_same_message_again_gets_the_very_same_reply(running: Any) -> None:
    line = send(running, "text", text="低保")["lines"][0]
    data = send(running, "again", "safe", entry=line["id"])
    note = data["lines"][-1]
    assert (note["kind"], note["same"], note["msg_id"]) == ("again", True, line["msg_id"])
    assert len(running.memory.seen) == 1


@pytest.mark.parametrize(
    ("action", "values", "reply"),
    [
        ("voice", {"text": "办身份证", "heard": True}, "第1个：办身份证"),
        ("voice", {"text": "办身份证", "heard": False}, "第1个：voice"),
        ("location", {"latitude": "36.833", "longitude": "121.696", "label": "白沙滩镇"}, "第1个：白沙滩镇"),
        ("image", {}, "第1个：image"),
        ("video", {}, "第1个：video"),
        ("link", {"title": "高龄津贴", "url": "https://example.org/"}, "第1个：link"),
        ("click", {"key": "guide", "name": "办事指南"}, "第1个：guide"),
        ("follow", {}, "第1个：subscribe"),
    ],
)
def test_each_kind_of_message_reaches_the_service(
    running: Any, action: str, values: dict[str, Any], reply: str
) -> None:
    assert texts(send(running, action, **values))[-1] == reply


def test_a_picture_can_be_fetched_by_its_media_id(running: Any) -> None:
    send(running, "image")
    settings = running.settings
    base = f"{running.url}/fake"
    body = {"grant_type": "client_credential", "appid": settings.wechat_app_id, "secret": settings.wechat_app_secret}
    token = requests.post(f"{base}/cgi-bin/stable_token", json=body, timeout=10).json()["access_token"]
    sent = requests.get(f"{running.url}/simulator/chat?resident=yu", timeout=10).json()["lines"][0]
    assert sent["kind"] == "image"
    query = {"access_token": token, "media_id": sent["media_id"]}
    picture = requests.get(f"{base}/cgi-bin/media/get", params=query, timeout=10)
    assert picture.content.startswith(b"\x89PNG")


def test_after_an_unfollow_only_following_works(running: Any) -> None:
    assert send(running, "unfollow")["following"] is False
    body = {"resident": "yu", "mode": "plain", "action": "text", "values": {"text": "在吗"}}
    refused = requests.post(f"{running.url}/simulator/send", json=body, timeout=10)
    assert (refused.status_code, "关注" in refused.json()["error"]) == (409, True)
    assert send(running, "follow")["following"] is True


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"resident": "nobody"}, 404),
        ({"mode": "secret"}, 400),
        ({"action": "dance"}, 400),
        ({"values": {"text": "  "}}, 400),
        ({"values": {}}, 400),
        ({"action": "again", "values": {"entry": 12345}}, 404),
        ({"action": "tap", "values": {"id": "1", "text": "没有"}}, 404),
        ({"action": "location", "values": {"latitude": "91", "longitude": "0", "label": "远"}}, 400),
    ],
)
def test_what_makes_no_sense_is_told_in_words(running: Any, changes: dict[str, Any], status: int) -> None:
    body = {"resident": "yu", "mode": "plain", "action": "text", "values": {"text": "在吗"}, **changes}
    answer = requests.post(f"{running.url}/simulator/send", json=body, timeout=10)
    assert answer.status_code == status
    assert answer.json()["error"]
    assert running.memory.incoming == []


def test_a_form_of_another_site_cannot_send(running: Any) -> None:
    answer = requests.post(f"{running.url}/simulator/send", data={"resident": "yu"}, timeout=10)
    assert answer.status_code == 400


@pytest.mark.parametrize("path", ["/simulator", "/simulator/outbox"])
def test_the_pages_need_no_inline_script_and_no_other_host(running: Any, path: str) -> None:
    answer = requests.get(f"{running.url}{path}", timeout=10)
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "<script>" not in answer.text
    assert "style=" not in answer.text


def test_the_outbox_shows_what_was_sent_to_whom(running: Any) -> None:
    key = running.settings.wecom_robot_key
    message = {"msgtype": "text", "text": {"content": "有居民要人工"}}
    robot = f"{running.url}/fake/wecom/cgi-bin/webhook/send"
    assert requests.post(robot, params={"key": key}, json=message, timeout=10).json()["errcode"] == 0
    data = requests.get(f"{running.url}/simulator/outbox/data", timeout=10).json()
    assert [entry["text"] for entry in data["robots"]] == ["有居民要人工"]
    assert key not in data["calls"][0]["call"]


def test_a_fault_is_switched_on_and_off(running: Any) -> None:
    switch = f"{running.url}/simulator/outbox/faults"
    robot = f"{running.url}/fake/wecom/cgi-bin/webhook/send?key={running.settings.wecom_robot_key}"
    message = {"msgtype": "text", "text": {"content": "您好"}}
    requests.post(switch, json={"switch": "robot"}, timeout=10)
    assert requests.post(robot, json=message, timeout=10).json()["errcode"] == 45009
    assert requests.post(switch, json={"switch": "none"}, timeout=10).json()["faults"] == []
    assert requests.post(robot, json=message, timeout=10).json()["errcode"] == 0


def test_large_uploads_pass_though_the_application_takes_little(running: Any) -> None:
    robot = f"{running.url}/fake/wecom/cgi-bin/webhook/upload_media"
    query = {"key": running.settings.wecom_robot_key, "type": "file"}
    files = {"media": ("table.xlsx", b"x" * 2**20)}
    assert requests.post(robot, params=query, files=files, timeout=20).json()["errcode"] == 0


def test_a_late_answer_times_out_on_a_real_socket(running: Any) -> None:
    requests.post(f"{running.url}/fake/__fake__/faults", json={"kind": "delay", "seconds": 1}, timeout=10)
    with pytest.raises(requests.Timeout):
        requests.get(f"{running.url}/fake/cgi-bin/menu/delete", timeout=0.2)


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_a_dropped_connection_gives_no_answer_on_a_real_socket(running: Any, kind: str) -> None:
    requests.post(f"{running.url}/fake/__fake__/faults", json={"kind": kind}, timeout=10)
    with pytest.raises(requests.RequestException):
        requests.get(f"{running.url}/fake/cgi-bin/menu/delete", timeout=10)


def test_the_sandbox_is_not_there_in_production() -> None:
    settings = Settings.from_environment({"SANDBOX": "off"})
    app = Flask("production")
    with pytest.raises(ValueError, match="sandbox is off"):
        register(app, settings, SystemClock())
    assert [rule.rule for rule in app.url_map.iter_rules() if "simulator" in rule.rule or "fake" in rule.rule] == []
