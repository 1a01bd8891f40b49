"""WeChat's official account: messages to residents."""

import re
import unicodedata
from collections.abc import Mapping

import requests
from redis import Redis

from citizen_bot.channels.errors import WECHAT
from citizen_bot.channels.http import Api
from citizen_bot.channels.shared import Shared
from citizen_bot.channels.tokens import AccessToken
from citizen_bot.platform.clock import Clock, SystemClock

TEXT_LIMIT = 2048


class OfficialAccount:
    """One account's API below `base`. Make one per process and share it: threads may.

    Every method raises ChannelError. Which of the three kinds of message may be sent to whom: see each.
    """

    def __init__(
        self,
        base: str,
        app_id: str,
        secret: str,
        redis: Redis | None,
        *,
        clock: Clock | None = None,
        session: requests.Session | None = None,
    ) -> None:
        shared = Shared(redis, clock or SystemClock(), f"wechat:{app_id}")
        self._api = Api(base, WECHAT, shared, session)
        asked = {"grant_type": "client_credential", "appid": app_id, "secret": secret, "force_refresh": False}
        self._token = AccessToken(shared, lambda: self._api.call("/cgi-bin/stable_token", asked))

    def send_text(self, openid: str, text: str) -> None:
        """A customer-service message: for 48 hours after the resident wrote, five at most until they write again.

        Raises ValueError unless `text` has 1 to 2,048 bytes. WeChat knows no repeats: after an error with
        `maybe_sent`, a repeat may be a second message.
        """
        if not 0 < len(text.encode(errors="replace")) <= TEXT_LIMIT:
            raise ValueError(f"a customer-service message has 1 to {TEXT_LIMIT} bytes")
        body = {"touser": openid, "msgtype": "text", "text": {"content": text}}
        self._api.call("/cgi-bin/message/custom/send", body, token=self._token)

    def send_template(
        self, openid: str, template_id: str, fields: Mapping[str, str], *, url: str | None, client_msg_id: str
    ) -> str:
        """A template message to a follower; returns its msgid, which the event TEMPLATESENDJOBFINISH names again.

        It is only queued then. The same `client_msg_id` within ten minutes is not sent to the resident twice. `fields`
        are fitted (see fit_field, and its ValueError).
        """
        body = {
            "touser": openid,
            "template_id": template_id,
            "client_msg_id": client_msg_id,
            "data": _data(fields),
            **({} if url is None else {"url": url}),
        }
        answer = self._api.call("/cgi-bin/message/template/send", body, token=self._token)
        return str(answer.get("msgid", ""))

    def send_subscription(self, openid: str, template_id: str, fields: Mapping[str, str], *, page: str | None) -> None:
        """A subscription notification, which uses up one consent of the resident. `page`: an address, or a page's path.

        `fields` are fitted (see fit_field, and its ValueError). WeChat knows no repeats, as with send_text.
        """
        body = {
            "touser": openid,
            "template_id": template_id,
            "data": _data(fields),
            **({} if page is None else {"page": page}),
        }
        self._api.call("/cgi-bin/message/subscribe/bizsend", body, token=self._token)


def _data(fields: Mapping[str, str]) -> dict[str, dict[str, str]]:
    return {name: {"value": fit_field(name, value)} for name, value in fields.items()}


# https://developers.weixin.qq.com/miniprogram/dev/api-backend/open-api/subscribe-message/subscribeMessage.send.html
# A number or time that is bent into shape tells a resident something wrong, so these must be right.
_EXACT = {
    "number": r"-?[0-9]{1,32}(\.[0-9]+)?",
    "amount": r"[¥￥$€£]?[0-9]{1,10}(\.[0-9]+)?元?",
    "time": r"(?=.*[0-9])[0-9年月日时分秒:：/~\- ]{2,40}",
    "date": r"(?=.*[0-9])[0-9年月日时分秒:：/~\- ]{2,40}",
    "phone_number": r"[0-9+\-() ]{1,17}",
    "letter": r"[A-Za-z]{1,32}",
}
# What the other kinds cannot hold is left out.
_STRANGE = {"phrase": r"[^\u4e00-\u9fff]", "character_string": r"[^!-~ ]", "symbol": r"[\w\s]"}
_LONGEST = {"phrase": 5, "character_string": 32, "symbol": 5, "car_number": 8, "name": 10}
_LATIN_NAME = re.compile(r"[A-Za-z .·]{1,20}")
_EMPTY = {"phrase": "无", "name": "无", "character_string": "-", "symbol": "-", "phone_number": "-"}
_THING = 20


def fit_field(name: str, value: str) -> str:
    """`value` within the rules of a template's field; its kind is what `name` begins with (`thing1`, `time12`).

    Line ends become spaces, what is too long is cut, and nothing becomes a dash or 无. Raises ValueError, without the
    value, where a number, amount, time, date, phone number or letters are not such: they are not to be bent.
    """
    kind = name.rstrip("0123456789")
    spaced = " ".join(value.split())
    plain = "".join(character for character in spaced if unicodedata.category(character)[0] != "C")
    if kind in _EXACT:
        fitted = plain or _EMPTY.get(kind, "")
        if not re.fullmatch(_EXACT[kind], fitted):
            raise ValueError(f"the value for {name} is not a {kind}")
        return fitted
    fitted = re.sub(_STRANGE[kind], "", plain).strip() if kind in _STRANGE else plain
    if not fitted:
        return _EMPTY.get(kind, "—")
    if kind == "name" and _LATIN_NAME.fullmatch(fitted):
        return fitted
    if kind in _LONGEST:
        return fitted[: _LONGEST[kind]]
    return fitted if len(fitted) <= _THING else fitted[: _THING - 1] + "…"
