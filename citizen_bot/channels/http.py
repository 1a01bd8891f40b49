"""Calls over HTTP: with time-outs and a limit everywhere, and Tencent's answers read in one place."""

import json
import logging
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
import structlog
from urllib3.exceptions import HTTPError, NewConnectionError

from citizen_bot.channels.errors import TOKEN_REJECTED, TOO_MANY, UNKNOWN, ChannelError, Codes
from citizen_bot.channels.shared import Shared
from citizen_bot.channels.tokens import AccessToken

CONNECT_TIMEOUT_S = 3.0
READ_TIMEOUT_S = 8.0
# The read time-out is for each piece: a server that drips would hold a worker for ever.
WHOLE_ANSWER_S = 10.0
LARGEST_ANSWER = 256 * 1024

log = structlog.get_logger(__name__)

# What they say below an error quotes the address, and that has the token in it.
for quoting in ("urllib3.connection", "urllib3.connectionpool"):
    logging.getLogger(quoting).setLevel(logging.ERROR)


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` ends at LARGEST_ANSWER bytes and at what came within WHOLE_ANSWER_S."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def exchange(
    session: requests.Session,
    url: str,
    body: bytes | None = None,
    *,
    params: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """POSTs `body` as JSON, or GETs without one; follows no redirect.

    Raises ChannelError where no answer came. What `requests` says of that holds the address with its secrets, so only
    the kind of its exception is told.
    """
    try:
        with session.request(
            "GET" if body is None else "POST",
            url,
            data=body,
            params=params,
            headers={"Content-Type": "application/json", **(headers or {})},
            timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
            allow_redirects=False,
            stream=True,
        ) as response:
            return Answer(response.status_code, response.headers, _read(response))
    except (requests.RequestException, HTTPError) as error:
        failure = _failure(error)
    # Outside, so that not even its context has the address.
    raise failure


def _read(response: requests.Response) -> bytes:
    until = time.monotonic() + WHOLE_ANSWER_S
    body = bytearray()
    while len(body) < LARGEST_ANSWER and time.monotonic() < until:
        # What is there, where iter_content would wait for as much as it was asked for.
        piece = response.raw.read1(16 * 1024, decode_content=True)
        if not piece:
            break
        body += piece
    return bytes(body[:LARGEST_ANSWER])


def _failure(error: requests.RequestException | HTTPError) -> ChannelError:
    name = type(error).__name__
    # An address that is none.
    if isinstance(error, ValueError):
        return ChannelError(name, kind="failed")
    cause = getattr(error.args[0], "reason", None) if error.args else None
    never_left = isinstance(error, requests.ConnectTimeout | requests.exceptions.ProxyError)
    return ChannelError(name, kind="again", maybe_sent=not never_left and not isinstance(cause, NewConnectionError))


def to_json(value: Mapping[str, Any]) -> bytes:
    """UTF-8 with real characters: some of Tencent's APIs show `\\uXXXX` to residents as it stands."""
    return json.dumps(value, ensure_ascii=False).encode(errors="replace")


class Api:
    """The addresses below `base`, of one account and with one table of errcodes.

    An address that says "blocked" or "too many calls" is not called again, by any process, until its wait is over.
    """

    def __init__(self, base: str, codes: Codes, shared: Shared, session: requests.Session | None) -> None:
        self._base = base.rstrip("/")
        self._codes = codes
        self._shared = shared
        self._session = session or requests.Session()

    def call(
        self,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        params: Mapping[str, str] | None = None,
        token: AccessToken | None = None,
    ) -> dict[str, Any]:
        """POSTs `body`, or GETs without one, and returns the answer's object. Raises ChannelError.

        With a `token` that is refused, at most one other is fetched and the call repeated once.
        """
        self._check_open(path)
        if token is None:
            answer = self._ask(path, body, params)
        else:
            used = token.get()
            answer = self._ask(path, body, {**(params or {}), "access_token": used})
            if answer["errcode"] in TOKEN_REJECTED:
                other = token.get(instead_of=used)
                answer = self._ask(path, body, {**(params or {}), "access_token": other})
        if answer["errcode"] != 0:
            raise self._refusal(path, answer)
        return answer

    def _ask(self, path: str, body: Mapping[str, Any] | None, params: Mapping[str, str] | None) -> dict[str, Any]:
        """The answer, with a whole number for `errcode`."""
        given = exchange(self._session, self._base + path, None if body is None else to_json(body), params=params)
        if given.status >= 500:
            raise ChannelError(f"HTTP status {given.status}", kind="again", maybe_sent=True)
        if given.status == 429:
            raise ChannelError("HTTP status 429", kind="again", wait_s=60)
        if given.status != 200:
            raise ChannelError(f"HTTP status {given.status}", kind="failed")
        try:
            content: dict[str, Any] = json.loads(given.body)
            return {**content, "errcode": int(content.get("errcode", 0))}
        except (ValueError, TypeError, AttributeError, RecursionError):
            # Cut off or replaced on its way, so the call itself may well have been done.
            failure = ChannelError("the answer cannot be read", kind="again", maybe_sent=True)
        raise failure

    def _check_open(self, path: str) -> None:
        note = self._shared.get(f"off:{path}")
        if note is not None:
            code = int(note.text)
            meaning = self._codes.get(code, UNKNOWN)
            raise ChannelError(
                f"not called, after errcode {code}: {meaning.words}", kind=meaning.kind, code=code, wait_s=note.left_s
            )

    def _refusal(self, path: str, answer: dict[str, Any]) -> ChannelError:
        """What the answer's errcode means; where the address is off from now on, this is noted."""
        code = answer["errcode"]
        meaning = self._codes.get(code, UNKNOWN)
        reason = f"errcode {code}: {meaning.words}"
        if meaning.kind in ("failed", "blocked"):
            # For the operator: it names the field, or the address that is not on the list.
            reason += f" ({_without_secrets(str(answer.get('errmsg', '')))})"
        wait_s = meaning.wait_s
        if meaning.kind == "blocked" or code in TOO_MANY:
            if meaning.then_s is not None:
                wait_s = meaning.then_s if self._shared.get(f"struck:{path}") else wait_s
                self._shared.put(f"struck:{path}", "", 2 * meaning.then_s)
            self._shared.put(f"off:{path}", str(code), wait_s or 0)
            tell = log.error if meaning.kind == "blocked" else log.warning
            tell("an API is off for a while", api=self._shared.prefix, path=path, reason=reason, seconds=wait_s)
        return ChannelError(reason, kind=meaning.kind, code=code, wait_s=wait_s)


# Tencent's number of the request is kept: its support asks for it.
_SECRET = re.compile(r"rid: [0-9a-f-]+|https?://\S+|[A-Za-z0-9_-]{20,}")


def _without_secrets(errmsg: str) -> str:
    return _SECRET.sub(lambda found: found[0] if found[0].startswith("rid: ") else "…", errmsg)[:200]
