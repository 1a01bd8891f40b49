"""Events to somebody else's server, signed after Standard Webhooks (https://www.standardwebhooks.com)."""

import base64
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from standardwebhooks import Webhook

from citizen_bot.channels.errors import ChannelError
from citizen_bot.channels.http import exchange, to_json
from citizen_bot.platform.clock import Clock, SystemClock

SHORTEST_SECRET = 24
LONGEST_WAIT = timedelta(days=1)
# The receiver may be up again later, though the status begins with 4.
LATER = (408, 429)


class SignedWebhook:
    """One receiver. `secret` is `whsec_` and at least 24 random bytes in Base64. Raises ValueError for other ones."""

    def __init__(
        self, url: str, secret: str, *, clock: Clock | None = None, session: requests.Session | None = None
    ) -> None:
        if urlsplit(url).scheme not in ("http", "https"):
            raise ValueError("a webhook's address starts with https:// or http://")
        self._url = url
        self._signer = Webhook(_secret_bytes(secret))
        self._clock = clock or SystemClock()
        self._session = session or requests.Session()

    def send(self, message_id: str, event_type: str, payload: Mapping[str, Any], at: datetime) -> None:
        """POSTs `{"type": event_type, "timestamp": at, "data": payload}`; any status of 2xx is a delivery.

        `at` is when it happened (aware); the signed time is that of this attempt, since receivers refuse old ones.
        `message_id` stays the same in a repeat: by it the receiver tells one, so a repeat does no harm.
        Raises ChannelError, with the HTTP status for a code: "failed" for 4xx, else "again".
        """
        now = self._clock.now()
        body = to_json({"type": event_type, "timestamp": at.astimezone(UTC).isoformat(), "data": payload})
        headers = {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signer.sign(message_id, now.astimezone(UTC), body.decode()),
        }
        answer = exchange(self._session, self._url, body, headers=headers)
        if 200 <= answer.status < 300:
            return
        reason = f"HTTP status {answer.status}"
        if 400 <= answer.status < 500 and answer.status not in LATER:
            raise ChannelError(reason, kind="failed", code=answer.status)
        wait_s = _wait(answer.headers.get("Retry-After", ""), now)
        raise ChannelError(reason, kind="again", code=answer.status, wait_s=wait_s, maybe_sent=answer.status >= 500)


def _secret_bytes(secret: str) -> bytes:
    encoded = secret.removeprefix("whsec_")
    try:
        # Some write it without the padding.
        found = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except ValueError:
        found = b""
    if len(found) < SHORTEST_SECRET:
        raise ValueError(f"a webhook's secret is whsec_ and at least {SHORTEST_SECRET} bytes in Base64")
    return found


def _wait(retry_after: str, now: datetime) -> float | None:
    """Seconds after RFC 9110, 10.2.3: a number of them, or a date."""
    longest = LONGEST_WAIT.total_seconds()
    if re.fullmatch(r"[0-9]{1,9}", retry_after.strip()):
        return min(float(retry_after), longest)
    try:
        until = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    seconds = (until if until.tzinfo else until.replace(tzinfo=UTC)) - now
    return min(max(seconds.total_seconds(), 0.0), longest)
