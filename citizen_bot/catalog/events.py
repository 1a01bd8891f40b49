"""Life events (一件事): the papers of several items as one list in which every paper stands once. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from citizen_bot.catalog.model import Condition, EventItem, Guide, LifeEvent, Material

_FORMS = {"原件": ("原件",), "复印件": ("复印件",), "原件及复印件": ("原件", "复印件"), "电子": ("电子",)}


@dataclass(frozen=True, slots=True)
class Need:
    """An item that asks for a paper. `whens` says in plain Chinese who needs it; empty: whoever needs the item."""

    item: str
    whens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MergedMaterial:
    """One paper of a life event.

    `copies` is the largest number that any item asks for, `form` joins all forms, `source` is that of all items or
    None, `shared` holds when every item's window can look it up. `needs` has each item that asks for it once, in the
    event's order. `always`: an item that everybody needs asks everybody for it.
    """

    name: str
    form: str
    copies: int
    source: str | None
    shared: bool
    notes: tuple[str, ...]
    needs: tuple[Need, ...]
    always: bool


def merge(event: LifeEvent, guides: Mapping[str, Guide]) -> tuple[MergedMaterial, ...]:
    """All papers of the items of `event`, each once, those that everybody needs first, in the order of the items.

    Papers are the same when they have the same name, or when one entry of `same_papers` covers both. Papers for cases
    that the event rules out (`given`) are left out.
    Raises KeyError for an item that `guides` does not have.
    """
    same = {name: paper for paper in event.same_papers for name in paper.covers}
    found: dict[str, list[tuple[EventItem, Material]]] = {}
    for entry in event.items:
        for material in _asked_for(entry, guides[entry.item]):
            one = same.get(material.name)
            if one and one.when and not material.always:
                material = replace(material, when=one.when)
            found.setdefault(one.name if one else material.name, []).append((entry, material))
    notes = {paper.name: paper.note for paper in event.same_papers}
    merged = [_merged(name, notes.get(name), asked) for name, asked in found.items()]
    return tuple(sorted(merged, key=lambda material: not material.always))


def _asked_for(entry: EventItem, guide: Guide) -> Iterator[Material]:
    """The materials of `guide` in this event; what everybody needs here hangs on no condition any more."""
    given = {condition.situation: frozenset(condition.answers) for condition in entry.given}
    for material in guide.materials:
        verdicts = [_verdict(condition, given.get(condition.situation)) for condition in material.needed_if]
        if False not in verdicts:
            yield material if None in verdicts else replace(material, needed_if=(), when=None)


def _verdict(condition: Condition, possible: frozenset[str] | None) -> bool | None:
    """Whether `condition` is met by every, by none (False) or by some of the answers that are `possible`."""
    if possible is None:
        return None
    met = possible & frozenset(condition.answers)
    return met == possible if met in (possible, frozenset()) else None


def _merged(name: str, note: str | None, asked: list[tuple[EventItem, Material]]) -> MergedMaterial:
    materials = [material for _, material in asked]
    forms = {form for material in materials for form in _FORMS[material.form]}
    return MergedMaterial(
        name=name,
        form=_joined(forms),
        copies=max(material.copies for material in materials),
        source=materials[0].source if len({material.source for material in materials}) == 1 else None,
        shared=all(material.shared for material in materials),
        notes=(note,) if note else tuple(dict.fromkeys(m.note for m in materials if m.note)),
        needs=tuple(
            _need(item, [m for e, m in asked if e.item == item]) for item in dict.fromkeys(e.item for e, _ in asked)
        ),
        always=any(entry.when is None and material.always for entry, material in asked),
    )


def _need(item: str, materials: list[Material]) -> Need:
    if any(material.always for material in materials):
        return Need(item, ())
    return Need(item, tuple(dict.fromkeys(material.when or "" for material in materials)))


def _joined(forms: Iterable[str]) -> str:
    paper = "及".join(form for form in ("原件", "复印件") if form in forms)
    return "、".join(word for word in (paper, "电子" if "电子" in forms else "") if word)
