"""Pushing as WeChat does: what is sent, how often, and what the resident sees in the end."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask, Response, request

from citizen_bot.platform.clock import FixedClock
from citizen_bot.sandbox import AppAdapter, envelope
from citizen_bot.sandbox.judge import Mode
from citizen_bot.sandbox.pusher import Account, Pusher
from citizen_bot.sandbox.state import FakeState
from webhooks.wechat.crypto import WeChatCrypto

DATA = json.loads((Path(__file__).parents[2] / "data" / "wechat_vectors.json").read_text())
SAFE = DATA["accounts"]["safe"]
ACCOUNT = Account(SAFE["original_id"], SAFE["appid"], SAFE["token"], SAFE["encoding_aes_key"])
CRYPTO = WeChatCrypto(SAFE["token"], SAFE["encoding_aes_key"], SAFE["appid"])
OPENID = "oABCD1234567890abcdefghijklm"
CALLBACK = "http://127.0.0.1:1/callback"


class Service:
    """A callback that writes down what it got and answers from a list; the last answer goes on for ever."""

    def __init__(self, *answers: Callable[[dict[str, Any]], Any]) -> None:
        self.answers = list(answers)
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.app = Flask("callback")
        self.app.add_url_rule("/callback", view_func=self.answer, methods=["POST"])

    def answer(self) -> Any:
        body = request.get_data()
        self.requests.append((dict(request.args), body))
        fields = envelope.read(body)
        if "Encrypt" in fields:
            fields = envelope.read(CRYPTO.decrypt(fields["Encrypt"]).encode())
        return (self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])(fields)

    def got(self, index: int = -1) -> dict[str, Any]:
        return envelope.read(self.requests[index][1])


def say(content: str) -> Callable[[dict[str, Any]], Any]:
    def reply(fields: dict[str, Any]) -> str:
        answer = {
            "ToUserName": fields["FromUserName"],
            "FromUserName": fields["ToUserName"],
            "CreateTime": 1760000400,
            "MsgType": "text",
            "Content": content,
        }
        return envelope.write(answer)

    return reply


def say_encrypted(content: str) -> Callable[[dict[str, Any]], Any]:
    def reply(fields: dict[str, Any]) -> str:
        encrypted = CRYPTO.encrypt(say(content)(fields))
        signature = CRYPTO.signature("5", "6", encrypted)
        return envelope.write({"Encrypt": encrypted, "MsgSignature": signature, "TimeStamp": 5, "Nonce": "6"})

    return reply


def plain(body: str, status: int = 200) -> Callable[[dict[str, Any]], Any]:
    return lambda fields: Response(body, status)


def pushing(service: Service, mode: Mode = "plain", state: FakeState | None = None) -> tuple[Pusher, FakeState]:
    session = requests.Session()
    session.mount("http://127.0.0.1:1", AppAdapter(service.app))
    state = state or FakeState()
    clock = FixedClock(datetime(2026, 11, 23, 2, 0, tzinfo=UTC))
    return Pusher(CALLBACK, ACCOUNT, state, clock, mode=mode, session=session), state


def test_a_text_arrives_signed_and_its_reply_is_told() -> None:
    service = Service(say("您好"))
    pusher, state = pushing(service)
    outcome = pusher.text(OPENID, "社保卡怎么挂失")
    query, _ = service.requests[0]
    assert outcome.kind == "reply"
    assert outcome.reply is not None
    assert outcome.reply["Content"] == "您好"
    assert query["signature"] == CRYPTO.signature(query["timestamp"], query["nonce"])
    assert query["openid"] == OPENID
    assert service.got()["Content"] == "社保卡怎么挂失"
    assert [(line["who"], line["text"]) for line in state.chats[OPENID]] == [
        ("resident", "社保卡怎么挂失"),
        ("account", "您好"),
    ]


def test_safe_mode_sends_nothing_in_clear_but_the_receiver() -> None:
    service = Service(say_encrypted("您好"))
    outcome = pushing(service, "safe")[0].text(OPENID, "低保")
    query, _ = service.requests[0]
    sent = service.got()
    assert set(sent) == {"ToUserName", "Encrypt"}
    assert query["encrypt_type"] == "aes"
    assert query["msg_signature"] == CRYPTO.signature(query["timestamp"], query["nonce"], sent["Encrypt"])
    assert (outcome.reply or {})["Content"] == "您好"


def test_compatible_mode_sends_both_forms_and_takes_either() -> None:
    service = Service(say("明文"), say_encrypted("密文"))
    pusher, _ = pushing(service, "compatible")
    contents = [(pusher.text(OPENID, "低保").reply or {})["Content"] for _ in range(2)]
    assert contents == ["明文", "密文"]
    assert {"Content", "Encrypt"} <= set(service.got())


def test_a_fault_is_delivered_three_times_with_the_same_message() -> None:
    service = Service(plain("oops", 500))
    pusher, state = pushing(service)
    outcome = pusher.text(OPENID, "低保")
    assert (outcome.kind, len(outcome.deliveries)) == ("fault_notice", 3)
    assert len({body for _, body in service.requests}) == 1
    assert len({query["nonce"] for query, _ in service.requests}) == 3
    assert state.chats[OPENID][-1]["text"] == "该公众号提供的服务出现故障，请稍后再试"


def test_a_later_delivery_can_still_be_answered() -> None:
    service = Service(plain("<html>"), say("您好"))
    outcome = pushing(service)[0].text(OPENID, "低保")
    assert (outcome.kind, len(outcome.deliveries)) == ("reply", 2)
    assert outcome.deliveries[0].fault is not None
    assert outcome.deliveries[1].fault is None


def test_success_shows_nothing() -> None:
    outcome = pushing(Service(plain("success")))[0].text(OPENID, "低保")
    assert (outcome.kind, len(outcome.deliveries)) == ("nothing", 1)


def test_overlapping_deliveries_carry_the_same_message() -> None:
    service = Service(say("您好"))
    outcome = pushing(service)[0].text(OPENID, "低保", overlap=3)
    assert (outcome.kind, len(outcome.deliveries)) == ("reply", 3)
    assert len({body for _, body in service.requests}) == 1


def test_again_sends_the_same_message_and_says_whether_the_reply_is_the_same() -> None:
    service = Service(say("一"), say("一"), say("二"))
    pusher, state = pushing(service)
    entry = pusher.text(OPENID, "低保").entry
    pusher.again(OPENID, entry)
    pusher.again(OPENID, entry)
    assert len({body for _, body in service.requests}) == 1
    notes = [line["detail"]["same"] for line in state.chats[OPENID] if line["kind"] == "again"]
    assert notes == [True, False]
    with pytest.raises(LookupError):
        pusher.again(OPENID, 10_000)


def test_every_new_message_has_an_id_of_its_own_and_events_have_none() -> None:
    service = Service(plain("success"))
    pusher, _ = pushing(service)
    pusher.text(OPENID, "低保")
    pusher.text(OPENID, "低保")
    pusher.click(OPENID, "guide")
    first, second, event = (service.got(n) for n in range(3))
    assert first["MsgId"] != second["MsgId"]
    assert "MsgId" not in event


@pytest.mark.parametrize(
    ("act", "sent"),
    [
        (lambda p: p.voice(OPENID, "低保咋办"), {"MsgType": "voice", "Recognition": "低保咋办"}),
        (lambda p: p.image(OPENID), {"MsgType": "image"}),
        (lambda p: p.video(OPENID), {"MsgType": "video"}),
        (
            lambda p: p.location(OPENID, 36.833, 121.696, "白沙滩镇"),
            {"MsgType": "location", "Location_X": "36.833000", "Location_Y": "121.696000", "Label": "白沙滩镇"},
        ),
        (lambda p: p.link(OPENID, "标题", "https://a"), {"MsgType": "link", "Title": "标题", "Url": "https://a"}),
        (lambda p: p.click(OPENID, "guide"), {"MsgType": "event", "Event": "CLICK", "EventKey": "guide"}),
        (lambda p: p.scan(OPENID, "site_0042"), {"Event": "SCAN", "EventKey": "site_0042"}),
        (lambda p: p.follow(OPENID), {"Event": "subscribe", "EventKey": ""}),
        (lambda p: p.follow(OPENID, scene="site_0042"), {"Event": "subscribe", "EventKey": "qrscene_site_0042"}),
        (lambda p: p.unfollow(OPENID), {"Event": "unsubscribe"}),
    ],
)
def test_each_action_sends_its_elements(act: Callable[[Pusher], Any], sent: dict[str, str]) -> None:
    service = Service(plain("success"))
    act(pushing(service)[0])
    got = service.got()
    assert {name: got[name] for name in sent} == sent


def test_a_voice_without_recognition_has_no_such_element() -> None:
    service = Service(plain("success"))
    pushing(service)[0].voice(OPENID)
    assert "Recognition" not in service.got()


def test_a_tap_sends_the_entrys_text_with_its_id() -> None:
    link = '<a href="weixin://bizmsgmenu?msgmenucontent=%E4%BD%8E%E4%BF%9D&msgmenuid=2">2 低保</a>'
    service = Service(say(link))
    pusher, _ = pushing(service)
    pusher.text(OPENID, "领钱")
    pusher.tap(OPENID, "2")
    assert (service.got()["Content"], service.got()["bizmsgmenuid"]) == ("低保", "2")
    with pytest.raises(LookupError):
        pusher.tap(OPENID, "9")


def test_a_custom_message_menu_can_be_tapped_too() -> None:
    service = Service(plain("success"))
    pusher, state = pushing(service)
    body = {"head_content": "满意吗?", "list": [{"id": "s5", "content": "满意"}]}
    state.say(OPENID, "account", "msgmenu", "满意吗?", 0.0, via="custom", body=body)
    pusher.tap(OPENID, "s5")
    assert service.got()["Content"] == "满意"


def test_actions_open_the_allowances_that_custom_messages_need() -> None:
    service = Service(plain("success"))
    pusher, state = pushing(service)
    pusher.text(OPENID, "低保")
    pusher.click(OPENID, "guide")
    assert {kind: a["left"] for kind, a in state.allowances[OPENID].items()} == {"message": 5, "click": 3}
    pusher.unfollow(OPENID)
    assert (OPENID in state.allowances, state.residents[OPENID]["following"]) == (False, False)


def test_a_tap_on_a_message_menu_counts_as_a_click() -> None:
    service = Service(plain("success"))
    pusher, state = pushing(service)
    body = {"list": [{"id": "s5", "content": "满意"}]}
    state.say(OPENID, "account", "msgmenu", "", 0.0, via="custom", body=body)
    pusher.tap(OPENID, "s5")
    assert set(state.allowances[OPENID]) == {"click"}


def test_a_reply_to_an_unfollow_is_not_shown() -> None:
    outcome = pushing(Service(say("再见")))[0].unfollow(OPENID)
    assert outcome.kind == "nothing"


def test_the_fate_of_template_messages_is_told() -> None:
    service = Service(plain("success"))
    pusher, state = pushing(service)
    state.reports.append({"openid": OPENID, "msgid": 200000001, "status": "success"})
    assert pusher.report_templates() == 1
    assert (service.got()["Event"], service.got()["MsgID"]) == ("TEMPLATESENDJOBFINISH", "200000001")
    assert pusher.report_templates() == 0


def test_a_raw_body_is_posted_as_it_is() -> None:
    service = Service(plain("success"))
    pusher, _ = pushing(service)
    assert pusher.raw(b"<xml><A>1</A></xml>", {"signature": "s"}).kind == "nothing"
    assert service.requests == [({"signature": "s"}, b"<xml><A>1</A></xml>")]
    assert pushing(Service(plain("", 403)))[0].raw(b"<xml/>", {}).kind == "fault_notice"


@pytest.mark.parametrize(
    "callback", ["https://api.weixin.qq.com/x", "http://10.0.0.1/", "http://127.0.0.1.example.org/", "/webhooks"]
)
def test_only_this_machine_is_ever_called(callback: str) -> None:
    with pytest.raises(ValueError, match="only calls this machine"):
        Pusher(callback, ACCOUNT, FakeState(), FixedClock(datetime(2026, 11, 23, tzinfo=UTC)))
