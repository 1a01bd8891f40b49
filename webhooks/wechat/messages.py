"""What WeChat sends, from hostile bytes to the talk's `Incoming`.

Rules: developers.weixin.qq.com, "接收普通消息" and "接收事件推送".
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import XMLParser

from citizen_bot.dialogue.model import Consent, Event, Incoming, Kind, Report
from webhooks.wechat.crypto import CallbackError

Field: TypeAlias = "str | dict[str, Field] | list[Field]"
Fields: TypeAlias = dict[str, Field]

DEPTH_LIMIT = 6
DIGITS = re.compile(r"[0-9]{1,20}", re.ASCII)
COORDINATE = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,20})?", re.ASCII)
# JSON can smuggle in what XML 1.0 and PostgreSQL's text cannot hold.
NUL_OR_SURROGATE = re.compile("[\0\ud800-\udfff]")

# WeChat sends this in place of stickers and whatever else it cannot pass on.
NOT_PASSED_ON = "【收到不支持的消息类型，暂无法显示】"
QR_SCENE_PREFIX = "qrscene_"

KINDS: dict[str, Kind] = {
    "text": "text",
    "image": "image",
    "voice": "voice",
    "video": "video",
    "shortvideo": "video",
    "location": "location",
    "link": "link",
    "file": "file",
}
# After scancode_waitmsg the phone shows that it waits for an answer, as after a click; all others are silent.
EVENTS: dict[str, Event] = {
    "subscribe": "subscribe",
    "unsubscribe": "unsubscribe",
    "scan": "scan",
    "click": "click",
    "scancode_waitmsg": "click",
}


@dataclass(frozen=True, slots=True)
class Message:
    """A message or event with what every one of them has. `type` and `event` are in lower case.

    `created` is WeChat's CreateTime in unix seconds, as text. `fields` are all elements under WeChat's names, texts
    as sent; an element that was repeated inside another one is a list.
    """

    receiver: str
    sender: str
    created: str
    type: str
    msg_id: str | None
    event: str | None
    event_key: str
    fields: Fields


def read_xml(body: bytes, limit: int) -> Fields:
    """The elements of one XML document of at most `limit` bytes of UTF-8. Raises CallbackError."""
    _check_size(body, limit)
    # The fixed encoding overrules what the document declares, but not what the parser guesses: UTF-16 is told by its
    # NULs, or by a mark that no UTF-8 has.
    if b"\0" in body:
        raise CallbackError("bad_xml")
    parser = XMLParser(encoding="utf-8", forbid_dtd=True)
    try:
        body.decode()
        parser.feed(body)
        root: Element = parser.close()
    except DefusedXmlException:
        raise CallbackError("dtd_forbidden") from None
    except (ParseError, UnicodeDecodeError):
        raise CallbackError("bad_xml") from None
    if root.tag != "xml":
        raise CallbackError("bad_xml")
    tags = [child.tag for child in root]
    if len(tags) != len(set(tags)):
        raise CallbackError("duplicate_field")
    return {child.tag: _xml_field(child, DEPTH_LIMIT) for child in root}


def read_json(body: bytes, limit: int) -> Fields:
    """The fields of one JSON object of at most `limit` bytes, numbers as text. Raises CallbackError."""
    _check_size(body, limit)
    try:
        value = json.loads(body.decode(), parse_int=str, parse_float=str, parse_constant=str, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise CallbackError("bad_xml") from None
    fields = _json_field(value, DEPTH_LIMIT)
    if not isinstance(fields, dict):
        raise CallbackError("bad_xml")
    return fields


def read_message(fields: Fields) -> Message:
    """Raises CallbackError (missing_field, bad_field)."""
    kind = _required(fields, "MsgType").lower()
    created = _required(fields, "CreateTime")
    msg_id = text_field(fields, "MsgId") or None
    for digits in filter(None, (created, msg_id)):
        if not DIGITS.fullmatch(digits):
            raise CallbackError("bad_field")
    return Message(
        receiver=_required(fields, "ToUserName"),
        sender=_required(fields, "FromUserName"),
        created=created,
        type=kind,
        msg_id=msg_id,
        event=_required(fields, "Event").lower() if kind == "event" else None,
        event_key=text_field(fields, "EventKey"),
        fields=fields,
    )


def to_incoming(message: Message, *, account: str, received_at: datetime, request_id: str) -> Incoming:
    """The message in the talk's own words. `account` is the one within which the sender's openid is unique."""
    kind = _kind(message)
    latitude, longitude = _position(message) if kind == "location" else (None, None)
    event = EVENTS.get(message.event, "silent") if message.event else None
    return Incoming(
        account=account,
        openid=message.sender,
        key=_key(message, account),
        kind=kind,
        received_at=received_at,
        text=_text(message, kind),
        event=event,
        event_key=_event_key(message, event),
        latitude=latitude,
        longitude=longitude,
        place=text_field(message.fields, "Label") or None if kind == "location" else None,
        consents=tuple(_consents(message)),
        reports=tuple(_reports(message)),
        request_id=request_id,
    )


def text_field(fields: Fields, name: str) -> str:
    """The element's text; empty where it is absent. Raises CallbackError (bad_field) where it holds elements."""
    value = fields.get(name, "")
    if not isinstance(value, str):
        raise CallbackError("bad_field")
    return value


def _check_size(body: bytes, limit: int) -> None:
    if len(body) > limit:
        raise CallbackError("too_large")


def _xml_field(element: Element, depth: int) -> Field:
    if not len(element):
        return element.text or ""
    if depth == 0:
        raise CallbackError("bad_xml")
    found: dict[str, list[Field]] = {}
    for child in element:
        found.setdefault(child.tag, []).append(_xml_field(child, depth - 1))
    return {tag: values[0] if len(values) == 1 else values for tag, values in found.items()}


def _json_field(value: Any, depth: int) -> Field:
    if depth == 0:
        raise CallbackError("bad_xml")
    match value:
        case dict():
            return {name: _json_field(part, depth - 1) for name, part in value.items()}
        case list():
            return [_json_field(part, depth - 1) for part in value]
        case str() if not NUL_OR_SURROGATE.search(value):
            return value
        case _:
            raise CallbackError("bad_xml")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise CallbackError("duplicate_field")
    return fields


def _required(fields: Fields, name: str) -> str:
    value = text_field(fields, name)
    if not value:
        raise CallbackError("missing_field")
    return value


def _kind(message: Message) -> Kind:
    if message.event:
        return "event"
    if message.type == "text" and message.fields.get("Content") == NOT_PASSED_ON:
        return "unsupported"
    return KINDS.get(message.type, "unsupported")


def _text(message: Message, kind: Kind) -> str | None:
    match kind:
        case "text":
            return text_field(message.fields, "Content")
        case "voice":
            return text_field(message.fields, "Recognition") or None
        case _:
            return None


def _event_key(message: Message, event: Event | None) -> str | None:
    match event:
        case "subscribe":
            # Other prefixes exist (a payment, for one); only this one is followed by a QR code's scene.
            is_scene = message.event_key.startswith(QR_SCENE_PREFIX)
            return message.event_key.removeprefix(QR_SCENE_PREFIX) or None if is_scene else None
        case "scan" | "click":
            return message.event_key or None
        case _:
            return None


def _consents(message: Message) -> Iterator[Consent]:
    """What was said in a subscription's pop-up, or changed in the settings; a one-time consent is good for one."""
    holder = {
        "subscribe_msg_popup_event": "SubscribeMsgPopupEvent",
        "subscribe_msg_change_event": "SubscribeMsgChangeEvent",
    }.get(message.event or "")
    for entry in _entries(message, holder):
        template, status = entry.get("TemplateId"), entry.get("SubscribeStatusString")
        if isinstance(template, str) and template and status in ("accept", "reject"):
            yield Consent(template, status == "accept", 1)


def _reports(message: Message) -> Iterator[Report]:
    if message.event == "templatesendjobfinish":
        status = text_field(message.fields, "Status")
        yield Report(text_field(message.fields, "MsgID"), status == "success", status or None)


def _entries(message: Message, holder: str | None) -> list[dict[str, Field]]:
    """The entries of an event's List: several, one alone, or none."""
    held = message.fields.get(holder or "")
    listed = held.get("List", []) if isinstance(held, dict) else []
    return [entry for entry in (listed if isinstance(listed, list) else [listed]) if isinstance(entry, dict)]


def _position(message: Message) -> tuple[float | None, float | None]:
    """Latitude and longitude in GCJ-02: WeChat's X is the latitude."""
    x, y = (text_field(message.fields, name) for name in ("Location_X", "Location_Y"))
    if not (COORDINATE.fullmatch(x) and COORDINATE.fullmatch(y)):
        return None, None
    return float(x), float(y)


def _key(message: Message, account: str) -> str:
    """A JSON list, so that no two lists of parts give the same key; the kinds of lists differ in length.

    WeChat's own rule for events, sender and second, takes two different ones of a second for one: more parts are
    needed. A MsgId has been seen to repeat across people.
    """
    if message.event:
        sent_id = text_field(message.fields, "MsgID")
        parts = [message.created, message.event, message.event_key, *([sent_id] if sent_id else [])]
    elif message.msg_id:
        parts = [message.msg_id]
    else:
        parts = [message.created, message.type]
    return json.dumps([account, message.sender, *parts], ensure_ascii=False)
