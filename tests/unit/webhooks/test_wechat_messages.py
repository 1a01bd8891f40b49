import json
from datetime import UTC, datetime
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wechatpy import parse_message

from citizen_bot.dialogue.model import Consent, Incoming, Report
from webhooks.wechat.crypto import CallbackError
from webhooks.wechat.messages import Message, read_json, read_message, read_xml, to_incoming

LIMIT = 131072
RECEIVED = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
COMMON = {"ToUserName": "gh_0f1e2d3c4b5a", "FromUserName": "oABCD1234567890abcdefghijklm", "CreateTime": "1760000100"}

xml_characters = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")


def xml_of(**fields: str) -> bytes:
    return f"<xml>{''.join(f'<{name}>{escape(text)}</{name}>' for name, text in fields.items())}</xml>".encode()


def message_of(**fields: str) -> Message:
    return read_message(read_xml(xml_of(**{**COMMON, **fields}), LIMIT))


def incoming_of(**fields: str) -> Incoming:
    return to_incoming(message_of(**fields), account="wx1", received_at=RECEIVED, request_id="r1")


def refusal_of(body: bytes) -> str:
    with pytest.raises(CallbackError) as caught:
        read_message(read_xml(body, LIMIT))
    return caught.value.code


@given(text=st.text(xml_characters, min_size=1, max_size=100))
def test_texts_are_read_as_the_oracle_reads_them_but_not_stripped(text: str) -> None:
    body = xml_of(**COMMON, MsgType="text", Content=text, MsgId="18446744073709551615")
    ours, oracle = read_message(read_xml(body, LIMIT)), parse_message(body)
    assert ours.fields["Content"] == text
    assert (ours.sender, ours.receiver, ours.msg_id) == (oracle.source, oracle.target, str(oracle.id))
    assert text.strip() == (oracle.content or "").strip()


def test_a_message_carries_where_from_and_when() -> None:
    incoming = incoming_of(MsgType="text", Content=" 社保卡\n", MsgId="7")
    assert (incoming.account, incoming.openid) == ("wx1", COMMON["FromUserName"])
    assert (incoming.received_at, incoming.request_id) == (RECEIVED, "r1")
    assert (incoming.kind, incoming.text, incoming.event) == ("text", " 社保卡\n", None)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("image", "image"),
        ("voice", "voice"),
        ("video", "video"),
        ("shortvideo", "video"),
        ("location", "location"),
        ("link", "link"),
        ("file", "file"),
        ("miniprogrampage", "unsupported"),
        ("something_new", "unsupported"),
    ],
)
def test_each_type_has_its_kind(kind: str, expected: str) -> None:
    assert incoming_of(MsgType=kind, MsgId="1").kind == expected


def test_what_wechat_cannot_pass_on_is_unsupported_and_no_text() -> None:
    incoming = incoming_of(MsgType="text", Content="【收到不支持的消息类型，暂无法显示】", MsgId="1")
    assert (incoming.kind, incoming.text) == ("unsupported", None)


@pytest.mark.parametrize(
    ("event", "key", "expected", "expected_key"),
    [
        ("subscribe", "", "subscribe", None),
        ("subscribe", "qrscene_site_1", "subscribe", "site_1"),
        ("subscribe", "qrscene_", "subscribe", None),
        ("subscribe", "last_trade_no_4200", "subscribe", None),
        ("subscribe", "x_qrscene_site_1", "subscribe", None),
        ("UNSUBSCRIBE", "", "unsubscribe", None),
        ("Scan", "qrscene_of_its_own", "scan", "qrscene_of_its_own"),
        ("cLiCk", "HELP", "click", "HELP"),
        ("scancode_waitmsg", "SCAN", "click", "SCAN"),
        ("scancode_push", "SCAN", "silent", None),
        ("VIEW", "https://example.org", "silent", None),
        ("LOCATION", "", "silent", None),
        ("TEMPLATESENDJOBFINISH", "", "silent", None),
        ("an_event_of_next_year", "", "silent", None),
    ],
)
def test_each_event_has_its_meaning(event: str, key: str, expected: str, expected_key: str | None) -> None:
    incoming = incoming_of(MsgType="event", Event=event, EventKey=key)
    assert (incoming.kind, incoming.event, incoming.event_key) == ("event", expected, expected_key)


@pytest.mark.parametrize(("x", "y"), [("", ""), ("nan", "121.5"), ("36.9", ""), ("1e9", "2"), ("36.9", "12345")])
def test_a_location_without_two_numbers_has_no_position(x: str, y: str) -> None:
    incoming = incoming_of(MsgType="location", Location_X=x, Location_Y=y, Label="商业街", MsgId="1")
    assert (incoming.kind, incoming.latitude, incoming.longitude) == ("location", None, None)
    assert incoming.place == "商业街"


@pytest.mark.parametrize("name", ["MsgId", "CreateTime"])
@pytest.mark.parametrize("value", ["12a", "-1", "1.0", "１２", "1" * 21])
def test_numbers_are_plain_digits(name: str, value: str) -> None:
    assert refusal_of(xml_of(**{**COMMON, "MsgType": "text", "MsgId": "1", name: value})) == "bad_field"


@pytest.mark.parametrize("name", ["ToUserName", "FromUserName", "CreateTime", "MsgType"])
def test_an_empty_field_is_a_missing_one(name: str) -> None:
    assert refusal_of(xml_of(**{**COMMON, "MsgType": "text", name: ""})) == "missing_field"


def test_an_event_without_a_name_is_refused() -> None:
    assert refusal_of(xml_of(**COMMON, MsgType="event")) == "missing_field"


def test_elements_where_text_belongs_are_refused() -> None:
    body = xml_of(**COMMON, MsgType="text").replace(b"</xml>", b"<MsgId><a>1</a></MsgId></xml>")
    assert refusal_of(body) == "bad_field"


def test_a_field_given_twice_is_refused() -> None:
    assert refusal_of(b"<xml><MsgType>text</MsgType><MsgType>event</MsgType></xml>") == "duplicate_field"


def test_elements_nested_without_end_are_refused() -> None:
    assert refusal_of(b"<xml>" + b"<a>" * 10000 + b"</a>" * 10000 + b"</xml>") == "bad_xml"


@pytest.mark.parametrize("charset", ["utf-16", "utf-16-le", "utf-32"])
def test_other_encodings_are_refused(charset: str) -> None:
    assert refusal_of('<?xml version="1.0"?><xml><MsgType>text</MsgType></xml>'.encode(charset)) == "bad_xml"


def test_a_declared_encoding_does_not_count() -> None:
    body = xml_of(**COMMON, MsgType="text", Content="社保卡")
    assert read_xml(b"<?xml version='1.0' encoding='iso-8859-1'?>" + body, LIMIT)["Content"] == "社保卡"


@given(body=st.one_of(st.binary(max_size=300), st.text("<>/xml&;#!?[]CDAT \"'=a\0\ud800", max_size=60)))
def test_any_body_is_read_or_refused(body: bytes | str) -> None:
    data = body if isinstance(body, bytes) else body.encode(errors="surrogatepass")
    for read in (read_xml, read_json):
        with pytest.raises(CallbackError):
            read_message(read(data, LIMIT))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"[" * 100000, "bad_xml"),
        (b"[]", "bad_xml"),
        (b'{"a": true}', "bad_xml"),
        (b'{"Content": "\\u0000"}', "bad_xml"),
        (b'{"Content": "\\ud800"}', "bad_xml"),
        (b'{"MsgType": "text", "MsgType": "event"}', "duplicate_field"),
        (b'{"a": {"a": {"a": {"a": {"a": {"a": {}}}}}}}', "bad_xml"),
        (b'"' + b"a" * LIMIT + b'"', "too_large"),
    ],
)
def test_hostile_json_is_refused(body: bytes, code: str) -> None:
    with pytest.raises(CallbackError, match=code):
        read_json(body, LIMIT)


def test_json_numbers_keep_all_their_digits() -> None:
    fields = read_json(json.dumps({**COMMON, "MsgType": "text", "MsgId": 18446744073709551615}).encode(), LIMIT)
    assert read_message(fields).msg_id == "18446744073709551615"


short = st.text('ab",[]\\', min_size=1, max_size=4)
digits = st.text("01", min_size=1, max_size=2)
messages = st.builds(
    lambda sender, created, rest: {"FromUserName": sender, "CreateTime": created, **rest},
    short,
    digits,
    st.one_of(
        st.fixed_dictionaries({"MsgType": short, "MsgId": digits}),
        st.fixed_dictionaries({"MsgType": short}),
        st.fixed_dictionaries({"MsgType": st.just("event"), "Event": short, "EventKey": st.one_of(st.just(""), short)}),
        st.fixed_dictionaries({"MsgType": st.just("event"), "Event": short, "MsgID": digits}),
    ),
)


def identity(fields: dict[str, str]) -> tuple[str, ...]:
    """What makes a message the same one, as the protocol tells it."""
    if fields["MsgType"] == "event":
        names = ("FromUserName", "CreateTime", "Event", "EventKey", "MsgID")
        return ("event", *(fields.get(name, "") for name in names))
    if "MsgId" in fields:
        return ("message", fields["FromUserName"], fields["MsgId"])
    return ("second", fields["FromUserName"], fields["CreateTime"], fields["MsgType"])


@given(one=messages, other=messages)
def test_keys_are_equal_exactly_for_the_same_message(one: dict[str, str], other: dict[str, str]) -> None:
    assert (incoming_of(**one).key == incoming_of(**other).key) == (identity(one) == identity(other))


def test_the_same_message_to_two_accounts_has_two_keys() -> None:
    message = message_of(MsgType="text", MsgId="1")
    keys = {to_incoming(message, account=a, received_at=RECEIVED, request_id="").key for a in ("wx1", "wx2")}
    assert len(keys) == 2


def _subscription(event: str, holder: str, *entries: tuple[str, str]) -> Incoming:
    listed = "".join(
        f"<List><TemplateId>{template}</TemplateId><SubscribeStatusString>{status}</SubscribeStatusString></List>"
        for template, status in entries
    )
    common = "".join(f"<{name}>{text}</{name}>" for name, text in COMMON.items())
    body = f"<xml>{common}<MsgType>event</MsgType><Event>{event}</Event><{holder}>{listed}</{holder}></xml>".encode()
    return to_incoming(read_message(read_xml(body, LIMIT)), account="wx1", received_at=RECEIVED, request_id="r1")


def test_an_answer_to_a_subscription_is_a_consent_or_a_refusal_for_each_template() -> None:
    popup = ("subscribe_msg_popup_event", "SubscribeMsgPopupEvent")
    assert _subscription(*popup, ("t1", "accept"), ("t2", "reject")).consents == (
        Consent("t1", True, 1),
        Consent("t2", False, 1),
    )
    assert _subscription(*popup, ("t1", "accept")).consents == (Consent("t1", True, 1),), "one alone is a list, too"
    assert _subscription(*popup, ("t1", "maybe"), ("", "accept")).consents == ()
    changed = _subscription("subscribe_msg_change_event", "SubscribeMsgChangeEvent", ("t1", "reject"))
    assert changed.consents == (Consent("t1", False, 1),)
    assert changed.event == "silent"


@pytest.mark.parametrize(
    ("status", "arrived"), [("success", True), ("failed:user block", False), ("failed: system failed", False)]
)
def test_what_became_of_a_template_message_is_reported(status: str, arrived: bool) -> None:
    incoming = incoming_of(MsgType="event", Event="TEMPLATESENDJOBFINISH", MsgID="200228332", Status=status)
    assert incoming.reports == (Report("200228332", arrived, status),)
    assert incoming_of(MsgType="text", Content="你好", MsgId="7").reports == ()
