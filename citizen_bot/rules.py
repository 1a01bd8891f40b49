"""The office's rules and figures, from guides/rules.yaml: booking, home visits, notices to staff.

The defaults are those of the city's service rules; every one may be changed there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate

from citizen_bot.catalog.model import Guide, Level, Site
from citizen_bot.documents import FileSchema, load
from citizen_bot.platform.calendar import WorkingCalendar, load_calendar
from citizen_bot.platform.privacy import Privacy

FILE = "rules.yaml"
GENERAL = "general"
_LEVELS: tuple[Level, ...] = ("city", "town", "community", "village")


@dataclass(frozen=True, slots=True)
class Window:
    """A group of windows that are booked together. `name` is what residents read."""

    id: str
    name: str
    departments: tuple[str, ...] = ()
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Seats:
    """How many people one hour takes: at the general window, at each dedicated one, and in extended hours."""

    general: int
    dedicated: int
    extended: int


@dataclass(frozen=True, slots=True)
class AppointmentRules:
    """See guides/rules.yaml for each figure. `hours` are starts in Asia/Shanghai, each `minutes` long."""

    opens_working_days_ahead: int
    closes_minutes_before: int
    hours: tuple[time, ...]
    minutes: int
    extended_hours: tuple[time, ...]
    saturday_hours: tuple[time, ...]
    extended_working_days_earlier: int
    hold_minutes: int
    most_of_same_item: int
    most_of_person: int
    most_of_account: int
    most_moves: int
    no_shows: int
    no_shows_within_days: int
    pause_days: int
    reminder_at: time
    keep_days: int
    windows: tuple[Window, ...]
    not_bookable: tuple[str, ...]
    seats: Mapping[str, Seats]
    site_seats: Mapping[str, Seats] = field(default_factory=dict)

    def window_of(self, guide: Guide) -> Window:
        """The windows that take the item: the general ones, unless the guide names a dedicated one (单设窗口)."""
        general = next(window for window in self.windows if window.id == GENERAL)
        if guide.window != "单设窗口":
            return general
        by_item = (window for window in self.windows if guide.id in window.items)
        by_department = (window for window in self.windows if guide.department in window.departments)
        return next(by_item, None) or next(by_department, None) or general

    def window(self, window_id: str) -> Window:
        """Raises KeyError for a window that the rules do not have (any more)."""
        found = {window.id: window for window in self.windows}
        return found[window_id]

    def seats_of(self, site: Site, window: str, *, extended: bool) -> int:
        """How many people one hour of this window takes; 0: the site does not have it."""
        seats = self.site_seats.get(site.code) or self.seats[site.level]
        usual = seats.general if window == GENERAL else seats.dedicated
        return min(usual, seats.extended) if extended else usual


@dataclass(frozen=True, slots=True)
class VisitRules:
    answer_working_hours: int
    hand_in_working_days: int
    priority_age: int


@dataclass(frozen=True, slots=True)
class NotificationRules:
    acknowledge_minutes: int


@dataclass(frozen=True, slots=True)
class Rules:
    appointments: AppointmentRules
    visits: VisitRules
    notifications: NotificationRules


@dataclass(frozen=True, slots=True)
class Office:
    """What every service works by: the rules, the calendar, and the keys of personal data."""

    rules: Rules
    calendar: WorkingCalendar
    privacy: Privacy


def load_office(guides_dir: Path, privacy: Privacy) -> Office:
    """With the office's own rules and days of guides/. Raises FaultyFiles with all faults of the first faulty file."""
    return Office(load_rules(guides_dir), load_calendar(guides_dir), privacy)


def load_rules(guides_dir: Path) -> Rules:
    """Raises FaultyFiles with every fault in guides/rules.yaml."""
    rules: Rules = load(guides_dir / FILE, f"{guides_dir.name}/{FILE}", _RulesSchema())
    return rules


class _Hour(fields.String):
    """An hour of the day as people write it: "08:30"."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            return time.fromisoformat(text)
        except ValueError as error:
            raise ValidationError('应为时间，如 "08:30"，要加引号') from error


def _count(least: int = 0) -> fields.Integer:
    error = f"应为不小于{least}的整数"
    return fields.Integer(
        required=True, strict=True, validate=validate.Range(min=least, error=error), error_messages={"invalid": error}
    )


class _WindowSchema(FileSchema):
    id = fields.String(required=True)
    name = fields.String(required=True)
    departments = fields.List(fields.String(), load_default=list)
    items = fields.List(fields.String(), load_default=list)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Window:
        return Window(data["id"], data["name"], tuple(data["departments"]), tuple(data["items"]))


class _SeatsSchema(FileSchema):
    general = _count()
    dedicated = _count()
    extended = _count()

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Seats:
        return Seats(**data)


_LevelsSchema = FileSchema.from_dict(
    {level: fields.Nested(_SeatsSchema, required=True) for level in _LEVELS}, name="Levels"
)


class _AppointmentsSchema(FileSchema):
    opens_working_days_ahead = _count(1)
    closes_minutes_before = _count()
    hours = fields.List(_Hour(), required=True, validate=validate.Length(min=1, error="至少要有一个时段"))
    minutes = _count(10)
    extended_hours = fields.List(_Hour(), required=True)
    saturday_hours = fields.List(_Hour(), required=True)
    extended_working_days_earlier = _count()
    hold_minutes = _count(1)
    most_of_same_item = _count(1)
    most_of_person = _count(1)
    most_of_account = _count(1)
    most_moves = _count(1)
    no_shows = _count(1)
    no_shows_within_days = _count(1)
    pause_days = _count(1)
    reminder_at = _Hour(required=True)
    keep_days = _count(1)
    windows = fields.List(fields.Nested(_WindowSchema), required=True)
    not_bookable = fields.List(fields.String(), load_default=list)
    seats = fields.Nested(_LevelsSchema, required=True)
    site_seats = fields.Dict(keys=fields.String(), values=fields.Nested(_SeatsSchema), load_default=dict)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> AppointmentRules:
        if GENERAL not in {window.id for window in data["windows"]}:
            raise ValidationError(f"要有 id 是 {GENERAL} 的窗口（综合窗口）", "windows")
        if data["keep_days"] < data["no_shows_within_days"] + data["pause_days"]:
            raise ValidationError("不能比 no_shows_within_days 加 pause_days 短，不然数不清谁约了没来", "keep_days")
        made: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in data.items()}
        return AppointmentRules(**made)


class _VisitsSchema(FileSchema):
    answer_working_hours = _count(1)
    hand_in_working_days = _count(1)
    priority_age = _count(1)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> VisitRules:
        return VisitRules(**data)


class _NotificationsSchema(FileSchema):
    acknowledge_minutes = _count(1)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> NotificationRules:
        return NotificationRules(**data)


class _RulesSchema(FileSchema):
    appointments = fields.Nested(_AppointmentsSchema, required=True)
    visits = fields.Nested(_VisitsSchema, required=True)
    notifications = fields.Nested(_NotificationsSchema, required=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Rules:
        return Rules(**data)
