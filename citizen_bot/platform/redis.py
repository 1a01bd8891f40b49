"""Redis or Valkey: a fast memory that may be emptied or gone at any moment without a lost record."""

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

# A resident waits: what Redis cannot say at once is done without it.
TIMEOUT_S = 0.5


def create_redis(url: str) -> Redis:
    """A client that connects at its first use, so it may be made before a fork. Texts come back as str.

    Every call may raise redis.exceptions.RedisError within about a second; the caller goes on without it.
    """
    client: Redis = Redis.from_url(
        url,
        decode_responses=True,
        socket_connect_timeout=TIMEOUT_S,
        socket_timeout=TIMEOUT_S,
        # One more try: after a restart of the server a pooled connection is dead, and a new one works.
        retry=Retry(NoBackoff(), 1),
        client_name="citizen-bot",
    )
    return client
