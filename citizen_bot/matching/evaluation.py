"""How well the matcher does on labelled questions: the measures, over all lines and style by style.

A line is {"q", "intent", "item", "also", "facet", "style"}. A hit is a candidate in {item} + also. A confident answer
is a decision "answer" with an item. Lines whose item is not in the catalogue count in the overall measures; `covered`
repeats the guide measures without them.
"""

import json
import math
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from citizen_bot.matching.model import Facet, Intent, Match

Z95 = 1.959963984540054
TASKS = frozenset({"book", "visit", "complain", "progress", "cancel"})
# The first so many out-of-scope lines of a file share words or offices with an item.
NEAR_MISSES = 22


class QuestionsError(ValueError):
    """A line of the questions is wrong. The message names the line."""


@dataclass(frozen=True, slots=True)
class Question:
    q: str
    intent: str
    item: str | None
    also: tuple[str, ...]
    facet: str | None
    style: str

    def hit(self, item: str | None) -> bool:
        return item is not None and (item == self.item or item in self.also)


@dataclass(frozen=True, slots=True)
class Share:
    """`hits` of `n`, with a 95% Wilson interval."""

    hits: int
    n: int

    @property
    def value(self) -> float | None:
        return self.hits / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float] | None:
        if not self.n:
            return None
        p, n, z = self.hits / self.n, self.n, Z95
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        return max(0.0, middle - half), min(1.0, middle + half)

    def as_json(self) -> dict[str, Any]:
        interval = self.interval
        return {
            "value": None if self.value is None else round(self.value, 4),
            "low": None if interval is None else round(interval[0], 4),
            "high": None if interval is None else round(interval[1], 4),
            "hits": self.hits,
            "n": self.n,
        }


Row = tuple[Question, Match]


def read_questions(lines: Iterable[str]) -> list[Question]:
    """Reads JSON lines; empty lines are skipped. Raises QuestionsError for the first wrong line."""
    questions = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            data = json.loads(line)
        except ValueError as error:
            raise QuestionsError(f"line {number}: is not JSON: {error}") from None
        if not isinstance(data, dict):
            raise QuestionsError(f"line {number}: must be an object")
        questions.append(_question(number, data))
    return questions


def _question(number: int, data: dict[str, Any]) -> Question:
    q, intent, item, facet = data.get("q"), data.get("intent"), data.get("item"), data.get("facet")
    also, style = data.get("also") or [], data.get("style") or ""
    checks = (
        ("q", isinstance(q, str), "must be text"),
        ("intent", intent in get_args(Intent), f"must be one of {', '.join(get_args(Intent))}"),
        ("item", item is None or isinstance(item, str), "must be an item's id or null"),
        ("facet", facet is None or facet in get_args(Facet), f"must be null or one of {', '.join(get_args(Facet))}"),
        ("also", isinstance(also, list) and all(isinstance(a, str) for a in also), "must be a list of ids"),
        ("style", isinstance(style, str), "must be text"),
    )
    for key, right, message in checks:
        if not right:
            raise QuestionsError(f"line {number}: {key} {message}")
    return Question(str(q), str(intent), item, tuple(also), facet, style)


def evaluate(
    questions: Sequence[Question], match: Callable[[str], Match], known: Collection[str]
) -> dict[str, dict[str, Any]]:
    """The measures for "all" and for each style, in the order of first appearance. `known`: the catalogue's ids."""
    rows = [(question, match(question.q)) for question in questions]
    oos = [question for question in questions if question.intent == "oos"]
    near = frozenset(map(id, oos[:NEAR_MISSES]))
    groups = {"all": rows} | {
        style: [row for row in rows if row[0].style == style]
        for style in dict.fromkeys(question.style for question in questions)
        if style
    }
    return {name: _measures(group, known, near) for name, group in groups.items()}


def _measures(rows: Sequence[Row], known: Collection[str], near: frozenset[int]) -> dict[str, Any]:
    guide = [row for row in rows if row[0].intent == "guide"]
    tasks = [row for row in rows if row[0].intent in TASKS and row[0].item]
    oos = [row for row in rows if row[0].intent == "oos"]
    by_intent = {
        intent: _share([r for r in rows if r[0].intent == intent], lambda q, m: q.intent == m.intent)
        for intent in dict.fromkeys(q.intent for q, _ in rows)
    }
    return {
        "n": len(rows),
        **_guide_measures(guide),
        "intent_accuracy": _share(rows, lambda q, m: q.intent == m.intent).as_json(),
        "intent_macro": round(sum(s.hits / s.n for s in by_intent.values()) / len(by_intent), 4) if rows else None,
        "intents": {intent: share.as_json() for intent, share in by_intent.items()},
        "false_answer_rate": _share(oos, lambda q, m: _confident(m)).as_json(),
        "false_answer_rate_near": _share([r for r in oos if id(r[0]) in near], lambda q, m: _confident(m)).as_json(),
        "task_item_accuracy": _share(tasks, lambda q, m: q.hit(_first(m))).as_json(),
        "covered": _guide_measures([row for row in guide if row[0].item in known]),
        "absent_answered": _share([r for r in guide if r[0].item not in known], lambda q, m: _confident(m)).as_json(),
    }


def _guide_measures(guide: Sequence[Row]) -> dict[str, Any]:
    faceted = [row for row in guide if row[0].facet]
    confident = [row for row in guide if _confident(row[1])]
    shares = {
        "accuracy_at_1": _share(guide, lambda q, m: q.hit(_first(m))),
        "accuracy_at_3": _share(guide, lambda q, m: any(q.hit(c.item) for c in m.candidates[:3])),
        "facet_accuracy": _share(faceted, lambda q, m: q.facet == m.facet),
        "item_and_facet": _share(faceted, lambda q, m: q.facet == m.facet and q.hit(_first(m))),
        "answered": Share(len(confident), len(guide)),
        "wrong_confident_rate": _share(guide, lambda q, m: _confident(m) and not q.hit(m.item)),
        "wrong_of_confident": _share(confident, lambda q, m: not q.hit(m.item)),
    }
    return {name: share.as_json() for name, share in shares.items()}


def _share(rows: Sequence[Row], right: Callable[[Question, Match], bool]) -> Share:
    return Share(sum(right(question, match) for question, match in rows), len(rows))


def _first(match: Match) -> str | None:
    return match.candidates[0].item if match.candidates else None


def _confident(match: Match) -> bool:
    return match.decision == "answer" and match.item is not None
