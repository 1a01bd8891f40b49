"""WeCom: tokens and messages of applications, and group robots. All under /wecom."""

import base64
import hashlib
import json
from typing import Any

from citizen_bot.sandbox.api import media, tokens
from citizen_bot.sandbox.api.core import OK, Endpoint, Refusal, Request, record, records, text, within
from citizen_bot.sandbox.state import CHAT_KEPT, FakeState, append

MEMBER_PER_MINUTE = 30
# The texts of each kind with their most bytes; the first must not be empty.
TEXTS = {
    "text": {"content": 2048},
    "markdown": {"content": 4096},
    "markdown_v2": {"content": 4096},
    "textcard": {"title": 128, "description": 512, "url": 2048},
}
ROBOT_KINDS = ("text", "markdown", "markdown_v2", "image", "news", "file", "voice", "template_card")
APPLICATION_KINDS = ("text", "markdown", "textcard", "template_card")


def _get_token(state: FakeState, request: Request) -> dict[str, Any]:
    corp = request.query.get("corpid", "")
    if corp not in state.corps:
        raise Refusal(40013)
    agents = [agent for agent, secret in state.corps[corp].items() if secret == request.query.get("corpsecret")]
    if not agents:
        raise Refusal(40001, "invalid credential")
    app = f"{corp} {agents[0]}"
    current = tokens.living(state, app, "wecom", request.at)
    value = current[-1] if current else tokens.issue(state, app, "wecom", request.at)
    return {**OK, "access_token": value, "expires_in": int(state.tokens[value]["expires"] - request.at)}


def _check_body(state: FakeState, kind: str, body: dict[str, Any], at: float) -> None:
    """Raises Refusal where the object of a message does not fit its kind."""
    for name, limit in TEXTS.get(kind, {}).items():
        within(text(body, name, 44004), limit)
    if kind == "image":
        _check_image(body)
    elif kind == "news":
        _check_articles(records(body, "articles", 44004))
    elif kind in ("file", "voice"):
        found = state.media.get(text(body, "media_id", 40007))
        if found is None or found["type"] != kind or found["expires"] <= at:
            raise Refusal(40007)
    elif kind == "template_card":
        _check_card(body)


def _check_image(body: dict[str, Any]) -> None:
    try:
        picture = base64.b64decode(text(body, "base64", 40058), validate=True)
    except ValueError as error:
        raise Refusal(40058) from error
    if len(picture) > 2 * 2**20:
        raise Refusal(45001)
    if hashlib.md5(picture, usedforsecurity=False).hexdigest() != body.get("md5"):
        raise Refusal(40058, "invalid Request Parameter: md5")


def _check_articles(articles: list[dict[str, Any]]) -> None:
    if len(articles) > 8:
        raise Refusal(45008)
    for article in articles:
        within(text(article, "title", 40058), 128)
        within(str(article.get("description", "")), 512)
        text(article, "url", 40058)


def _check_card(body: dict[str, Any]) -> None:
    if body.get("card_type") not in ("text_notice", "news_notice"):
        raise Refusal(40058, "invalid Request Parameter: card_type")
    if not record(body, "card_action", 40058).get("type"):
        raise Refusal(40058, "invalid Request Parameter: card_action")
    for name, most in (("horizontal_content_list", 6), ("jump_list", 3)):
        if len(body.get(name) or []) > most:
            raise Refusal(40058, f"invalid Request Parameter: {name}")


def _robot(state: FakeState, request: Request) -> dict[str, Any]:
    key = request.query.get("key", "")
    if key not in state.robots:
        raise Refusal(93000)
    kind = request.text("msgtype", 40008)
    if kind not in ROBOT_KINDS:
        raise Refusal(40008)
    _check_body(state, kind, record(request.json, kind, 40058), request.at)
    if not state.allowed_again(f"robot {key}", state.robot_per_minute, 60, request.at):
        raise Refusal(45009, "api freq out of limit")
    append(state.robots[key], {"at": request.at, **request.json}, CHAT_KEPT)
    return OK


def _robot_upload(state: FakeState, request: Request) -> dict[str, Any]:
    if request.query.get("key") not in state.robots:
        raise Refusal(93000)
    upload = request.files.get("media")
    kind = request.query.get("type", "")
    if upload is None or kind not in ("file", "voice"):
        raise Refusal(40058)
    media_id = media.keep(state, kind, upload, request.at)
    return {**OK, "type": kind, "media_id": media_id, "created_at": str(int(request.at))}


def _receivers(value: Any, most: int) -> list[str]:
    names = [name for name in str(value or "").split("|") if name]
    if len(names) > most:
        raise Refusal(40058)
    return names


def _repeated(state: FakeState, request: Request) -> bool:
    """Whether WeCom's duplicate check drops this request: the very same was sent within the interval."""
    if request.json.get("enable_duplicate_check") != 1:
        return False
    seconds = min(int(request.json.get("duplicate_check_interval") or 1800), 4 * 3600)
    whole = hashlib.sha256(json.dumps(request.json, sort_keys=True).encode()).hexdigest()
    return not state.allowed_again(f"same {request.token['app']} {whole}", 1, seconds, request.at)


def _send(state: FakeState, request: Request) -> dict[str, Any]:
    agent = request.json.get("agentid")
    if not isinstance(agent, int) or isinstance(agent, bool):
        raise Refusal(40058, "invalid Request Parameter: agentid must be a number")
    if request.token["app"].split(" ")[1] != str(agent):
        raise Refusal(301002)
    kind = request.text("msgtype", 40008)
    if kind not in APPLICATION_KINDS:
        raise Refusal(40008)
    body = record(request.json, kind, 40058)
    if kind == "markdown":
        within(text(body, "content", 44004), 2048)
    _check_body(state, kind, body, request.at)
    users = _receivers(request.json.get("touser"), 1000)
    parties = _receivers(request.json.get("toparty"), 100)
    bad_users = [user.lower() for user in users if user in state.invalid_members]
    bad_parties = [party for party in parties if party in state.invalid_parties]
    good = [u for u in users if u not in state.invalid_members]
    good += [f"party {p}" for p in parties if p not in state.invalid_parties]
    if not good:
        raise Refusal(81013)
    if not _repeated(state, request):
        for receiver in good:
            # Above the limit WeCom says yes and drops the message.
            if state.allowed_again(f"member {receiver}", MEMBER_PER_MINUTE, 60, request.at):
                append(state.members.setdefault(receiver, []), {"at": request.at, **request.json}, CHAT_KEPT)
    return {
        **OK,
        "invaliduser": "|".join(bad_users),
        "invalidparty": "|".join(bad_parties),
        "invalidtag": "",
        "unlicenseduser": "",
        "msgid": f"fake{state.next_number():040d}",
    }


ENDPOINTS = {
    "/wecom/cgi-bin/gettoken": Endpoint("GET", _get_token, guard="none"),
    "/wecom/cgi-bin/message/send": Endpoint("POST", _send, guard="wecom"),
    "/wecom/cgi-bin/webhook/send": Endpoint("POST", _robot, guard="none"),
    "/wecom/cgi-bin/webhook/upload_media": Endpoint("POST", _robot_upload, takes="file", guard="none"),
}
