"""WeCom: how staff are told of something, in a group by its robot (群机器人) or each by an application (应用消息)."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from redis import Redis

from citizen_bot.channels.errors import WECOM, ChannelError
from citizen_bot.channels.http import Api
from citizen_bot.channels.shared import Shared
from citizen_bot.channels.tokens import AccessToken
from citizen_bot.platform.clock import Clock, SystemClock

TEXT_LIMIT = 2048
MARKDOWN_LIMIT = 4096
CARD_LINES = 6
# Characters that a card shows; above them WeCom folds or cuts in its own ways.
CARD_TITLE, CARD_NAME, CARD_VALUE = 26, 5, 26
# Bytes of an application's card.
TITLE_LIMIT, DESCRIPTION_LIMIT, URL_LIMIT = 128, 512, 2048
BUTTON = 4
MOST_USERIDS = 1000
REPEAT_S = 1800
ALL_INVALID = (81013, 82001)


class GroupRobot:
    """One group robot. `key` is its whole secret, or the whole address that WeCom shows, of which the key is taken.

    Raises ValueError for an address without a key. Every method raises ChannelError; WeCom takes 20 messages a minute
    and knows no repeats: after an error with `maybe_sent`, a repeat may be a second message. A group's history stays
    and every member reads it, so no personal data belongs there.
    """

    def __init__(
        self,
        base: str,
        key: str,
        redis: Redis | None = None,
        *,
        clock: Clock | None = None,
        session: requests.Session | None = None,
    ) -> None:
        self._key = _key(key)
        # Each robot has a rate of its own; the key itself stays out of Redis and the log.
        digest = hashlib.sha256(self._key.encode()).hexdigest()[:12]
        self._api = Api(base, WECOM, Shared(redis, clock or SystemClock(), f"robot:{digest}"), session)

    def send_text(self, text: str) -> None:
        """Sends `text`, cut to 2,048 bytes."""
        self._send("text", {"content": _cut(text, TEXT_LIMIT)})

    def send_card(self, title: str, lines: Sequence[tuple[str, str]], url: str) -> None:
        """A card that opens `url`: a title and up to six lines of a name and a value.

        They are cut to the 26, 5 and 26 characters that WeCom shows. Raises ValueError for more lines.
        """
        if len(lines) > CARD_LINES:
            raise ValueError(f"a card has at most {CARD_LINES} lines")
        card = {
            "card_type": "text_notice",
            "main_title": {"title": _shorten(title, CARD_TITLE)},
            "horizontal_content_list": [
                {"keyname": _shorten(name, CARD_NAME), "value": _shorten(value, CARD_VALUE)} for name, value in lines
            ],
            "card_action": {"type": 1, "url": url},
        }
        self._send("template_card", card)

    def send_markdown(self, content: str, values: Mapping[str, str] | None = None) -> None:
        """Sends Markdown, cut to 4,096 bytes. `content` is our own; texts of others come in through `values`.

        Each `{name}` in `content` becomes that value, in which nothing works as Markdown and nobody is called.
        """
        inert = {name: inert_markdown(value) for name, value in (values or {}).items()}
        self._send("markdown", {"content": _cut(content.format_map(inert), MARKDOWN_LIMIT)})

    def _send(self, kind: str, body: dict[str, Any]) -> None:
        self._api.call("/cgi-bin/webhook/send", {"msgtype": kind, kind: body}, params={"key": self._key})


class Application:
    """One application of a corporation. Make one per process and share it: threads may."""

    def __init__(
        self,
        base: str,
        corp_id: str,
        agent_id: int,
        secret: str,
        redis: Redis | None,
        *,
        clock: Clock | None = None,
        session: requests.Session | None = None,
    ) -> None:
        # Each application of a corporation has a token of its own.
        shared = Shared(redis, clock or SystemClock(), f"wecom:{corp_id}:{agent_id}")
        self._agent_id = agent_id
        self._api = Api(base, WECOM, shared, session)
        asked = {"corpid": corp_id, "corpsecret": secret}
        self._token = AccessToken(shared, lambda: self._api.call("/cgi-bin/gettoken", params=asked))

    def send_card(
        self, userids: Sequence[str], *, title: str, description: str, url: str, button: str
    ) -> frozenset[str]:
        """A card to up to 1,000 members, which opens `url`; returns those of `userids` that it cannot reach.

        `title` and `description`, which are plain text, are cut to 128 and 512 bytes, `button` to four characters. The
        very same call within half an hour is delivered once, so it may be repeated. A member gets 30 messages a
        minute; WeCom drops more without a word. Raises ChannelError, and ValueError for a userid that would stand for
        others, more than 1,000 of them, or a `url` of more than 2,048 bytes.
        """
        # In one order, so that the repeat is the very same.
        receivers = sorted(set(userids))
        if len(receivers) > MOST_USERIDS:
            raise ValueError(f"a card goes to at most {MOST_USERIDS} members")
        if any(not userid or "|" in userid or userid.lower() == "@all" for userid in receivers):
            raise ValueError("not a userid")
        if len(url.encode()) > URL_LIMIT:
            raise ValueError(f"a card's url has at most {URL_LIMIT} bytes")
        if not receivers:
            return frozenset()
        body = {
            "touser": "|".join(receivers),
            "msgtype": "textcard",
            "agentid": self._agent_id,
            "textcard": {
                "title": _cut(title, TITLE_LIMIT),
                # WeCom reads a few tags there.
                "description": _cut(description.translate(_TAGS), DESCRIPTION_LIMIT),
                "url": url,
                "btntxt": button[:BUTTON],
            },
            "enable_duplicate_check": 1,
            "duplicate_check_interval": REPEAT_S,
        }
        try:
            answer = self._api.call("/cgi-bin/message/send", body, token=self._token)
        except ChannelError as error:
            if error.code in ALL_INVALID:
                return frozenset(receivers)
            raise
        # The answer is in lower case, and success says nothing of single members.
        told = f"{answer.get('invaliduser') or ''}|{answer.get('unlicenseduser') or ''}".lower().split("|")
        return frozenset(userid for userid in receivers if userid.lower() in told)


def inert_markdown(text: str) -> str:
    """`text` for use inside WeCom's Markdown: on one line, with wide signs that look like those that do something.

    WeCom documents no way to escape them.
    """
    return " ".join(text.split()).translate(_SIGNS)


_TAGS = str.maketrans("<>", "＜＞")
_SIGNS = str.maketrans("<>[]*`#@", "＜＞［］＊｀＃＠")


def _key(key_or_address: str) -> str:
    given = key_or_address.strip()
    if "://" in given:
        given = parse_qs(urlsplit(given).query).get("key", [""])[0]
    if not given:
        raise ValueError("the group robot's address has no key")
    return given


def _cut(text: str, limit: int) -> str:
    """`text` in at most `limit` bytes."""
    content = text.encode(errors="replace")
    if len(content) <= limit:
        return content.decode()
    return content[: limit - len("…".encode())].decode(errors="ignore") + "…"


def _shorten(text: str, longest: int) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= longest else plain[: longest - 1] + "…"
