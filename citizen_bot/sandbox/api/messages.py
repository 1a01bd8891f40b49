"""Customer-service messages, template messages and subscription notifications."""

import re
from typing import Any

from citizen_bot.sandbox import allowances
from citizen_bot.sandbox.api.core import OK, Endpoint, Refusal, Request, record, records, text, within
from citizen_bot.sandbox.state import FakeState

CLIENT_MSG_ID_SECONDS = 600


def _receiver(state: FakeState, request: Request, not_following: int) -> str:
    """The openid in `touser`, of the token's own app. Raises Refusal(not_following) after an unfollow."""
    openid = request.text("touser", 40003)
    resident = state.residents.get(openid)
    if resident is None or resident["app"] != request.token["app"]:
        raise Refusal(40003)
    if not resident["following"]:
        raise Refusal(not_following)
    return openid


def _content_of(state: FakeState, kind: str, body: dict[str, Any]) -> str:
    """Checks a customer-service message and returns what the resident reads."""
    if kind == "text":
        return within(text(body, "content", 44004), 2048)
    if kind in ("image", "voice", "video", "mpnewsarticle"):
        name = "article_id" if kind == "mpnewsarticle" else "media_id"
        value = text(body, name, 40007)
        if kind != "mpnewsarticle" and value not in state.media:
            raise Refusal(40007)
        return f"[{kind}]"
    if kind == "music":
        text(body, "thumb_media_id", 40007)
        return text(body, "musicurl")
    if kind == "news":
        articles = records(body, "articles")
        if len(articles) != 1:
            raise Refusal(45008)
        return f"{text(articles[0], 'title')}\n{text(articles[0], 'url')}"
    if kind == "msgmenu":
        options = [f"{text(option, 'content')}" for option in records(body, "list") if text(option, "id")]
        return "\n".join([str(body.get("head_content", "")), *options, str(body.get("tail_content", ""))]).strip()
    for name in ("title", "appid", "pagepath", "thumb_media_id"):
        text(body, name)
    return str(body["title"])


CUSTOM_KINDS = (
    "text",
    "image",
    "voice",
    "video",
    "music",
    "news",
    "mpnewsarticle",
    "msgmenu",
    "miniprogrampage",
)


def _custom(state: FakeState, request: Request) -> dict[str, Any]:
    openid = _receiver(state, request, not_following=45015)
    kind = request.text("msgtype", 40008)
    if kind not in CUSTOM_KINDS:
        raise Refusal(40008)
    body = record(request.json, kind)
    content = _content_of(state, kind, body)
    refused = allowances.spend(state, openid, request.at)
    if refused:
        raise Refusal(refused)
    state.say(openid, "account", kind, content, request.at, via="custom", body=body)
    return OK


def _typing(state: FakeState, request: Request) -> dict[str, Any]:
    openid = _receiver(state, request, not_following=45015)
    if request.json.get("command") not in ("Typing", "CancelTyping"):
        raise Refusal(40035)
    if not any(a["until"] > request.at for a in state.allowances.get(openid, {}).values()):
        raise Refusal(45080)
    return OK


# The rules of a template's fields by the kind that a field's name begins with (characters, not bytes).
FIELD_RULES = {
    "thing": re.compile(r".{1,20}"),
    "number": re.compile(r"-?[0-9]{1,32}(\.[0-9]+)?"),
    "letter": re.compile(r"[A-Za-z]{1,32}"),
    "symbol": re.compile(r"[^\w\s]{1,5}"),
    "character_string": re.compile(r"[!-~ ]{1,32}"),
    "time": re.compile(r"(?=.*[0-9])[0-9年月日时分秒:：/~\- ]{2,40}"),
    "date": re.compile(r"(?=.*[0-9])[0-9年月日时分秒:：/~\- ]{2,40}"),
    "amount": re.compile(r"[¥￥$€£]?[0-9]{1,10}(\.[0-9]+)?元?"),
    "phone_number": re.compile(r"[0-9+\-() ]{1,17}"),
    "car_number": re.compile(r".{1,8}"),
    "name": re.compile(r"[A-Za-z .·]{1,20}|.{1,10}"),
    "phrase": re.compile(r"[\u4e00-\u9fff]{1,5}"),
    "enum": re.compile(r".{1,20}"),
    "const": re.compile(r".{1,20}"),
}


def _fields(state: FakeState, request: Request) -> str:
    """Checks the template and its data and returns what the resident reads."""
    names = state.templates.get(request.text("template_id", 40037))
    if names is None:
        raise Refusal(40037)
    data = record(request.json, "data", 47003)
    lines = []
    for name in names:
        value = data.get(name)
        given = value.get("value") if isinstance(value, dict) else None
        rule = FIELD_RULES[name.rstrip("0123456789")]
        if not isinstance(given, str) or not rule.fullmatch(given):
            raise Refusal(47003, f"argument invalid! data.{name}.value invalid")
        lines.append(f"{name}：{given}")
    unknown = sorted(set(data) - set(names))
    if unknown:
        raise Refusal(47003, f"argument invalid! data.{unknown[0]} is not in the template")
    return "\n".join(lines)


def _template(state: FakeState, request: Request) -> dict[str, Any]:
    openid = _receiver(state, request, not_following=43004)
    content = _fields(state, request)
    key = f"{openid} {request.json.get('client_msg_id') or ''}"
    sent = state.client_msg_ids.get(key)
    if request.json.get("client_msg_id") and sent and sent["at"] > request.at - CLIENT_MSG_ID_SECONDS:
        return {**OK, "msgid": sent["msgid"]}
    number = 200_000_000 + state.next_number()
    if request.json.get("client_msg_id"):
        state.client_msg_ids[key] = {"msgid": number, "at": request.at}
    state.say(openid, "account", "template", content, request.at, via="template", body=request.json)
    state.reports.append({"openid": openid, "msgid": number, "status": "success"})
    return {**OK, "msgid": number}


def _subscribe(state: FakeState, request: Request) -> dict[str, Any]:
    openid = request.text("touser", 40003)
    resident = state.residents.get(openid)
    if resident is None or resident["app"] != request.token["app"]:
        raise Refusal(40003)
    content = _fields(state, request)
    page = request.json.get("page")
    if page is not None and (not isinstance(page, str) or not re.fullmatch(r"(https?://|pages/)\S+", page)):
        raise Refusal(41030)
    key = f"{openid} {request.json['template_id']}"
    if state.consents.get(key, 0) < 1:
        raise Refusal(43101)
    state.consents[key] -= 1
    state.say(openid, "account", "subscribe", content, request.at, via="subscribe", body=request.json)
    return OK


ENDPOINTS = {
    "/cgi-bin/message/custom/send": Endpoint("POST", _custom),
    "/cgi-bin/message/custom/typing": Endpoint("POST", _typing),
    "/cgi-bin/message/template/send": Endpoint("POST", _template),
    "/cgi-bin/message/subscribe/bizsend": Endpoint("POST", _subscribe),
    "/cgi-bin/message/subscribe/send": Endpoint("POST", _subscribe),
}
