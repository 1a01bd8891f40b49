"""Whatever a server answers, or does not."""

from typing import Any

import pytest
from outward import CUSTOM, OPENID, ROBOT, TOKEN, WEBHOOK, Outward, error_of
from redis import Redis

from citizen_bot.channels.http import LARGEST_ANSWER
from citizen_bot.sandbox import faults


def test_a_busy_server_is_tried_again_by_the_caller_only(outward: Outward) -> None:
    outward.state.faults.append(faults.errcode(-1, times=2, path=CUSTOM))
    account = outward.account()
    for _ in range(2):
        error = error_of(account.send_text, OPENID, "您好")
        assert (error.kind, error.code, error.wait_s, error.maybe_sent) == ("again", -1, 1, False)
    account.send_text(OPENID, "您好")
    assert len(outward.calls(CUSTOM)) == 3


@pytest.mark.parametrize(
    ("fault", "delivered"),
    [
        (faults.http(502, "<h1>Bad Gateway</h1>", path=CUSTOM), 0),
        (faults.http(504, path=CUSTOM), 0),
        (faults.truncate(7, path=CUSTOM), 1),
        (faults.garbage(path=CUSTOM), 1),
        (faults.huge(64 * 2**20, path=CUSTOM), 1),
        (faults.http(200, "<html>登录网络</html>", path=CUSTOM), 0),
        (faults.http(200, "[]", path=CUSTOM), 0),
        (faults.http(200, '{"errcode": "many"}', path=CUSTOM), 0),
        (faults.http(200, '{"errcode": null}', path=CUSTOM), 0),
        (faults.http(200, "[" * 100_000, path=CUSTOM), 0),
        (faults.drop_before(path=CUSTOM), 0),
        (faults.drop_after(path=CUSTOM), 1),
    ],
)
def test_where_nobody_knows_whether_it_was_sent_the_error_says_so(outward: Outward, fault: Any, delivered: int) -> None:
    outward.state.faults.append(fault)
    error = error_of(outward.account().send_text, OPENID, "您好")
    assert (error.kind, error.code, error.maybe_sent) == ("again", None, True)
    assert len(outward.told()) == delivered
    assert len(outward.calls(CUSTOM)) == 1


@pytest.mark.parametrize(
    ("status", "kind"), [(429, "again"), (404, "failed"), (403, "failed"), (302, "failed"), (204, "failed")]
)
def test_statuses_that_tencent_never_gives(outward: Outward, status: int, kind: str) -> None:
    outward.state.faults.append(faults.http(status, path=CUSTOM))
    error = error_of(outward.account().send_text, OPENID, "您好")
    assert (error.kind, error.maybe_sent) == (kind, False)
    assert len(outward.calls(CUSTOM)) == 1


@pytest.mark.parametrize("body", ["{}", '{"errcode": 0}', '{"errcode": "0"}'])
def test_no_errcode_and_zero_are_success(outward: Outward, body: str) -> None:
    outward.state.faults.append(faults.http(200, body, path=CUSTOM))
    outward.account().send_text(OPENID, "您好")


def test_a_quota_that_is_used_up_stops_the_calls_of_all_processes(outward: Outward) -> None:
    outward.state.faults.append(faults.errcode(45009, times=faults.FOREVER, path=CUSTOM))
    for client in (outward.account(), outward.account()):
        error = error_of(client.send_text, OPENID, "您好")
        assert (error.kind, error.code, error.maybe_sent) == ("again", 45009, False)
        assert error.wait_s == pytest.approx(60, abs=1)
    assert len(outward.calls(CUSTOM)) == 1


def test_a_quota_that_is_still_used_up_a_minute_later_is_the_days(outward: Outward) -> None:
    outward.state.faults.append(faults.errcode(45009, times=2, path=CUSTOM))
    account = outward.account()
    error_of(account.send_text, OPENID, "您好")
    outward.wait(61)
    assert error_of(account.send_text, OPENID, "您好").wait_s == 3600
    outward.wait(3601)
    account.send_text(OPENID, "您好")
    assert outward.told() == ["您好"]


def test_an_address_that_is_off_leaves_the_others_on(outward: Outward) -> None:
    outward.state.faults.append(faults.errcode(48001, path="/cgi-bin/message/template/send"))
    outward.state.templates["t"] = ["thing1"]
    account = outward.account()
    for _ in range(2):
        error = error_of(account.send_template, OPENID, "t", {"thing1": "好"}, url=None, client_msg_id="1")
        assert (error.kind, error.code) == ("blocked", 48001)
    account.send_text(OPENID, "您好")
    assert outward.told() == ["您好"]


@pytest.mark.parametrize("code", [45009, 45011, 48004])
def test_without_redis_a_process_stops_its_own_calls(outward: Outward, gone: Redis, code: int) -> None:
    outward.state.faults.append(faults.errcode(code, times=faults.FOREVER, path=CUSTOM))
    account = outward.account(gone)
    assert {error_of(account.send_text, OPENID, "您好").code for _ in range(3)} == {code}
    assert len(outward.calls(CUSTOM)) == 1


def test_refusals_of_one_resident_do_not_stop_the_calls(outward: Outward) -> None:
    account = outward.account()
    assert error_of(account.send_text, "oNOBODY", "您好").kind == "refused"
    account.send_text(OPENID, "您好")
    assert outward.told() == ["您好"]


def test_what_an_answer_quotes_of_ours_is_not_told(outward: Outward) -> None:
    quoted = (
        '{"errcode": 40164, "errmsg": "invalid ip 203.0.113.7, not in whitelist '
        f'{ROBOT} https://a.example/cgi-bin/x?key=1 {OPENID} rid: 5f3b8e2a-1a2b3c4d-0e1f2a3b"}}'
    )
    outward.state.faults.append(faults.http(200, quoted, path=TOKEN))
    error = error_of(outward.account().send_text, OPENID, "您好")
    assert error.kind == "blocked"
    assert "203.0.113.7" in error.reason
    assert "rid: 5f3b8e2a-1a2b3c4d-0e1f2a3b" in error.reason
    assert [hidden for hidden in (ROBOT, "a.example", OPENID) if hidden in error.reason] == []


def test_a_robots_rate_is_its_own(outward: Outward) -> None:
    outward.state.robots["another"] = []
    robot = outward.robot()
    for _ in range(20):
        robot.send_text("有居民等候")
    error = error_of(robot.send_text, "有居民等候")
    assert (error.kind, error.code, error.wait_s) == ("again", 45009, 60)
    assert error_of(outward.robot().send_text, "有居民等候").code == 45009
    assert len(outward.calls(WEBHOOK)) == 21
    outward.robot("another").send_text("有居民等候")
    outward.wait(61)
    robot.send_text("有居民等候")
    assert len(outward.state.robots[ROBOT]) == 21


def test_an_answers_size_has_a_limit() -> None:
    assert LARGEST_ANSWER <= 2**20
