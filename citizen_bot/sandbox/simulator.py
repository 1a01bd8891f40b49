"""The simulator: a chat as on a phone, whose messages reach the service as WeChat's do; and the outbox beside it."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, abort, jsonify, make_response, render_template, request
from marshmallow import Schema, ValidationError, fields, validate
from werkzeug.exceptions import HTTPException

from citizen_bot.platform.clock import SHANGHAI, Clock
from citizen_bot.sandbox import faults
from citizen_bot.sandbox.anchors import pieces
from citizen_bot.sandbox.api.media import PICTURE
from citizen_bot.sandbox.judge import Mode
from citizen_bot.sandbox.pusher import Account, Outcome, Pusher
from citizen_bot.sandbox.residents import MENU, PLACES, RESIDENTS, SampleResident
from citizen_bot.sandbox.state import Call, Entry, FakeState, Store

MODES: dict[Mode, str] = {"plain": "明文", "compatible": "兼容", "safe": "安全"}
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# The faults that the outbox page can switch, with their names there.
SWITCHES = {
    "token": ("令牌失效一次", faults.errcode(40001, path="/cgi-bin/message/*")),
    "busy": ("微信忙（两次）", faults.errcode(-1, times=2)),
    "quota": ("额度用完", faults.errcode(45009, times=faults.FOREVER)),
    "window": ("超过48小时", faults.errcode(45015, times=faults.FOREVER, path="/cgi-bin/message/custom/*")),
    "gateway": ("网关出错一次", faults.http(502, "<h1>Bad Gateway</h1>")),
    "slow": ("慢10秒（一次）", faults.delay(10)),
    "robot": ("群机器人限流", faults.errcode(45009, times=faults.FOREVER, path="/wecom/cgi-bin/webhook/*")),
}
HIDDEN = {"access_token", "secret", "corpsecret", "key", "js_code", "code"}


def _words(longest: int = 2000) -> fields.String:
    return fields.String(
        required=True, validate=[validate.Length(max=longest), validate.Regexp(r"[\s\S]*\S", error="不能是空白")]
    )


@dataclass(frozen=True, slots=True)
class Action:
    """Something that a resident can do: its values, and how it is done for an openid."""

    values: dict[str, fields.Field[Any]]
    do: Callable[[Pusher, str, Mapping[str, Any]], Outcome]

    def schema(self) -> Schema:
        return Schema.from_dict(self.values)()


ACTIONS = {
    "text": Action({"text": _words()}, lambda pusher, openid, v: pusher.text(openid, v["text"])),
    "tap": Action(
        {"id": fields.String(required=True), "text": _words()},
        lambda pusher, openid, v: pusher.tap(openid, v["id"], v["text"]),
    ),
    "voice": Action(
        {"text": fields.String(required=True), "heard": fields.Boolean(required=True)},
        lambda pusher, openid, v: pusher.voice(openid, v["text"] if v["heard"] else None),
    ),
    "location": Action(
        {
            "latitude": fields.Float(required=True, validate=validate.Range(-90, 90)),
            "longitude": fields.Float(required=True, validate=validate.Range(-180, 180)),
            "label": fields.String(required=True),
        },
        lambda pusher, openid, v: pusher.location(openid, v["latitude"], v["longitude"], v["label"]),
    ),
    "image": Action({}, lambda pusher, openid, _: pusher.image(openid, PICTURE)),
    "video": Action({}, lambda pusher, openid, _: pusher.video(openid)),
    "link": Action(
        {"title": _words(), "url": _words()}, lambda pusher, openid, v: pusher.link(openid, v["title"], v["url"])
    ),
    "click": Action(
        {"key": _words(128), "name": _words(60)}, lambda pusher, openid, v: pusher.click(openid, v["key"], v["name"])
    ),
    "follow": Action({}, lambda pusher, openid, _: pusher.follow(openid)),
    "unfollow": Action({}, lambda pusher, openid, _: pusher.unfollow(openid)),
    "again": Action(
        {"entry": fields.Integer(required=True)}, lambda pusher, openid, v: pusher.again(openid, v["entry"])
    ),
}


class SendSchema(Schema):
    resident = fields.String(required=True)
    mode = fields.String(required=True, validate=validate.OneOf(MODES))
    action = fields.String(required=True, validate=validate.OneOf(ACTIONS))
    values = fields.Dict(load_default=dict)


class SwitchSchema(Schema):
    switch = fields.String(required=True, validate=validate.OneOf([*SWITCHES, "none"]))


def create_simulator_blueprint(
    store: Store, clock: Clock, account: Account, callback: str, first_mode: Mode
) -> Blueprint:
    """The pages /simulator and /simulator/outbox, relative to where the blueprint is mounted.

    `callback` is the service's own address for WeChat's messages, on this machine; `first_mode` is chosen at first.
    """
    pages = Blueprint(
        "simulator", __name__, template_folder="templates", static_folder="static", static_url_path="/static"
    )

    @pages.get("", strict_slashes=False)
    def simulator() -> Response:
        return _page(
            "simulator.html", residents=RESIDENTS, places=PLACES, modes=MODES, first_mode=first_mode, callback=callback
        )

    @pages.get("/outbox")
    def outbox() -> Response:
        return _page("outbox.html", switches=SWITCHES)

    @pages.get("/chat")
    def chat() -> Response:
        resident = _resident(request.args.get("resident"))
        with store.open() as state:
            state.visitor = resident.openid
            return jsonify(_chat(state, resident))

    @pages.post("/send")
    def send() -> Response:
        given = _given(SendSchema())
        resident = _resident(given["resident"])
        action = ACTIONS[given["action"]]
        values = _checked(action.schema(), given["values"])
        with store.open() as state:
            following = state.meet(resident.openid, account.app_id)["following"]
        if not following and given["action"] != "follow":
            abort(409, "还没有关注这个公众号，请先点“关注”")
        pusher = Pusher(callback, account, store, clock, mode=given["mode"])
        try:
            action.do(pusher, resident.openid, values)
        except LookupError:
            abort(404, "这条消息已经不在了，请刷新页面")
        with store.open() as state:
            return jsonify(_chat(state, resident))

    @pages.get("/outbox/data")
    def outbox_data() -> Response:
        with store.open() as state:
            return jsonify(_outbox(state))

    @pages.post("/outbox/faults")
    def switch_fault() -> Response:
        name = _given(SwitchSchema())["switch"]
        with store.open() as state:
            if name == "none":
                state.faults.clear()
            else:
                fault = SWITCHES[name][1]
                state.faults.append({**fault, "detail": dict(fault["detail"])})
            return jsonify(_outbox(state))

    @pages.post("/outbox/reports")
    def report_templates() -> Response:
        _given(Schema())
        Pusher(callback, account, store, clock, mode=first_mode).report_templates()
        with store.open() as state:
            return jsonify(_outbox(state))

    @pages.errorhandler(HTTPException)
    def told(error: HTTPException) -> tuple[Response, int]:
        return jsonify(error=error.description), error.code or 500

    return pages


def _page(template: str, **values: Any) -> Response:
    response = make_response(render_template(f"sandbox/{template}", **values))
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


def _given(schema: Schema) -> dict[str, Any]:
    """The request's JSON object. Insists on JSON, which another site's form cannot send here."""
    return _checked(schema, request.get_json(silent=True))


def _checked(schema: Schema, given: Any) -> dict[str, Any]:
    try:
        values: dict[str, Any] = schema.load(given)
    except ValidationError as error:
        abort(400, f"内容不对，请检查后再发：{error}")
    return values


def _resident(name: Any) -> SampleResident:
    for resident in RESIDENTS:
        if resident.id == name:
            return resident
    abort(404, "没有这个人")


def _chat(state: FakeState, resident: SampleResident) -> dict[str, Any]:
    known = state.residents.get(resident.openid)
    menu = state.menu or MENU
    buttons = [below for button in menu["button"] for below in (button.get("sub_button") or [button])]
    return {
        "following": known["following"] if known else False,
        "menu": [{"name": b["name"], "key": b["key"]} for b in buttons if b.get("type") == "click"],
        "lines": [_line(entry) for entry in state.chats.get(resident.openid, [])],
    }


def _line(entry: Entry) -> dict[str, Any]:
    detail = entry["detail"]
    sent = detail.get("fields", {})
    line = {
        "id": entry["id"],
        "who": entry["who"],
        "kind": entry["kind"],
        "time": _clock_time(entry["at"]),
        "via": detail.get("via"),
        "mode": MODES.get(detail.get("mode", ""), ""),
        # A browser's numbers are too short for it.
        "msg_id": str(sent.get("MsgId", "")),
        "media_id": sent.get("MediaId"),
        "deliveries": detail.get("deliveries", []),
        "outcome": detail.get("outcome"),
        "same": detail.get("same"),
        "pieces": [{"text": entry["text"]}],
    }
    if entry["who"] == "account" and entry["kind"] == "msgmenu":
        body = detail["body"]
        taps = [{"text": o["content"], "tap": o["content"], "tap_id": o["id"]} for o in body["list"]]
        ends = [{"text": str(body.get(name, ""))} for name in ("head_content", "tail_content")]
        line["pieces"] = [ends[0], *[part for tap in taps for part in ({"text": "\n"}, tap)], {"text": "\n"}, ends[1]]
    elif entry["who"] == "account":
        line["pieces"] = [asdict(piece) for piece in pieces(entry["text"])]
    return line


def _outbox(state: FakeState) -> dict[str, Any]:
    """What the service sent to whom, newest first."""
    names = {resident.openid: resident.name for resident in RESIDENTS}
    to_residents = [
        {"to": names.get(openid, openid), "kind": entry["detail"]["via"], "text": entry["text"], "at": entry["at"]}
        for openid, chat in state.chats.items()
        for entry in chat
        if entry["who"] == "account" and entry["detail"].get("via") != "reply"
    ]
    return {
        "robots": _newest([_wecom("群机器人", m) for messages in state.robots.values() for m in messages]),
        "members": _newest([_wecom(member, m) for member, messages in state.members.items() for m in messages]),
        "residents": _newest(to_residents),
        "calls": [_told(call) for call in reversed(state.calls[-60:])],
        "faults": [{"kind": f["kind"], "path": f["path"], "times": f["times"], **f["detail"]} for f in state.faults],
        "warnings": state.warnings[-20:],
        "reports": len(state.reports),
    }


def _wecom(receiver: str, message: Mapping[str, Any]) -> dict[str, Any]:
    body = message.get(message["msgtype"], {})
    text = body.get("content") or body.get("description") or body.get("title") or f"[{message['msgtype']}]"
    return {"to": receiver, "kind": message["msgtype"], "text": text, "at": message["at"]}


def _newest(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    newest = sorted(messages, key=lambda message: -message["at"])[:50]
    return [{**message, "at": _clock_time(message["at"])} for message in newest]


def _told(call: Call) -> dict[str, Any]:
    query = "&".join(f"{name}={'…' if name in HIDDEN else value}" for name, value in call["query"].items())
    return {
        "at": _clock_time(call["at"]),
        "call": f"{call['method']} {call['path']}{'?' if query else ''}{query}",
        "status": call["status"],
        "errcode": call["errcode"],
    }


def _clock_time(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC).astimezone(SHANGHAI):%m-%d %H:%M:%S}"
