"""The one-time notice (一次性告知) as sections of plain lines, and as one chat text that fits."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from citizen_bot.catalog.model import Guide, Material
from citizen_bot.matching.model import Facet
from citizen_bot.wordings import Wordings

SectionName = Literal[
    "online",
    "materials",
    "optional",
    "conditions",
    "how",
    "where",
    "time",
    "fee",
    "amount",
    "agent",
    "deadline",
    "result",
    "pitfalls",
    "basis",
]
# What a resident needs most comes first; what does not fit in a chat text is left to the page from the end.
ORDER: tuple[SectionName, ...] = (
    "materials",
    "optional",
    "where",
    "conditions",
    "how",
    "time",
    "fee",
    "amount",
    "deadline",
    "agent",
    "pitfalls",
    "result",
    "basis",
)
_NUMBERED = re.compile(r"[0-9]+\. ")
_PAGE_ONLY: frozenset[SectionName] = frozenset({"basis"})
# 多少钱 may mean what to pay or what to get: where something is paid out, both are told.
_ASKED: dict[Facet, tuple[SectionName, ...]] = {"materials": ("materials", "optional"), "fee": ("fee", "amount")}


@dataclass(frozen=True, slots=True)
class Section:
    name: SectionName
    heading: str
    lines: tuple[str, ...]

    def block(self) -> list[str]:
        """The lines of a chat text: numbered ones stand as they are, others get a dot where there are several."""
        if len(self.lines) == 1:
            return [f"{self.heading}：{self.lines[0]}"]
        return [f"{self.heading}：", *(line if _NUMBERED.match(line) else f"· {line}" for line in self.lines)]


def sections(guide: Guide, wordings: Wordings) -> dict[SectionName, Section]:
    """All that the notice of `guide` says, by section; a section without lines is left out."""
    always = [m for m in guide.materials if m.always]
    lines: dict[SectionName, Sequence[str]] = {
        "online": _online(guide, wordings),
        "materials": _numbered(always, wordings) or [wordings("materials_none")],
        "optional": [
            wordings("material_when", when=m.when, material=_material(m, wordings))
            for m in guide.materials
            if not m.always
        ],
        "conditions": guide.conditions,
        "how": [f"{n}. {step}" for n, step in enumerate(guide.steps, 1)],
        "where": _where(guide, wordings),
        "time": _time(guide, wordings),
        "deadline": [guide.deadline] if guide.deadline else [],
        "fee": [guide.fee],
        "amount": [guide.amount] if guide.amount else [],
        "agent": _agent(guide, wordings),
        "result": [guide.result],
        "pitfalls": guide.pitfalls,
        "basis": guide.basis,
    }
    return {
        name: Section(name, wordings(f"heading_{name}"), tuple(of_section))
        for name, of_section in lines.items()
        if of_section
    }


def notice_text(
    guide: Guide, facet: Facet | None, wordings: Wordings, *, short: bool, limit: int, link: Callable[[], str]
) -> str:
    """The notice within `limit` bytes of UTF-8: what was asked first, what can be done online before the rest.

    `short` tells only what was asked. Whole lines are left out when they do not fit, never parts of one; then the text
    says so. It always ends with `link()`, the way to the complete page.
    """
    of_guide = sections(guide, wordings)
    asked = _asked(guide, facet, of_guide, wordings)
    blocks = [[wordings("notice_title", name=guide.name)]]
    if short:
        blocks += [section.block() for section in asked]
    else:
        if facet is None:
            blocks.append([guide.summary])
        if facet != "online" and guide.online.available:
            blocks.append(list(of_guide["online"].lines))
        blocks += [section.block() for section in asked]
        told = {section.name for section in asked} | _PAGE_ONLY
        blocks += [of_guide[name].block() for name in ORDER if name in of_guide and name not in told]
    end = [wordings("low_confidence")] if guide.review.confidence == "low" else []
    return _fit(blocks, [*end, link()], wordings("shortened"), limit)


def _fit(blocks: Sequence[list[str]], end: Sequence[str], shortened: str, limit: int) -> str:
    whole = "\n".join([line for block in blocks for line in block] + list(end))
    if _size(whole) <= limit:
        return whole
    end = [shortened, *end]
    room = limit - _size("\n".join(end)) - 1
    kept: list[str] = []
    for block in blocks:
        fitting = _head(block, room - _size("\n".join(kept)) - 1)
        kept += fitting
        if len(fitting) < len(block):
            break
    return "\n".join([*kept, *end])


def _head(block: list[str], room: int) -> list[str]:
    """The first lines of `block` that fit; a heading alone tells nothing and is left out."""
    kept: list[str] = []
    for line in block:
        if _size("\n".join([*kept, line])) > room:
            break
        kept.append(line)
    return [] if len(kept) == 1 and len(block) > 1 else kept


def _size(text: str) -> int:
    return len(text.encode())


def _asked(
    guide: Guide, facet: Facet | None, of_guide: dict[SectionName, Section], wordings: Wordings
) -> list[Section]:
    if facet is None:
        return []
    found = [of_guide[name] for name in _ASKED.get(facet, (facet,)) if name in of_guide]
    if found:
        return found
    if facet == "amount":
        # Nothing is paid out: 多少钱 then asks what it costs.
        return [of_guide["fee"]]
    # Only the deadline can be missing else; silence would read as "I did not understand".
    return [Section("deadline", wordings("heading_deadline"), (wordings("deadline_none"),))]


def _online(guide: Guide, wordings: Wordings) -> list[str]:
    if not guide.online.available:
        return [wordings("online_no")]
    lines = [wordings("online_first", channel=guide.online.channel)]
    if guide.online.note:
        lines.append(guide.online.note)
    lines.append(wordings("online_visits", visits=guide.visits) if guide.visits else wordings("online_visits_0"))
    return lines


def _numbered(materials: Sequence[Material], wordings: Wordings) -> list[str]:
    return [f"{n}. {_material(m, wordings)}" for n, m in enumerate(materials, 1)]


def _material(material: Material, wordings: Wordings) -> str:
    copies = wordings("material_copies", copies=material.copies) if material.copies > 1 else ""
    text = wordings("material", name=material.name, form=material.form, copies=copies)
    if material.source == "窗口领取填写":
        text += wordings("material_fill")
    if material.shared and wordings("material_shared").strip("，") not in (material.note or ""):
        text += wordings("material_shared")
    if material.note:
        text += wordings("material_note", note=material.note)
    return text


def _where(guide: Guide, wordings: Wordings) -> list[str]:
    lines = [guide.where] if guide.where else []
    # An item of the city alone often has a hall of its own, which `where` then names.
    if not guide.where or guide.levels != ("city",):
        places = "、".join(wordings(f"level_{level}") for level in guide.levels)
        lines.append(wordings("where_levels", places=places, window=guide.window))
    lines.append(wordings("contact", contact=guide.contact) if guide.contact else wordings("contact_default"))
    return lines


def _time(guide: Guide, wordings: Wordings) -> list[str]:
    limit = guide.time_limit
    unit = wordings(f"unit_{limit.unit}")
    lines = []
    if limit.promised == 0:
        lines.append(wordings("time_now"))
    elif limit.promised:
        lines.append(wordings("time_promised", days=limit.promised, unit=unit))
    if limit.statutory:
        lines.append(wordings("time_statutory", days=limit.statutory, unit=unit))
    if limit.note:
        lines.append(limit.note)
    return lines or [wordings("time_unknown")]


def _agent(guide: Guide, wordings: Wordings) -> list[str]:
    lines = [guide.agent.note or wordings("agent_yes" if guide.agent.allowed else "agent_no")]
    if guide.home_service:
        lines.append(wordings("home_service"))
    return lines
