"""What can go wrong on the way outward, and what each of Tencent's errcodes means for the caller."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

Kind = Literal["again", "refused", "failed", "blocked"]

# How long nothing is asked of an API that is off for us.
BLOCKED_S = 300.0


class ChannelError(Exception):
    """A message was not taken, or nobody can say whether it was.

    `kind` is what to do: `again` - the same call may succeed later, after `wait_s` seconds where that is known;
    `refused` - this channel cannot reach this recipient now, which is a normal state; `failed` - our settings or a
    bug, will not get better by itself; `blocked` - the whole API is off for us: call again in minutes, tell somebody.
    `code` is the errcode (a webhook's HTTP status), None where there was no readable answer. `maybe_sent`: the message
    may have been delivered all the same, so that a repeat may double it. `reason`, which is also the text, never holds
    a token, key, openid or address.
    """

    def __init__(
        self,
        reason: str,
        *,
        kind: Kind,
        code: int | None = None,
        wait_s: float | None = None,
        maybe_sent: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind = kind
        self.code = code
        self.wait_s = wait_s
        self.maybe_sent = maybe_sent


class Meaning(NamedTuple):
    """What an errcode means. `wait_s`: before the next call; `then_s`: if it comes again soon after that."""

    kind: Kind
    words: str
    wait_s: float | None = None
    then_s: float | None = None


Codes = Mapping[int, Meaning]

UNKNOWN = Meaning("failed", "an errcode that is not known here")

# The token is fetched anew and the call repeated, once: what the tables say of these three holds for the second time.
TOKEN_REJECTED = frozenset({40001, 40014, 42001})
# Too many calls: nobody calls that address until the wait is over.
TOO_MANY = frozenset({45009, 45011})

_BOTH: Codes = {
    -1: Meaning("again", "busy", 1),
    40001: Meaning("blocked", "secret or access token is not accepted", BLOCKED_S),
    40014: Meaning("blocked", "access token is not accepted", BLOCKED_S),
    42001: Meaning("blocked", "access token has expired and the new one too", BLOCKED_S),
    40008: Meaning("failed", "message type"),
    41001: Meaning("failed", "no access token was sent"),
    44004: Meaning("failed", "empty content"),
    45001: Meaning("failed", "media too large"),
    45002: Meaning("failed", "content too long"),
    45008: Meaning("failed", "too many articles"),
    47001: Meaning("failed", "body is not JSON"),
}

# https://developers.weixin.qq.com/doc/offiaccount/Getting_Started/Global_Return_Code.html
WECHAT: Codes = {
    **_BOTH,
    # The quota of a minute is free again soon, that of a day at midnight: the errcode does not tell which it was.
    45009: Meaning("again", "quota of this API used up", 60, 3600),
    45011: Meaning("again", "called too often", 60),
    40003: Meaning("refused", "openid is not one of this account"),
    43004: Meaning("refused", "recipient does not follow"),
    43101: Meaning("refused", "recipient has no subscription left"),
    45015: Meaning("refused", "recipient wrote too long ago or has unfollowed"),
    45047: Meaning("refused", "recipient has had all messages that are allowed until the next question"),
    48002: Meaning("refused", "recipient has switched messages off"),
    50002: Meaning("refused", "recipient is restricted"),
    40007: Meaning("failed", "media id"),
    40037: Meaning("failed", "template id"),
    40200: Meaning("failed", "not for accounts of this type"),
    41030: Meaning("failed", "page does not exist"),
    47003: Meaning("failed", "a field breaks the template's rules"),
    87014: Meaning("failed", "content is refused as risky"),
    40013: Meaning("blocked", "AppID", BLOCKED_S),
    40125: Meaning("blocked", "AppSecret", BLOCKED_S),
    40164: Meaning("blocked", "our IP address is not on the account's list", BLOCKED_S),
    40243: Meaning("blocked", "AppSecret is frozen", BLOCKED_S),
    48001: Meaning("blocked", "API is not granted to this account", BLOCKED_S),
    48004: Meaning("blocked", "API is banned for this account", BLOCKED_S),
}

# https://developer.work.weixin.qq.com/document/path/90313
WECOM: Codes = {
    **_BOTH,
    # Rates of a minute; WeCom has no daily quota of an API.
    45009: Meaning("again", "called too often", 60),
    45011: Meaning("again", "called too often", 60),
    45033: Meaning("again", "too many calls at once", 10),
    60111: Meaning("refused", "userid does not exist"),
    81013: Meaning("refused", "no recipient is valid"),
    82001: Meaning("refused", "no recipient is valid"),
    40058: Meaning("failed", "a parameter"),
    93000: Meaning("failed", "group robot's key is wrong or the robot is gone"),
    301002: Meaning("failed", "secret belongs to another application"),
    40013: Meaning("blocked", "corporation id", BLOCKED_S),
    48002: Meaning("blocked", "API is not granted to this application", BLOCKED_S),
    60011: Meaning("blocked", "application has no right to do this", BLOCKED_S),
    60020: Meaning("blocked", "our IP address is not trusted", BLOCKED_S),
}
