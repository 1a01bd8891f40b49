"""The catalogue as bytes and back. Equal contents give equal bytes, and so an equal hash.

The form is JSON in UTF-8 with sorted keys. A mapping is a list of pairs, because its order is part of what residents
see (a question's choices are numbered in it). Guides, sites, divisions and life events are sorted by their ids. A field
that is added to the model later needs a default there: snapshots of before must still load.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass, replace
from datetime import date
from functools import cache
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from citizen_bot.catalog.model import Catalogue, Division, Guide, LifeEvent, Site

FORMAT = 1

M = TypeVar("M")


class SnapshotError(ValueError):
    """The bytes are no snapshot of a catalogue, or one that this program is too old for."""


def seal(
    guides: Iterable[Guide],
    sites: Iterable[Site] = (),
    divisions: Iterable[Division] = (),
    events: Iterable[LifeEvent] = (),
) -> Catalogue:
    """An immutable catalogue with its hash; the order of the arguments does not matter, the last of an id wins."""
    unhashed = Catalogue(
        hash="",
        guides=_sorted({guide.id: guide for guide in guides}),
        sites=_sorted({site.code: site for site in sites}),
        divisions=_sorted({division.code: division for division in divisions}),
        events=_sorted({event.id: event for event in events}),
    )
    return replace(unhashed, hash=hash_of(dumps(unhashed)))


def dumps(catalogue: Catalogue) -> bytes:
    """The canonical form. The hash is not in it: it is the SHA-256 of these bytes."""
    content = {
        "format": FORMAT,
        "guides": [_plain(guide) for guide in catalogue.guides.values()],
        "sites": [_plain(site) for site in catalogue.sites.values()],
        "divisions": [_plain(division) for division in catalogue.divisions.values()],
        "events": [_plain(event) for event in catalogue.events.values()],
    }
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def loads(content: bytes) -> Catalogue:
    """The catalogue of `dumps`, equal to the one before, with the hash of these bytes.

    Raises SnapshotError.
    """
    try:
        plain = json.loads(content)
        if plain["format"] != FORMAT:
            raise SnapshotError(f"snapshot format {plain['format']} is not {FORMAT}")
        guides = [build(Guide, guide) for guide in plain["guides"]]
        sites = [build(Site, site) for site in plain["sites"]]
        divisions = [build(Division, division) for division in plain["divisions"]]
        events = [build(LifeEvent, event) for event in plain.get("events", ())]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise SnapshotError(f"not a catalogue snapshot: {error}") from error
    return Catalogue(
        hash=hash_of(content),
        guides=MappingProxyType({guide.id: guide for guide in guides}),
        sites=MappingProxyType({site.code: site for site in sites}),
        divisions=MappingProxyType({division.code: division for division in divisions}),
        events=MappingProxyType({event.id: event for event in events}),
    )


def hash_of(content: bytes) -> str:
    """SHA-256 in 64 hex digits."""
    return hashlib.sha256(content).hexdigest()


def build(model: type[M], plain: Any) -> M:
    """`model` from plain data: dicts for dataclasses, lists for tuples, dicts or pairs for mappings, ISO days.

    Raises ValueError, TypeError or KeyError where the data do not fit.
    """
    result: M = _build(model, plain)
    return result


def _sorted(entries: dict[str, M]) -> Mapping[str, M]:
    return MappingProxyType(dict(sorted(entries.items())))


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return [[key, _plain(inner)] for key, inner in value.items()]
    if isinstance(value, tuple):
        return [_plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, date) else value


def _build(kind: Any, plain: Any) -> Any:
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        inner = [option for option in get_args(kind) if option is not NoneType]
        return None if plain is None else _build(inner[0], plain)
    if origin is tuple:
        return tuple(_build(get_args(kind)[0], item) for item in plain)
    if origin is Mapping:
        return MappingProxyType({key: _build(get_args(kind)[1], item) for key, item in dict(plain).items()})
    if origin is Literal:
        if plain not in get_args(kind):
            raise ValueError(f"{plain!r} is none of {get_args(kind)}")
        return plain
    if is_dataclass(kind):
        return _build_dataclass(kind, plain)
    return _build_scalar(kind, plain)


def _build_dataclass(model: Any, plain: Any) -> Any:
    unknown = plain.keys() - _hints(model).keys()
    if unknown:
        raise ValueError(f"{model.__name__} has no {', '.join(sorted(unknown))}")
    values = {
        field.name: _build(_hints(model)[field.name], plain[field.name])
        for field in fields(model)
        if field.name in plain or (field.default is MISSING and field.default_factory is MISSING)
    }
    return model(**values)


def _build_scalar(kind: Any, plain: Any) -> Any:
    if kind is date and isinstance(plain, str):
        return date.fromisoformat(plain)
    if kind is float and type(plain) is int:
        return float(plain)
    if type(plain) is not kind:
        raise TypeError(f"{plain!r} is no {kind.__name__}")
    return plain


@cache
def _hints(model: type) -> dict[str, Any]:
    return get_type_hints(model)
