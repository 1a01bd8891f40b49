"""Patterns of words as an office writes them in intents/, and texts in the form in which they are looked for."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from marshmallow import ValidationError, fields

from citizen_bot.documents import FileSchema

_EDGE = re.compile(r"^[\s\W_]+|[\s\W_]+$")


class Pattern(fields.String):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            return re.compile(text)
        except re.error as error:
            raise ValidationError("应为正则表达式") from error


class PatternsSchema(FileSchema):
    patterns = fields.List(Pattern(), required=True)


class UnlessSchema(PatternsSchema):
    unless = fields.List(Pattern(), required=True)


def plain(text: str) -> str:
    """`text` in half width and lower case, without blanks and punctuation at its ends."""
    return _EDGE.sub("", half_width(text))


def half_width(text: str) -> str:
    """`text` in half width and lower case, without blanks around it."""
    return unicodedata.normalize("NFKC", text).lower().strip()


def longest_first(words: Iterable[str]) -> str:
    """A pattern for any of `words`, the longest that fits."""
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


def found(patterns: Iterable[re.Pattern[str]], text: str) -> bool:
    """Whether one of `patterns` is in `text`."""
    return any(pattern.search(text) for pattern in patterns)
