"""WeCom's group robots and application messages."""

import base64
import hashlib
from typing import Any

import pytest
from fake_client import Fake

ROBOT = "/wecom/cgi-bin/webhook/send"
SEND = "/wecom/cgi-bin/message/send"


@pytest.fixture
def wecom(fake: Fake) -> Fake:
    fake.state.robots["robot-1"] = []
    fake.state.corps["ww1"] = {"1000002": "corp-secret"}
    return fake


def robot(fake: Fake, body: dict[str, Any], key: str = "robot-1") -> int:
    return int(fake.post(ROBOT, body, key=key).json()["errcode"])


def text(content: str) -> dict[str, Any]:
    return {"msgtype": "text", "text": {"content": content, "mentioned_list": ["@all"]}}


def test_a_robots_message_lies_in_its_group(wecom: Fake) -> None:
    assert robot(wecom, text("有居民要人工")) == 0
    assert [message["text"]["content"] for message in wecom.state.robots["robot-1"]] == ["有居民要人工"]


def test_an_unknown_robot_key_is_93000(wecom: Fake) -> None:
    assert robot(wecom, text("您好"), key="robot-2") == 93000


def test_a_robot_sends_twenty_messages_a_minute(wecom: Fake) -> None:
    assert [robot(wecom, text("您好")) for _ in range(21)] == [0] * 20 + [45009]
    assert len(wecom.state.robots["robot-1"]) == 20
    wecom.wait(60)
    assert robot(wecom, text("您好")) == 0


PICTURE = b"picture"
CARD = {"card_type": "text_notice", "main_title": {"title": "超期"}, "card_action": {"type": 1, "url": "https://a"}}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (text("政" * 682), 0),
        (text("政" * 683), 45002),
        (text(""), 44004),
        ({"msgtype": "markdown", "markdown": {"content": "a" * 4096}}, 0),
        ({"msgtype": "markdown_v2", "markdown_v2": {"content": "a" * 4097}}, 45002),
        ({"msgtype": "sticker", "sticker": {}}, 40008),
        ({"msgtype": "text"}, 40058),
        (
            {
                "msgtype": "image",
                "image": {"base64": base64.b64encode(PICTURE).decode(), "md5": hashlib.md5(PICTURE).hexdigest()},
            },
            0,
        ),
        ({"msgtype": "image", "image": {"base64": base64.b64encode(PICTURE).decode(), "md5": "0" * 32}}, 40058),
        ({"msgtype": "image", "image": {"base64": "不是", "md5": "0" * 32}}, 40058),
        ({"msgtype": "news", "news": {"articles": [{"title": "一", "url": "https://a"}] * 8}}, 0),
        ({"msgtype": "news", "news": {"articles": [{"title": "一", "url": "https://a"}] * 9}}, 45008),
        ({"msgtype": "file", "file": {"media_id": "unknown"}}, 40007),
        ({"msgtype": "template_card", "template_card": CARD}, 0),
        ({"msgtype": "template_card", "template_card": {**CARD, "card_action": None}}, 40058),
        ({"msgtype": "template_card", "template_card": {**CARD, "jump_list": [{}] * 4}}, 40058),
    ],
)
def test_what_a_robots_message_must_be(wecom: Fake, body: dict[str, Any], code: int) -> None:
    assert robot(wecom, body) == code


def test_an_uploaded_file_can_be_sent(wecom: Fake) -> None:
    answer = wecom.session.post(
        f"{wecom.base}/wecom/cgi-bin/webhook/upload_media",
        params={"key": "robot-1", "type": "file"},
        files={"media": ("list.xlsx", b"a table")},
        timeout=5,
    ).json()
    assert answer["errcode"] == 0
    assert robot(wecom, {"msgtype": "file", "file": {"media_id": answer["media_id"]}}) == 0


def get_token(fake: Fake, secret: str = "corp-secret", corp: str = "ww1") -> dict[str, Any]:
    answer: dict[str, Any] = fake.get("/wecom/cgi-bin/gettoken", corpid=corp, corpsecret=secret).json()
    return answer


def send(fake: Fake, **changes: Any) -> dict[str, Any]:
    body = {"touser": "WangFang", "msgtype": "text", "agentid": 1000002, "text": {"content": "新的预约"}, **changes}
    answer: dict[str, Any] = fake.post(SEND, body, access_token=get_token(fake)["access_token"]).json()
    return answer


def test_an_applications_token_is_the_same_while_it_lives(wecom: Fake) -> None:
    first = get_token(wecom)
    wecom.wait(7000)
    assert get_token(wecom)["access_token"] == first["access_token"]
    wecom.wait(201)
    assert get_token(wecom)["access_token"] != first["access_token"]
    assert get_token(wecom, secret="wrong")["errcode"] == 40001
    assert get_token(wecom, corp="ww2")["errcode"] == 40013


def test_a_message_reaches_members_and_parties(wecom: Fake) -> None:
    assert send(wecom, touser="WangFang|LiNa", toparty="7")["errcode"] == 0
    assert set(wecom.state.members) == {"WangFang", "LiNa", "party 7"}


def test_a_partial_failure_is_told_beside_errcode_0(wecom: Fake) -> None:
    wecom.state.invalid_members = ["LiNa"]
    answer = send(wecom, touser="WangFang|LiNa")
    assert (answer["errcode"], answer["invaliduser"]) == (0, "lina")
    assert set(wecom.state.members) == {"WangFang"}
    assert send(wecom, touser="LiNa")["errcode"] == 81013


def test_the_duplicate_check_delivers_the_same_request_once(wecom: Fake) -> None:
    again = {"enable_duplicate_check": 1, "duplicate_check_interval": 600}
    assert [send(wecom, **again)["errcode"] for _ in range(2)] == [0, 0]
    assert len(wecom.state.members["WangFang"]) == 1
    wecom.wait(601)
    send(wecom, **again)
    assert len(wecom.state.members["WangFang"]) == 2


def test_above_thirty_a_minute_messages_vanish_silently(wecom: Fake) -> None:
    assert {send(wecom)["errcode"] for _ in range(31)} == {0}
    assert len(wecom.state.members["WangFang"]) == 30


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"agentid": "1000002"}, 40058),
        ({"agentid": 1000003}, 301002),
        ({"text": {"content": "政" * 683}}, 45002),
        ({"msgtype": "markdown", "markdown": {"content": "a" * 2049}}, 45002),
        ({"msgtype": "textcard", "textcard": {"title": "题", "description": "说明", "url": "https://a"}}, 0),
        ({"msgtype": "textcard", "textcard": {"title": "题" * 43, "description": "a", "url": "https://a"}}, 45002),
        ({"touser": "|".join(f"u{n}" for n in range(1001))}, 40058),
        ({"touser": ""}, 81013),
    ],
)
def test_what_an_applications_message_must_be(wecom: Fake, changes: dict[str, Any], code: int) -> None:
    assert send(wecom, **changes)["errcode"] == code
