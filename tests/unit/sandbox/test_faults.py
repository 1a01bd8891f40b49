"""Faults on request: each is used in its turn, and has the effect or not as it says."""

from typing import Any

import pytest
import requests
from fake_client import APP, OPENID, Fake

from citizen_bot.sandbox import faults
from citizen_bot.sandbox.allowances import allow

CUSTOM = "/cgi-bin/message/custom/send"
BODY = {"touser": OPENID, "msgtype": "text", "text": {"content": "您好"}}


@pytest.fixture
def chatting(fake: Fake) -> Fake:
    allow(fake.state, OPENID, "message", fake.clock.now().timestamp())
    fake.token()
    return fake


def delivered(fake: Fake) -> int:
    return len(fake.state.chats.get(OPENID, []))


def test_faults_are_used_oldest_first_and_counted_down(chatting: Fake) -> None:
    chatting.state.faults += [faults.errcode(-1, times=2), faults.errcode(40001)]
    assert [chatting.code(CUSTOM, BODY) for _ in range(4)] == [-1, -1, 40001, 0]
    assert delivered(chatting) == 1


def test_a_fault_waits_for_its_path(chatting: Fake) -> None:
    chatting.state.faults.append(faults.errcode(45009, path="/wecom/*"))
    assert chatting.code(CUSTOM, BODY) == 0


def test_a_fault_without_end_stays(chatting: Fake) -> None:
    chatting.state.faults.append(faults.errcode(48001, times=faults.FOREVER))
    assert {chatting.code(CUSTOM, BODY) for _ in range(5)} == {48001}


def test_a_quota_serves_that_many_calls(chatting: Fake) -> None:
    chatting.state.faults.append(faults.quota(2, CUSTOM))
    assert [chatting.code(CUSTOM, BODY) for _ in range(4)] == [0, 0, 45009, 45009]


def test_a_rotated_token_is_dead_for_the_call_at_hand(chatting: Fake) -> None:
    chatting.state.faults.append(faults.token_rotates(path=CUSTOM))
    assert chatting.code(CUSTOM, BODY) == 42001
    chatting.tokens.clear()
    assert chatting.code(CUSTOM, BODY) == 0


def post(fake: Fake) -> requests.Response:
    return fake.post(CUSTOM, BODY, access_token=fake.token())


@pytest.mark.parametrize(
    ("fault", "status", "body", "effects"),
    [
        (faults.http(502, "<h1>Bad Gateway</h1>"), 502, b"<h1>Bad Gateway</h1>", 0),
        (faults.truncate(7), 200, b'{"errco', 1),
        (faults.garbage(), 200, bytes(range(128, 256)), 1),
    ],
)
def test_broken_answers(chatting: Fake, fault: Any, status: int, body: bytes, effects: int) -> None:
    chatting.state.faults.append(fault)
    answer = post(chatting)
    assert (answer.status_code, answer.content, delivered(chatting)) == (status, body, effects)


def test_a_huge_answer_is_as_long_as_asked(chatting: Fake) -> None:
    chatting.state.faults.append(faults.huge(3 * 2**20))
    assert len(post(chatting).content) == 3 * 2**20


@pytest.mark.parametrize(("fault", "effects"), [(faults.drop_before(), 0), (faults.drop_after(), 1)])
def test_a_dropped_connection(chatting: Fake, fault: Any, effects: int) -> None:
    chatting.state.faults.append(fault)
    with pytest.raises(requests.ConnectionError):
        post(chatting)
    assert delivered(chatting) == effects


def test_faults_are_set_and_cleared_over_http(fake: Fake) -> None:
    control = f"{fake.base}/__fake__/faults"
    fault = {"kind": "errcode", "code": 45009, "path": "/cgi-bin/menu/*", "times": 3}
    assert fake.session.post(control, json=fault, timeout=5).json()["faults"][0]["times"] == 3
    assert fake.code("/cgi-bin/menu/create", {}) == 45009
    fake.session.delete(control, timeout=5)
    assert fake.code("/cgi-bin/menu/create", {}) == 40016


@pytest.mark.parametrize("body", [{"kind": "earthquake"}, {"kind": "errcode"}, {"kind": "garbage", "colour": 1}, []])
def test_a_fault_that_is_none_is_told(fake: Fake, body: Any) -> None:
    answer = fake.session.post(f"{fake.base}/__fake__/faults", json=body, timeout=5)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert fake.state.faults == []


def test_a_fault_hits_the_token_call_too(fake: Fake) -> None:
    fake.state.faults.append(faults.errcode(-1, path="*token"))
    body = {"grant_type": "client_credential", "appid": APP, "secret": "secret-of-the-account"}
    assert fake.post("/cgi-bin/stable_token", body).json()["errcode"] == -1
