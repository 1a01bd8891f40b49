"""Which of WeChat's templates carry our messages, from intents/templates.yaml."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from marshmallow import ValidationError, fields, post_load, validate

from citizen_bot.documents import FileSchema, load

FILE = "templates.yaml"
# What Message.template may name.
KEYS = ("appointment_reminder", "appointment_changed", "visit_progress", "notice_told", "answer_ready")
# https://developers.weixin.qq.com/miniprogram/dev/api-backend/open-api/subscribe-message/subscribeMessage.send.html
_FIELD = re.compile(
    r"(thing|number|letter|symbol|character_string|time|date|amount|phone_number|car_number|name|phrase)[0-9]{1,3}"
)


@dataclass(frozen=True, slots=True)
class Template:
    """`id` is WeChat's own; `fields` are its fields, each with the name that ours has in Message.fields. `long_term`: a
    resident's consent counts for any number of messages, not for one."""

    id: str
    kind: Literal["subscription", "template"]
    long_term: bool
    fields: Mapping[str, str]

    def fill(self, values: Mapping[str, str]) -> dict[str, str]:
        return {name: values.get(ours, "") for name, ours in self.fields.items()}


class Templates:
    def __init__(self, by_key: Mapping[str, Iterable[Template]]) -> None:
        # A subscription notification was asked for, so it is tried before a template message.
        self._by_key = {key: tuple(sorted(found, key=lambda one: one.kind)) for key, found in by_key.items()}

    def of(self, key: str | None) -> tuple[Template, ...]:
        """Those that carry a message of ours, in the order in which they are to be tried."""
        return self._by_key.get(key or "", ())

    def all(self) -> dict[str, Template]:
        return {template.id: template for found in self._by_key.values() for template in found}


def load_templates(folder: Path) -> Templates:
    """Raises FaultyFiles with every fault. A folder without the file has no templates."""
    path = folder / FILE
    if not path.exists():
        return Templates({})
    return Templates(load(path, f"{folder.name}/{FILE}", _TemplatesSchema()))


class _Fields(fields.Field[dict[str, str]]):
    """WeChat's names of a template's fields, each with our name of what goes there."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, str]:
        if not isinstance(value, dict) or not value:
            raise ValidationError("应为“字段: 内容”这样的几项")
        wrong = {name: "应为字段名（如 thing1、time2）" for name in value if not _FIELD.fullmatch(name)}
        wrong |= {name: "应为内容的名字，见文件开头" for name, ours in value.items() if not _name(ours)}
        if wrong:
            raise ValidationError({name: [message] for name, message in wrong.items()})
        return value


def _name(value: Any) -> bool:
    return isinstance(value, str) and value != ""


class _TemplateBase(FileSchema):
    id = fields.String(required=True, validate=validate.Length(min=1, error="不能空着"))
    kind = fields.String(
        required=True,
        validate=validate.OneOf(
            ["subscription", "template"], error="应为 subscription（订阅通知）或 template（模板消息）"
        ),
    )
    long_term = fields.Boolean(load_default=False, error_messages={"invalid": "应为 true 或 false"})

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Template:
        return Template(**data)


# So, because a schema has an attribute of that name itself.
_TemplateSchema = _TemplateBase.from_dict({"fields": _Fields(required=True)}, name="Template")
_TemplatesSchema = FileSchema.from_dict(
    {key: fields.Nested(_TemplateSchema, many=True, load_default=list) for key in KEYS}, name="Templates"
)
