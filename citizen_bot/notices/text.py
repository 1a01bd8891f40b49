"""The one-time notice (一次性告知) as sections of plain lines, and as one chat text that fits."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from citizen_bot.catalog.events import MergedMaterial, merge
from citizen_bot.catalog.lists import cut, known_answers
from citizen_bot.catalog.model import Catalogue, Guide, LifeEvent, Material, Review, Situation
from citizen_bot.catalog.places import has_own_place
from citizen_bot.matching.model import Facet
from citizen_bot.notices.notice import Kind, Notice
from citizen_bot.platform.clock import spell_day
from citizen_bot.wordings import Wordings

SectionName = Literal[
    "online",
    "answers",
    "reason",
    "remedy",
    "legal_remedy",
    "missing",
    "due",
    "items",
    "materials",
    "shared",
    "optional",
    "conditions",
    "how",
    "where",
    "contact",
    "time",
    "fee",
    "amount",
    "agent",
    "deadline",
    "result",
    "refusals",
    "pitfalls",
    "basis",
]
# What a resident needs most comes first; what does not fit in a chat text is left to the page from the end.
ORDER: Mapping[Kind, tuple[SectionName, ...]] = {
    "consultation": (
        "answers",
        "materials",
        "shared",
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
        "refusals",
        "basis",
    ),
    "application": (
        "answers",
        "materials",
        "shared",
        "optional",
        "how",
        "time",
        "fee",
        "amount",
        "where",
        "result",
        "pitfalls",
        "refusals",
        "basis",
    ),
    "not_eligible": ("reason", "remedy", "answers", "legal_remedy", "conditions", "contact", "basis"),
    "supplement": ("missing", "due", "where", "agent", "time", "basis"),
}
EVENT_ORDER: tuple[SectionName, ...] = ("items", "materials", "shared", "optional", "pitfalls")
# Kinds of item that end in a decision of an authority, against which the law gives remedies.
_DECIDED = frozenset({"行政许可", "行政给付", "行政确认", "其他行政权力"})
_NUMBERED = re.compile(r"[0-9]+\. ")
# Long, and nobody needs them in the chat.
_PAGE_ONLY: frozenset[SectionName] = frozenset({"basis", "refusals", "legal_remedy"})
# Who asks for one thing gets that, and of the rest what is needed to set out. The other sections are on the page.
_TO_SET_OUT: frozenset[SectionName] = frozenset(
    {"answers", "materials", "shared", "optional", "where", "time", "fee", "deadline", "agent"}
)
# Of a personal list only what to bring where, and until when.
_OF_LIST: frozenset[SectionName] = frozenset({"answers", "materials", "shared", "optional", "where", "deadline", "fee"})
_PAPERS: tuple[SectionName, ...] = ("materials", "shared", "optional", "missing")
# 多少钱 may mean what to pay or what to get: where something is paid out, both are told.
_ASKED: dict[Facet, tuple[SectionName, ...]] = {
    "materials": ("answers", "materials", "shared", "optional"),
    "conditions": ("conditions", "refusals"),
    "fee": ("fee", "amount"),
}


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


Sections = dict[SectionName, Section]


@dataclass(frozen=True, slots=True)
class Shown:
    """A notice laid out for a page, a sheet or a terminal. `caution` is the sentence for content that is unsure."""

    title: str
    sections: tuple[Section, ...]
    caution: str | None


def lay_out(catalogue: Catalogue, notice: Notice, wordings: Wordings) -> Shown:
    """All that `notice` says by `catalogue`. Raises KeyError for an item or life event that it does not have."""
    event = catalogue.events.get(notice.subject)
    if event is not None:
        of_event = event_sections(event, catalogue.guides, wordings)
        return Shown(event.name, tuple(of_event.values()), _caution(event.review, wordings))
    guide = catalogue.guides[notice.subject]
    of_notice = tuple(sections(guide, notice, wordings).values())
    plain = notice.kind == "consultation" and not notice.answers
    title = guide.name if plain else _title(notice, guide.name, wordings)
    return Shown(title, of_notice, _caution(guide.review, wordings))


def _title(notice: Notice, name: str, wordings: Wordings) -> str:
    """Which of the four kinds of notice it is, or the personal list."""
    kind = "list" if notice.kind == "consultation" and notice.answers else notice.kind
    return wordings(f"title_{kind}", name=name)


def _caution(review: Review, wordings: Wordings) -> str | None:
    return wordings("low_confidence") if review.confidence == "low" else None


def sections(guide: Guide, notice: Notice, wordings: Wordings, place: str | None = None) -> Sections:
    """All that `notice` on `guide` says, in its order; a section without lines is left out.

    `place` is the official name of the site to go to, where it is known.
    """
    lines = _consultation(guide, notice, wordings, place)
    if notice.kind == "not_eligible":
        lines["reason"] = [notice.reason or ""]
        lines["remedy"] = [notice.remedy or "", wordings("not_a_decision")]
        kind = "decision" if guide.kind in _DECIDED else "service"
        lines["legal_remedy"] = [wordings(f"legal_remedy_{kind}")]
    if notice.kind == "supplement":
        lines["missing"] = [f"{n}. {_missing(guide, paper, wordings)}" for n, paper in enumerate(notice.missing, 1)]
        lines["due"] = [wordings("due", day=spell_day(notice.due))] if notice.due else []
    confirmed = guide.review.sharing == "confirmed"
    headings: dict[SectionName, str] = {"shared": "heading_shared_confirmed"} if confirmed else {}
    if not lines["materials"] and not lines["shared"]:
        headings["optional"] = "heading_optional_only"
    return {
        name: Section(name, wordings(headings.get(name, f"heading_{name}")), tuple(lines[name]))
        for name in ("online", *ORDER[notice.kind])
        if lines.get(name) and (name != "online" or notice.kind in ("consultation", "application"))
    }


def event_sections(event: LifeEvent, guides: Mapping[str, Guide], wordings: Wordings) -> Sections:
    """A life event: its items in their order, and the papers of all of them, each once."""
    numbers = {entry.item: number for number, entry in enumerate(event.items, 1)}
    merged = [(material, _merged(material, numbers, wordings)) for material in merge(event, guides)]
    lines: dict[SectionName, list[str]] = {
        "items": [
            f"{numbers[entry.item]}. {guides[entry.item].label}"
            + (wordings("event_when", when=entry.when) if entry.when else "")
            + (wordings("material_note", note=entry.note) if entry.note else "")
            for entry in event.items
        ],
        "materials": [text for material, text in merged if material.always and not material.shared],
        "shared": [text for material, text in merged if material.always and material.shared],
        "optional": [text for material, text in merged if not material.always],
        "pitfalls": list(event.pitfalls),
    }
    headings = {"items": "heading_event_items", "materials": "heading_event_materials"}
    return {
        name: Section(name, wordings(headings.get(name, f"heading_{name}")), tuple(lines[name]))
        for name in EVENT_ORDER
        if lines[name]
    }


def notice_text(
    guide: Guide,
    notice: Notice,
    wordings: Wordings,
    *,
    facet: Facet | None = None,
    short: bool = False,
    place: str | None = None,
    limit: int,
    end: Sequence[str],
) -> str:
    """The notice within `limit` bytes of UTF-8: what was asked first, what can be done online before the rest.

    `short` tells only what was asked. Whole lines are left out when they do not fit, never parts of one, and the text
    says how many papers were left out. It always ends with the lines of `end`: the number, the way to the page.
    """
    of_notice = sections(guide, notice, wordings, place)
    asked = _asked(guide, facet, of_notice, wordings)
    blocks = [_Block([_title(notice, guide.name, wordings)])]
    if short:
        blocks += [_Block.of(section) for section in asked]
    else:
        listed = notice.kind == "consultation" and bool(notice.answers)
        if facet is None and notice.kind == "consultation" and not listed:
            blocks.append(_Block([guide.summary]))
        if facet != "online" and guide.online.available and "online" in of_notice and not listed:
            blocks.append(_Block(of_notice["online"].lines))
        blocks += [_Block.of(section) for section in asked]
        wanted = _OF_LIST if listed else _TO_SET_OUT if facet and notice.kind == "consultation" else of_notice.keys()
        told = {section.name for section in asked} | _PAGE_ONLY
        rest = [of_notice[n] for n in ORDER[notice.kind] if n in of_notice and n in wanted and n not in told]
        blocks += [_Block.of(section) for section in rest]
        left = [of_notice[n].heading for n in ("how", "conditions", "pitfalls") if n in of_notice and n not in wanted]
        if left and not listed:
            blocks.append(_Block([wordings("on_page", headings="、".join(left))]))
    caution = _caution(guide.review, wordings)
    return _fit(blocks, [*([caution] if caution else []), *end], wordings, limit)


def event_text(
    event: LifeEvent, guides: Mapping[str, Guide], wordings: Wordings, *, limit: int, end: Sequence[str]
) -> str:
    """A life event within `limit` bytes, as `notice_text` does it."""
    of_event = event_sections(event, guides, wordings).values()
    heading = [_Block([wordings("title_event", name=event.name)]), _Block([event.summary])]
    caution = _caution(event.review, wordings)
    lines = [*([caution] if caution else []), *end]
    return _fit([*heading, *(_Block.of(section) for section in of_event)], lines, wordings, limit)


def answers_told(guide: Guide, answers: Mapping[str, str]) -> list[str]:
    """What a list was cut by, as question and answer."""
    known = known_answers(guide.situations, answers)
    return [f"{bare_question(s)}{s.choices[known[s.id]]}" for s in guide.situations if s.id in known]


def bare_question(situation: Situation) -> str:
    """The question without what it explains in brackets."""
    return re.sub(r"（[^）]*）", "", situation.question)


def _consultation(
    guide: Guide, notice: Notice, wordings: Wordings, place: str | None
) -> dict[SectionName, Sequence[str]]:
    papers = cut(guide, notice.answers)
    confirmed = guide.review.sharing == "confirmed"
    bring = [m for m in papers.needed if not m.shared]
    shared = [m for m in papers.needed if m.shared]
    return {
        "online": _online(guide, wordings),
        "answers": answers_told(guide, notice.answers),
        "materials": [f"{n}. {_material(m, wordings)}" for n, m in enumerate(bring, 1)]
        or ([] if shared or papers.open else [wordings("materials_none")]),
        "shared": [_material(m, wordings) for m in shared],
        "optional": [
            wordings("material_when", when=m.when, material=_material(m, wordings) + _sharing(m, confirmed, wordings))
            for m in papers.open
        ],
        "conditions": guide.conditions,
        "how": [f"{n}. {step}" for n, step in enumerate(guide.steps, 1)],
        "where": _where(guide, wordings, place),
        "contact": [guide.contact or wordings("contact_office")],
        "time": _time(guide, wordings),
        "deadline": [guide.deadline] if guide.deadline else [],
        "fee": [guide.fee],
        "amount": [guide.amount] if guide.amount else [],
        "agent": _agent(guide, wordings),
        "result": [guide.result],
        "refusals": [wordings("refusal", reason=r.reason, remedy=r.remedy) for r in guide.refusals],
        "pitfalls": guide.pitfalls,
        "basis": guide.basis,
    }


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines that stand together. `papers`: how many of the last ones name a paper each."""

    lines: Sequence[str]
    papers: int = 0

    @classmethod
    def of(cls, section: Section) -> "_Block":
        return cls(section.block(), len(section.lines) if section.name in _PAPERS else 0)


def _fit(blocks: Sequence[_Block], end: Sequence[str], wordings: Wordings, limit: int) -> str:
    whole = "\n".join([line for block in blocks for line in block.lines] + list(end))
    if _size(whole) <= limit:
        return whole
    # Either note of what was left out is at most as long as this one.
    room = limit - _size("\n".join([wordings("shortened_papers", count=99), *end])) - 1
    kept: list[str] = []
    papers_left = 0
    full = False
    for block in blocks:
        fitting = [] if full else _head(block.lines, room - _size("\n".join(kept)) - 1)
        kept += fitting
        left = len(block.lines) - len(fitting)
        full = full or left > 0
        papers_left += min(left, block.papers)
    note = wordings("shortened_papers", count=papers_left) if papers_left else wordings("shortened")
    return "\n".join([*kept, note, *end])


def _head(lines: Sequence[str], room: int) -> list[str]:
    """The first of `lines` that fit; a heading alone tells nothing and is left out."""
    kept: list[str] = []
    for line in lines:
        if _size("\n".join([*kept, line])) > room:
            break
        kept.append(line)
    return [] if len(kept) == 1 and len(lines) > 1 else kept


def _size(text: str) -> int:
    return len(text.encode())


def _asked(guide: Guide, facet: Facet | None, of_notice: Sections, wordings: Wordings) -> list[Section]:
    if facet is None:
        return []
    found = [of_notice[name] for name in _ASKED.get(facet, (facet,)) if name in of_notice]
    if found:
        return found
    if facet == "amount":
        # Nothing is paid out: 多少钱 then asks what it costs.
        return [of_notice["fee"]]
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


def _material(material: Material, wordings: Wordings) -> str:
    text = _paper(material, wordings)
    if material.note:
        text += wordings("material_note", note=material.note)
    return text


def _paper(paper: Material | MergedMaterial, wordings: Wordings) -> str:
    copies = wordings("material_copies", copies=paper.copies) if paper.copies > 1 else ""
    text = wordings("material", name=paper.name, form=paper.form, copies=copies)
    return text + wordings("material_fill") if paper.source == "窗口领取填写" else text


def _sharing(material: Material, confirmed: bool, wordings: Wordings) -> str:
    if not material.shared:
        return ""
    return wordings("material_shared_confirmed" if confirmed else "material_shared")


def _merged(material: MergedMaterial, numbers: Mapping[str, int], wordings: Wordings) -> str:
    """One paper of a life event: 居民身份证（原件）：第1、2件要；别人替办的，第3件要."""
    of_whens: dict[tuple[str, ...], list[str]] = {}
    for need in material.needs:
        of_whens.setdefault(need.whens, []).append(str(numbers[need.item]))
    needs = [
        wordings("event_needs", whens=f"{'或'.join(whens)}，" if whens else "", numbers="、".join(items))
        for whens, items in of_whens.items()
    ]
    text = _paper(material, wordings)
    if "复印件" in material.form and len(material.needs) > 1:
        text += wordings("event_copies")
    for note in material.notes:
        text += wordings("material_note", note=note)
    return wordings("event_material", material=text, needs="；".join(needs))


def _missing(guide: Guide, paper: str, wordings: Wordings) -> str:
    """A missing paper as the guide has it, or in the words of the staff."""
    material = next((m for m in guide.materials if m.name == paper), None)
    return paper if material is None else _material(material, wordings)


def _where(guide: Guide, wordings: Wordings, place: str | None) -> list[str]:
    lines = [guide.where] if guide.where else []
    if not has_own_place(guide):
        inferred = guide.review.levels == "inferred"
        if place:
            lines.insert(0, wordings("where_nearest_inferred" if inferred else "where_nearest", place=place))
        levels = "、".join(wordings(f"level_{level}") for level in guide.levels)
        lines.append(wordings("where_levels", places=levels, window=guide.window))
        if inferred and not place:
            lines.append(wordings("where_inferred"))
    return [*lines, wordings("contact", contact=guide.contact or wordings("contact_office"))]


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
