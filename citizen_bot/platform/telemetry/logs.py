"""JSON logs, one line each, on stderr: the service's own and every library's, none with personal data.

The first rule is not to log any. What slips through is caught by key (`WITHHELD`) and by shape (mobile, identity and
card numbers, openids, database details, Chinese words quoted by an exception).
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

REDACTED = "[withheld]"
WITHHELD = frozenset(
    {
        *("openid", "unionid", "from_user", "from_user_name", "fromusername", "resident", "name", "phone", "mobile"),
        *("identity", "identity_number", "id_number", "address", "text", "content", "question", "reply", "body"),
        *("recognition", "password", "secret", "token", "access_token", "authorization", "cookie", "session"),
    }
)
# Made by us and never personal; a hexadecimal hash may happen to contain what looks like a number.
_PLAIN = frozenset({"timestamp", "level", "logger", "request_id", "hash"})

_IDENTITY = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)")
_MOBILE = re.compile(r"(?<!\d)(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)")
_CARD = re.compile(r"(?<!\d)\d{15,19}(?!\d)")
_OPENID = re.compile(r"(?<![A-Za-z0-9_-])o[A-Za-z0-9_-]{27}(?![A-Za-z0-9_-])")
_DATABASE_DETAIL = re.compile(r"(DETAIL|CONTEXT):.*")
_CHINESE = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]+")


def redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """structlog's processor: withholds what may be personal, wherever it stands in the line."""
    return {key: _clean(key, value) for key, value in event.items()}


def _clean(key: str, value: Any) -> Any:
    if key in _PLAIN:
        return value
    if key.lower() in WITHHELD:
        return REDACTED
    if isinstance(value, MutableMapping):
        return {inner: _clean(str(inner), item) for inner, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean("", item) for item in value]
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if (cleaned := _mask(str(value))) == str(value) else cleaned
    text = _mask(str(value))
    # Exceptions quote what they choke on, and Chinese in them is a resident's words; the code's own are English.
    return _CHINESE.sub("…", _DATABASE_DETAIL.sub(rf"\1: {REDACTED}", text)) if key == "exception" else text


def _mask(text: str) -> str:
    for shape, label in ((_IDENTITY, "[identity]"), (_MOBILE, "[mobile]"), (_CARD, "[number]"), (_OPENID, "[openid]")):
        text = shape.sub(label, text)
    return text


_SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]

# Granian configures these two itself; this makes them pass their lines on to the root.
GRANIAN_LOGGING: dict[str, Any] = {
    "formatters": {},
    "handlers": {},
    "loggers": {
        "_granian": {"handlers": [], "level": "INFO", "propagate": True},
        "granian.access": {"handlers": [], "level": "WARNING", "propagate": True},
    },
}


def configure_logging(level: str = "INFO", stream: TextIO | None = None) -> None:
    """Sends all logs of this process to `stream` (stderr) as JSON. May be called again, and before or after a fork."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redact,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # Procrastinate tells of every step of a job; ours are told by citizen_bot.platform.jobs, with the request's id.
    for noisy in ("werkzeug", "alembic", "jieba", "urllib3", "procrastinate"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.captureWarnings(True)
