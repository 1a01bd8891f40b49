"""One access token of one account, shared by all processes and fetched by one of them at a time."""

import random
from collections.abc import Callable, Mapping
from typing import Any

from citizen_bot.channels.errors import ChannelError
from citizen_bot.channels.shared import Shared

# Tencent hands out the next token in the last five minutes of one, and both are good for these.
RENEW_S = 300
# Processes that hold a token of their own, without Redis, do not come all at once for the next.
JITTER_S = 60
PATIENCE_S = 5


class AccessToken:
    """`fetch` asks for a token and returns the answer with `access_token` and `expires_in` (seconds).

    It must be one that does not end the token before: WeChat's stable_token or WeCom's gettoken.
    """

    def __init__(self, shared: Shared, fetch: Callable[[], Mapping[str, Any]]) -> None:
        self._shared = shared
        self._fetch = fetch

    def get(self, instead_of: str | None = None) -> str:
        """A good token; not the one of `instead_of`, which was refused, unless it is what is handed out again.

        Where another caller has replaced that one meanwhile, theirs is taken. Raises ChannelError as `fetch` does.
        """
        found = self._held(instead_of)
        if found is not None:
            return found
        with self._shared.turn("token", PATIENCE_S):
            return self._held(instead_of) or self._fetch_one()

    def _held(self, instead_of: str | None) -> str | None:
        note = self._shared.get("token")
        return note.text if note is not None and note.text != instead_of else None

    def _fetch_one(self) -> str:
        try:
            answer = self._fetch()
        except ChannelError as error:
            # The message itself has not even been tried.
            error.maybe_sent = False
            raise
        token, seconds = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not token or not isinstance(seconds, int) or seconds <= 0:
            raise ChannelError("the token's answer has no token", kind="again")
        # WeCom gives the same token until its very end: in its last minutes it is asked for now and then only.
        good_for = max(seconds - RENEW_S + random.uniform(0, JITTER_S), min(seconds / 2, 60))  # noqa: S311
        self._shared.put("token", token, min(good_for, seconds))
        return token
