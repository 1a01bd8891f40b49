"""The other half of WeChat: it calls us when a resident does something, and judges our answer."""

import secrets
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from ipaddress import ip_address
from typing import Any, Literal
from urllib.parse import urlencode, urlsplit

import requests

from citizen_bot.platform.clock import Clock
from citizen_bot.sandbox import allowances, envelope
from citizen_bot.sandbox.anchors import pieces
from citizen_bot.sandbox.api.core import Upload
from citizen_bot.sandbox.api.media import PICTURE, keep
from citizen_bot.sandbox.judge import Mode, Unacceptable, judge
from citizen_bot.sandbox.state import Entry, FakeState, Store
from webhooks.wechat.crypto import WeChatCrypto

DELIVERIES = 3
PATIENCE = 5.0
LARGEST_ANSWER = 2**20
# Events whose answer WeChat does not show.
SILENT = {"unsubscribe", "location", "view", "view_miniprogram", "templatesendjobfinish"}
FAULT_NOTICE = "该公众号提供的服务出现故障，请稍后再试"


@dataclass(frozen=True, slots=True)
class Account:
    """The official account as WeChat knows it. `original_id` is its gh_… name."""

    original_id: str
    app_id: str
    token: str
    encoding_aes_key: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """One call of ours and what came back. `fault` says in Chinese why WeChat would not take the answer."""

    status: int | None
    milliseconds: int
    reply: dict[str, Any] | None
    fault: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the resident sees in the end. `entry` is the resident's line in the chat, for `again`; 0 for raw calls."""

    kind: Literal["reply", "nothing", "fault_notice"]
    reply: dict[str, Any] | None
    deliveries: tuple[Delivery, ...]
    entry: int = 0


class Pusher:
    """Sends what residents of `store` do to `callback`, which must be on this machine.

    A message is delivered up to three times, each with the same body and MsgId, a new timestamp and nonce and five
    seconds to answer in. Raises ValueError for a callback that is not on a loopback address.
    """

    def __init__(
        self,
        callback: str,
        account: Account,
        store: Store,
        clock: Clock,
        *,
        mode: Mode = "plain",
        session: requests.Session | None = None,
        patience: float = PATIENCE,
    ) -> None:
        _check_loopback(callback)
        self._callback = callback
        self._account = account
        self._store = store
        self._clock = clock
        self._mode = mode
        self._patience = patience
        self._session = session
        self._crypto = WeChatCrypto(account.token, account.encoding_aes_key, account.app_id)

    def text(self, openid: str, content: str, *, overlap: int = 1) -> Outcome:
        """Types and sends. `overlap` deliveries start at the same moment."""
        return self._message(openid, "text", content, {"Content": content}, overlap=overlap)

    def tap(self, openid: str, menu_id: str, content: str | None = None) -> Outcome:
        """Taps an entry of a message menu in the chat: the newest with that id (and that text, where given).

        Raises LookupError where there is none.
        """
        content = self._tappable(openid, menu_id, content)
        fields = {"Content": content, "bizmsgmenuid": menu_id}
        return self._message(openid, "text", content, fields, allows="click")

    def voice(self, openid: str, recognition: str | None = None) -> Outcome:
        """Speaks; `recognition` is what WeChat understood, None where the account has no recognition."""
        fields = {"MediaId": self._media_id(), "Format": "amr"}
        if recognition is not None:
            fields["Recognition"] = recognition
        return self._message(openid, "voice", recognition or "", fields)

    def image(self, openid: str, picture: bytes = PICTURE) -> Outcome:
        """Sends a PNG, which the service can fetch by its media id."""
        with self._store.open() as state:
            media_id = keep(state, "image", Upload("picture.png", picture), self._now())
        fields = {"PicUrl": f"http://127.0.0.1/pictures/{media_id}", "MediaId": media_id}
        return self._message(openid, "image", "", fields)

    def video(self, openid: str) -> Outcome:
        fields = {"MediaId": self._media_id(), "ThumbMediaId": self._media_id()}
        return self._message(openid, "video", "", fields)

    def location(self, openid: str, latitude: float, longitude: float, label: str) -> Outcome:
        fields = {
            "Location_X": f"{latitude:.6f}",
            "Location_Y": f"{longitude:.6f}",
            "Scale": 16,
            "Label": label,
        }
        return self._message(openid, "location", label, fields)

    def link(self, openid: str, title: str, url: str, description: str = "") -> Outcome:
        fields = {"Title": title, "Description": description, "Url": url}
        return self._message(openid, "link", f"{title}\n{url}", fields)

    def click(self, openid: str, key: str, name: str = "") -> Outcome:
        """Taps an entry of the account's own menu; `name` is what is written on it."""
        return self._event(openid, "CLICK", name or key, {"EventKey": key}, allows="click")

    def scan(self, openid: str, scene: str) -> Outcome:
        """A follower scans a QR code. Somebody who does not follow yet gets `follow(scene=)`."""
        return self._event(openid, "SCAN", scene, {"EventKey": scene, "Ticket": f"ticket-{scene}"}, allows="scan")

    def follow(self, openid: str, scene: str | None = None) -> Outcome:
        with self._store.open() as state:
            state.meet(openid, self._account.app_id)["following"] = True
        fields = {"EventKey": f"qrscene_{scene}", "Ticket": f"ticket-{scene}"} if scene else {"EventKey": ""}
        return self._event(openid, "subscribe", scene or "", fields, allows="follow")

    def unfollow(self, openid: str) -> Outcome:
        with self._store.open() as state:
            state.meet(openid, self._account.app_id)["following"] = False
            state.allowances.pop(openid, None)
        return self._event(openid, "unsubscribe", "", {"EventKey": ""})

    def report_templates(self) -> int:
        """Tells the service what became of the template messages sent so far. Returns how many."""
        with self._store.open() as state:
            reports, state.reports = state.reports, []
        for report in reports:
            fields = {
                "ToUserName": self._account.original_id,
                "FromUserName": report["openid"],
                "CreateTime": int(self._now()),
                "MsgType": "event",
                "Event": "TEMPLATESENDJOBFINISH",
                "MsgID": report["msgid"],
                "Status": report["status"],
            }
            self._until_taken(fields, overlap=1, entry=0)
        return len(reports)

    def raw(self, body: bytes, query: Mapping[str, str]) -> Outcome:
        """Posts just this, once; the answer is judged by its status and form alone."""
        started = time.monotonic()
        status, answer, fault = self._post(body, query)
        fault = fault or (None if status == 200 else f"服务回答了状态码 {status}，应当是 200")
        delivery = Delivery(status, _since(started), None, fault)
        if fault:
            return Outcome("fault_notice", None, (delivery,))
        return Outcome("reply" if answer not in (b"", b"success") else "nothing", None, (delivery,))

    def again(self, openid: str, entry: int) -> Outcome:
        """Delivers an earlier line of the chat once more: same body, same MsgId. Raises LookupError for another."""
        with self._store.open() as state:
            lines = [line for line in state.chats.get(openid, []) if line["id"] == entry and line["who"] == "resident"]
        if not lines:
            raise LookupError(f"no line {entry} of the resident in this chat")
        before = lines[0]["detail"]
        delivery = self._deliver(before["fields"])
        outcome = Outcome(_kind(delivery, before["fields"]), delivery.reply, (delivery,), entry)
        same = delivery.fault is None and delivery.reply == before.get("reply")
        with self._store.open() as state:
            detail = self._told(before["fields"], outcome)
            state.say(openid, "note", "again", "", self._now(), same=same, of=entry, **detail)
        return outcome

    def _message(
        self,
        openid: str,
        kind: str,
        said: str,
        own: Mapping[str, Any],
        *,
        allows: str = "message",
        overlap: int = 1,
    ) -> Outcome:
        return self._act(openid, kind, said, {"MsgType": kind, **own}, allows=allows, overlap=overlap)

    def _event(
        self, openid: str, event: str, said: str, own: Mapping[str, Any], *, allows: str | None = None
    ) -> Outcome:
        return self._act(openid, event.lower(), said, {"MsgType": "event", "Event": event, **own}, allows=allows)

    def _act(
        self, openid: str, kind: str, said: str, own: Mapping[str, Any], *, allows: str | None, overlap: int = 1
    ) -> Outcome:
        """Writes what the resident does into the chat, delivers it, and writes what came back."""
        at = self._now()
        with self._store.open() as state:
            state.meet(openid, self._account.app_id)
            if allows:
                allowances.allow(state, openid, allows, at)
            fields = {
                "ToUserName": self._account.original_id,
                "FromUserName": openid,
                "CreateTime": int(at),
                **own,
            }
            if own["MsgType"] != "event":
                fields["MsgId"] = int(at) * 10**7 + state.next_number() % 10**7
            line = state.say(openid, "resident", kind, said, at, fields=fields)
        outcome = self._until_taken(fields, overlap, line["id"])
        with self._store.open() as state:
            self._note(state, openid, line["id"], outcome, fields)
        return outcome

    def _until_taken(self, fields: Mapping[str, Any], overlap: int, entry: int) -> Outcome:
        with ThreadPoolExecutor(overlap) as threads:
            deliveries = list(threads.map(self._deliver, [fields] * overlap))
        while all(d.fault for d in deliveries) and len(deliveries) < DELIVERIES:
            deliveries.append(self._deliver(fields))
        taken = next((d for d in deliveries if d.fault is None), deliveries[-1])
        return Outcome(_kind(taken, fields), taken.reply, tuple(deliveries), entry)

    def _note(self, state: FakeState, openid: str, entry: int, outcome: Outcome, fields: Mapping[str, Any]) -> None:
        """Writes the outcome to the resident's line, and the reply or the fault notice as a line of its own."""
        chat = state.chats.get(openid, [])
        for line in chat:
            if line["id"] == entry:
                line["detail"].update(self._told(fields, outcome))
        if outcome.kind == "fault_notice":
            state.say(openid, "note", "fault", FAULT_NOTICE, self._now())
        elif outcome.kind == "reply" and outcome.reply:
            kind = outcome.reply["MsgType"]
            state.say(openid, "account", kind, outcome.reply.get("Content", ""), self._now(), via="reply")

    def _told(self, fields: Mapping[str, Any], outcome: Outcome) -> dict[str, Any]:
        return {
            "fields": dict(fields),
            "mode": self._mode,
            "outcome": outcome.kind,
            "reply": outcome.reply,
            "deliveries": [{k: v for k, v in asdict(d).items() if k != "reply"} for d in outcome.deliveries],
        }

    def _deliver(self, fields: Mapping[str, Any]) -> Delivery:
        timestamp, nonce = str(int(self._now())), str(secrets.randbelow(10**10))
        query = {
            "signature": self._crypto.signature(timestamp, nonce),
            "timestamp": timestamp,
            "nonce": nonce,
            "openid": fields["FromUserName"],
        }
        body = envelope.write(fields)
        if self._mode != "plain":
            encrypted = self._crypto.encrypt(body)
            query |= {"encrypt_type": "aes", "msg_signature": self._crypto.signature(timestamp, nonce, encrypted)}
            clear = fields if self._mode == "compatible" else {"ToUserName": fields["ToUserName"]}
            body = envelope.write({**clear, "Encrypt": encrypted})
        started = time.monotonic()
        status, answer, fault = self._post(body.encode(), query)
        elapsed = _since(started)
        if fault or status is None:
            return Delivery(status, elapsed, None, fault)
        try:
            reply = judge(
                status,
                answer,
                crypto=self._crypto,
                mode=self._mode,
                openid=fields["FromUserName"],
                account=fields["ToUserName"],
                to_message=fields["MsgType"] != "event",
            )
        except Unacceptable as unacceptable:
            return Delivery(status, elapsed, None, str(unacceptable))
        return Delivery(status, elapsed, reply, None)

    def _post(self, body: bytes, query: Mapping[str, str]) -> tuple[int | None, bytes, str | None]:
        """Status, body and fault of one call, which ends after `patience` seconds however slowly bytes arrive."""
        ends = time.monotonic() + self._patience
        late = f"{self._patience:g} 秒内没有回答"
        session = self._session or _direct_session()
        try:
            answer = session.post(
                f"{self._callback}?{urlencode(query)}",
                data=body,
                headers={"Content-Type": "text/xml"},
                timeout=self._patience,
                allow_redirects=False,
                stream=True,
            )
            with answer:
                content = b""
                for chunk in answer.iter_content(8192):
                    content += chunk
                    if time.monotonic() > ends:
                        return answer.status_code, b"", late
                    if len(content) > LARGEST_ANSWER:
                        return answer.status_code, b"", "回答太大"
                return answer.status_code, content, None
        except requests.Timeout:
            return None, b"", late
        except requests.RequestException as error:
            return None, b"", f"连不上服务（{type(error).__name__}）"

    def _tappable(self, openid: str, menu_id: str, content: str | None) -> str:
        with self._store.open() as state:
            chat = list(state.chats.get(openid, []))
        for line in reversed(chat):
            for found, text in _options(line):
                if found == menu_id and content in (None, text):
                    return text
        raise LookupError(f"nothing to tap with the id {menu_id}")

    def _media_id(self) -> str:
        with self._store.open() as state:
            return f"fakeIncoming{state.next_number():052d}"

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _options(line: Entry) -> list[tuple[str, str]]:
    """The ids and texts that can be tapped in one line of the account's."""
    if line["who"] != "account":
        return []
    if line["kind"] == "msgmenu":
        return [(option["id"], option["content"]) for option in line["detail"]["body"]["list"]]
    return [(piece.tap_id or "", piece.tap) for piece in pieces(line["text"]) if piece.tap]


def _kind(delivery: Delivery, fields: Mapping[str, Any]) -> Literal["reply", "nothing", "fault_notice"]:
    if delivery.fault is not None:
        return "fault_notice"
    if delivery.reply is None or fields.get("Event", "").lower() in SILENT:
        return "nothing"
    return "reply"


def _since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)


def _direct_session() -> requests.Session:
    """A session that no proxy setting can lead away from this machine."""
    session = requests.Session()
    session.trust_env = False
    return session


def _check_loopback(address: str) -> None:
    host = urlsplit(address).hostname or ""
    try:
        loopback = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise ValueError(f"the sandbox only calls this machine, not {host or address}")
