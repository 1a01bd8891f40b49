"""POST and GET /webhooks/wechat: each check in its fixed order, then one call inward, then the answer."""

import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import structlog
from flask import Blueprint, Response, abort, request
from werkzeug.exceptions import RequestEntityTooLarge

from citizen_bot.dialogue.model import Incoming
from citizen_bot.dialogue.turns import Outcome, TurnBusy
from citizen_bot.platform.clock import Clock
from citizen_bot.platform.telemetry import metrics
from citizen_bot.platform.telemetry.requests import current_request_id
from citizen_bot.settings import Settings
from webhooks.wechat import messages, replies
from webhooks.wechat.crypto import CallbackError, WeChatCrypto
from webhooks.wechat.messages import Fields, Message

PATH = "/webhooks/wechat"
SIGNED_PARAMETERS = ("signature", "timestamp", "nonce", "msg_signature", "echostr")
TIMESTAMP = re.compile(r"[0-9]{1,12}", re.ASCII)
UNANSWERED_EVENTS = ("silent", "unsubscribe")

# Kept here and not among the wordings: it must come out right when everything else is broken.
APOLOGY = "抱歉，刚才出了点问题，没能答复您。请过一会儿再发一次。（问题编号：{fault_id}）"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WeChatDoor:
    """One account at the door.

    `encrypted_only` refuses bodies without an encrypted part. `max_skew` in seconds (0: timestamps are not checked),
    `max_body` in bytes. `data_format`: an official account sends XML; a mini-program may send JSON, and cannot be
    answered within the request.
    """

    app_id: str
    token: str = field(repr=False)
    encoding_aes_key: str = field(repr=False)
    encrypted_only: bool
    max_skew: int
    max_body: int
    data_format: Literal["xml", "json"] = "xml"

    @classmethod
    def of(cls, settings: Settings) -> "WeChatDoor":
        return cls(
            app_id=settings.wechat_app_id,
            token=settings.wechat_token,
            encoding_aes_key=settings.wechat_encoding_aes_key,
            # In compatible mode the clear part proves nothing either: only the url's signature stands behind it.
            encrypted_only=settings.production and settings.wechat_mode != "plain",
            max_skew=settings.wechat_max_skew,
            max_body=settings.wechat_max_body,
        )


def create_wechat_blueprint(*, receive: Callable[[Incoming], Outcome], config: WeChatDoor, clock: Clock) -> Blueprint:
    """The callback of one account.

    `receive` gets only messages whose sender is proved. It may raise TurnBusy (the message is still being answered
    elsewhere: WeChat is told that all is well); whatever else it raises ends in an apology to the resident.
    """
    blueprint = Blueprint("wechat", __name__)
    callback = _Callback(receive, config, clock)
    blueprint.add_url_rule(PATH, "callback", callback.answer, methods=["GET", "POST"], provide_automatic_options=False)
    return blueprint


class _Callback:
    def __init__(self, receive: Callable[[Incoming], Outcome], config: WeChatDoor, clock: Clock) -> None:
        self._receive = receive
        self._config = config
        self._clock = clock
        self._crypto = WeChatCrypto(config.token, config.encoding_aes_key, config.app_id)

    def answer(self) -> Response:
        if request.method == "HEAD":
            abort(405)
        try:
            return self._verify() if request.method == "GET" else self._answer_post()
        except CallbackError as error:
            metrics.rejected_callbacks.labels(reason=error.code).inc()
            log.warning("callback refused", reason=error.code)
            return _plain("", error.status)

    def _verify(self) -> Response:
        """WeChat asks whether the address is ours: the echostr proves it, in clear in every mode."""
        self._check_address()
        echo = _parameter("echostr")
        if not echo:
            raise CallbackError("missing_field")
        return _plain(echo)

    def _answer_post(self) -> Response:
        started = time.perf_counter()
        body = self._body()
        self._check_address()
        fields, encrypted = self._open(body)
        message = messages.read_message(fields)
        incoming = messages.to_incoming(
            message, account=self._config.app_id, received_at=self._clock.now(), request_id=current_request_id()
        )
        response = self._respond(message, incoming, encrypted=encrypted)
        metrics.reply_seconds.observe(time.perf_counter() - started)
        return response

    def _body(self) -> bytes:
        """Raises CallbackError (too_large): at once where the size is announced, else after one byte too many."""
        request.max_content_length = self._config.max_body + 1
        try:
            body = request.get_data(cache=False)
        except RequestEntityTooLarge:
            raise CallbackError("too_large") from None
        # A body without an announced size ends at that limit, without a word.
        if len(body) > self._config.max_body:
            raise CallbackError("too_large")
        return body

    def _check_address(self) -> None:
        """The caller knows the token, and not from an old log."""
        if any(len(request.args.getlist(name)) > 1 for name in SIGNED_PARAMETERS):
            raise CallbackError("bad_signature")
        timestamp = _parameter("timestamp")
        self._crypto.check(_parameter("signature"), timestamp, _parameter("nonce"))
        if not self._config.max_skew:
            return
        if not TIMESTAMP.fullmatch(timestamp):
            raise CallbackError("stale_timestamp")
        if abs(self._clock.now().timestamp() - int(timestamp)) > self._config.max_skew:
            raise CallbackError("stale_timestamp")

    def _open(self, body: bytes) -> tuple[Fields, bool]:
        """The message's fields, and whether they came encrypted. Clear fields beside an encrypted part are ignored."""
        outer = self._read(body)
        if "Encrypt" not in outer:
            if self._config.encrypted_only:
                raise CallbackError("plaintext_in_safe_mode")
            return outer, False
        encrypted = messages.text_field(outer, "Encrypt")
        self._crypto.check(_parameter("msg_signature"), _parameter("timestamp"), _parameter("nonce"), encrypted)
        return self._read(self._crypto.decrypt(encrypted).encode()), True

    def _read(self, body: bytes) -> Fields:
        read = messages.read_json if self._config.data_format == "json" else messages.read_xml
        return read(body, self._config.max_body)

    def _respond(self, message: Message, incoming: Incoming, *, encrypted: bool) -> Response:
        try:
            outcome = self._receive(incoming)
            return self._render(message, outcome.text, outcome.at, encrypted=encrypted)
        except TurnBusy:
            log.info("message still being answered")
            return _plain(replies.NOTHING)
        except Exception:
            fault_id = f"{secrets.randbelow(10**6):06}"
            metrics.faults.inc()
            log.exception("message not answered", fault_id=fault_id)
            apology = None if incoming.event in UNANSWERED_EVENTS else APOLOGY.format(fault_id=fault_id)
            return self._render(message, apology, incoming.received_at, encrypted=encrypted)

    def _render(self, message: Message, text: str | None, at: datetime, *, encrypted: bool) -> Response:
        # An element without text is a fault to WeChat, the word "success" is not.
        if not text or not replies.presentable(text).strip() or self._config.data_format == "json":
            return _plain(replies.NOTHING)
        if len(text.encode()) > replies.TEXT_LIMIT_BYTES:
            log.warning("reply cut", size=len(text.encode()))
        xml = replies.text_reply(message, text, at)
        body = replies.encrypted_reply(self._crypto, xml, at) if encrypted else xml
        return Response(body, content_type="text/xml; charset=utf-8")


def _parameter(name: str) -> str:
    return request.args.get(name, "")


def _plain(text: str, status: int = 200) -> Response:
    return Response(
        text, status, content_type="text/plain; charset=utf-8", headers={"X-Content-Type-Options": "nosniff"}
    )
