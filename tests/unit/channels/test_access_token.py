"""The access token, and what happens to it, seen through the clients that use it."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from outward import AGENT, CORP, CUSTOM, OPENID, SECRET, TOKEN, Outward, error_of
from redis import Redis
from redis.exceptions import RedisError

from citizen_bot.channels import tokens
from citizen_bot.sandbox import faults
from citizen_bot.sandbox.api.tokens import kill_all

GETTOKEN = "/wecom/cgi-bin/gettoken"
CARD = {"title": "新的预约", "description": "今天九点半", "url": "https://a.example", "button": "查看"}


def test_all_processes_share_one_token(outward: Outward) -> None:
    for _ in range(3):
        outward.account().send_text(OPENID, "您好")
    assert len(outward.calls(TOKEN)) == 1


def test_the_token_is_asked_for_without_ending_another_one(outward: Outward) -> None:
    outward.account().send_text(OPENID, "您好")
    assert outward.calls(TOKEN)[0]["json"]["force_refresh"] is False


def test_the_token_is_renewed_before_it_ends(outward: Outward) -> None:
    account = outward.account()
    account.send_text(OPENID, "您好")
    outward.wait(6899)
    account.send_text(OPENID, "您好")
    assert len(outward.calls(TOKEN)) == 1
    outward.wait(62)
    account.send_text(OPENID, "您好")
    assert len(outward.calls(TOKEN)) == 2
    assert {call["errcode"] for call in outward.calls(CUSTOM)} == {0}


def test_wecoms_token_is_used_to_its_end_and_not_asked_for_at_every_call(outward: Outward) -> None:
    application = outward.application()
    application.send_card(["WangFang"], **CARD)
    outward.wait(6965)
    for _ in range(23):
        application.send_card(["WangFang"], **CARD)
        outward.wait(10)
    assert len(outward.calls(GETTOKEN)) <= 6
    outward.wait(10)
    application.send_card(["WangFang"], **CARD)
    assert {call["errcode"] for call in outward.calls("/wecom/cgi-bin/message/send")} == {0}


def test_a_token_that_somebody_else_ended_is_replaced_once(outward: Outward) -> None:
    account = outward.account()
    account.send_text(OPENID, "一")
    outward.state.faults.append(faults.token_rotates(path=CUSTOM))
    account.send_text(OPENID, "二")
    assert outward.told() == ["一", "二"]
    assert len(outward.calls(TOKEN)) == 2
    outward.account().send_text(OPENID, "三")
    assert len(outward.calls(TOKEN)) == 2


@pytest.mark.parametrize("code", [40001, 40014, 42001])
def test_an_everlasting_refusal_costs_one_refresh_and_one_retry(outward: Outward, code: int) -> None:
    outward.state.faults.append(faults.errcode(code, times=faults.FOREVER, path=CUSTOM))
    account = outward.account()
    error = error_of(account.send_text, OPENID, "您好")
    assert (error.kind, error.code) == ("blocked", code)
    assert (len(outward.calls(TOKEN)), len(outward.calls(CUSTOM))) == (2, 2)
    # And none for the calls after that.
    assert error_of(account.send_text, OPENID, "您好").kind == "blocked"
    assert len(outward.calls()) == 4


def test_two_callers_with_the_same_dead_token_fetch_one_new_token(outward: Outward) -> None:
    account = outward.account()
    account.send_text(OPENID, "您好")
    kill_all(outward.state, outward.clock.now().timestamp())
    start = threading.Barrier(2)

    def send(text: str) -> None:
        start.wait()
        account.send_text(OPENID, text)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(send, ["一", "二"]))
    assert sorted(outward.told()) == sorted(["您好", "一", "二"])
    assert len(outward.calls(TOKEN)) == 2


def test_callers_at_once_wait_for_one_slow_token(outward: Outward) -> None:
    outward.state.faults.append(faults.delay(0.4, path=TOKEN))
    clients = [outward.account() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda client: client.send_text(OPENID, "您好"), clients))
    assert len(outward.told()) == 4
    assert len(outward.calls(TOKEN)) == 1


def test_nobody_waits_for_ever_for_a_process_that_died_with_the_lock(
    outward: Outward, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "PATIENCE_S", 0.2)
    outward.redis.lock("channels:wechat:wx1a2b3c4d5e6f7a8b:token:lock", timeout=30).acquire()
    outward.account().send_text(OPENID, "您好")
    assert outward.told() == ["您好"]


def test_redis_emptied_in_the_middle_means_another_token(outward: Outward) -> None:
    account = outward.account()
    account.send_text(OPENID, "一")
    outward.redis.flushall()
    account.send_text(OPENID, "二")
    assert outward.told() == ["一", "二"]
    assert len(outward.calls(TOKEN)) == 2


def test_without_redis_the_token_is_kept_in_the_process(outward: Outward, gone: Redis) -> None:
    account = outward.account(gone)
    for text in ("一", "二"):
        account.send_text(OPENID, text)
    assert outward.told() == ["一", "二"]
    assert len(outward.calls(TOKEN)) == 1


def test_a_redis_that_takes_nothing_in_is_as_good_as_none(outward: Outward) -> None:
    outward.redis.config_set("maxmemory-policy", "noeviction")
    outward.redis.config_set("maxmemory", "1")
    try:
        with pytest.raises(RedisError):
            outward.redis.set("a", "b")
        account = outward.account()
        for text in ("一", "二"):
            account.send_text(OPENID, text)
    finally:
        outward.redis.config_set("maxmemory", "128mb")
        outward.redis.config_set("maxmemory-policy", "allkeys-lru")
    assert outward.told() == ["一", "二"]
    assert len(outward.calls(TOKEN)) == 1


@pytest.mark.parametrize("code", [40013, 40125, 40164, 40243])
def test_an_account_that_wechat_does_not_accept_is_left_alone_for_minutes(outward: Outward, code: int) -> None:
    outward.state.faults.append(faults.errcode(code, times=faults.FOREVER, path=TOKEN))
    for client in (outward.account(), outward.account()):
        error = error_of(client.send_text, OPENID, "您好")
        assert (error.kind, error.code) == ("blocked", code)
        assert error.wait_s is not None
        assert error.wait_s >= 60
    assert len(outward.calls()) == 1
    outward.state.faults.clear()
    outward.wait(301)
    outward.account().send_text(OPENID, "您好")
    assert outward.told() == ["您好"]


def test_a_wrong_secret_is_blocked_and_never_told(outward: Outward, caplog: pytest.LogCaptureFixture) -> None:
    error = error_of(outward.account(secret="another-secret-of-the-account").send_text, OPENID, "您好")
    assert (error.kind, error.code) == ("blocked", 40125)
    wrong = error_of(outward.application(secret="another-secret").send_card, ["WangFang"], **CARD)
    assert (wrong.kind, wrong.code) == ("blocked", 40001)
    assert "another-secret" not in f"{error!r}{wrong!r}{caplog.text}"


def test_a_busy_token_call_is_another_attempts_matter(outward: Outward) -> None:
    outward.state.faults.append(faults.errcode(-1, path=TOKEN))
    account = outward.account()
    error = error_of(account.send_text, OPENID, "您好")
    assert (error.kind, error.maybe_sent) == ("again", False)
    account.send_text(OPENID, "您好")
    assert outward.told() == ["您好"]


def test_no_token_shows_in_errors_logs_or_clients(outward: Outward, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    account, application = outward.account(), outward.application()
    application.send_card(["WangFang"], **CARD)
    outward.state.faults += [faults.drop_before(path=CUSTOM), faults.errcode(48001, path=CUSTOM)]
    shown = [repr(account), repr(application), repr(vars(account)), repr(vars(application))]
    for _ in range(2):
        error = error_of(account.send_text, OPENID, "您好")
        shown += [str(error), repr(error), repr(vars(error)), repr(error.__context__), repr(error.__cause__)]
    text = "\n".join([*shown, caplog.text])
    assert [hidden for hidden in (*outward.state.tokens, SECRET, OPENID, "http://") if hidden in text] == []
    assert f"wecom:{CORP}:{AGENT}" in "".join(outward.redis.keys())
