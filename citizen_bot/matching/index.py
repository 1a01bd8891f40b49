"""Which subject a message speaks of: evidence gathered through inverted indexes, then weighed."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from citizen_bot.matching.reading import Unit

# How much of a pair of neighbouring units' weight lies in its characters, its sounds and its merged sounds.
CHARS, SOUNDS, KEYS = 0.4, 0.3, 0.3
# A single character says little.
SINGLE = 0.25
# Pieces of words that carry no subject (cues, fillers) count this much.
MUTED = 0.12


@dataclass(frozen=True, slots=True)
class Passage:
    """One text about a subject. `strength` is how much its words say about the subject (a name: 1).

    `whole`: a name or an example, which a message can resemble as a whole.
    """

    subject: str
    strength: float
    whole: bool
    name: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for a subject, each 0 to 1.

    `coverage`: the part of the message that the subject explains. `likeness`: how alike the message and the most
    similar name or example are. `named`: how completely one of its names stands in the message, by its weight.
    `mass`: the amount of explained content, growing with the message's length.
    """

    subject: str
    coverage: float
    likeness: float
    named: float
    mass: float


Terms = dict[str, float]


def terms(units: Sequence[Unit], weights: Sequence[float]) -> Terms:
    """The features of a text with their share of weight: pairs by characters, sounds and merged sounds; singles."""
    result: Terms = defaultdict(float)
    for unit, weight in zip(units, weights, strict=True):
        if unit.char and weight > MUTED:
            _raise(result, unit.char, SINGLE * weight * len(unit.char) ** 0.5)
    for left, right, wl, wr in zip(units, units[1:], weights, weights[1:], strict=False):
        weight = (wl + wr) / 2 if min(wl, wr) > MUTED else min(wl, wr)
        if left.char and right.char:
            _raise(result, left.char + right.char, CHARS * weight)
            _raise(result, f"{left.sound} {right.sound}", SOUNDS * weight)
        else:
            _raise(result, f"{left.sound} {right.sound}", (CHARS + SOUNDS) * weight)
        _raise(result, f"~{left.key} {right.key}", KEYS * weight)
    return result


def _raise(result: Terms, term: str, weight: float) -> None:
    if weight > result.get(term, 0.0):
        result[term] = weight


class SubjectIndex:
    """Subjects (items and known foreign topics) by what is written about them. Immutable after `build`."""

    def __init__(self, passages: Sequence[tuple[Passage, Sequence[Terms]]]) -> None:
        strengths: dict[str, dict[str, float]] = defaultdict(dict)
        whole: list[tuple[Passage, Terms]] = []
        for passage, readings in passages:
            for reading in readings:
                for term in reading:
                    known = strengths[term]
                    known[passage.subject] = max(known.get(passage.subject, 0.0), passage.strength)
            if passage.whole:
                whole += [(passage, reading) for reading in readings]
        count = len({passage.subject for passage, _ in passages}) or 1
        self._idf = {t: math.log1p(count / len(s)) for t, s in strengths.items()}
        self._unknown = math.log1p(count)
        self._subjects: dict[str, tuple[tuple[str, float], ...]] = {t: tuple(s.items()) for t, s in strengths.items()}
        self._passages = [passage for passage, _ in whole]
        self._mass = [sum(w * self._idf[t] for t, w in reading.items()) or 1.0 for _, reading in whole]
        postings: dict[str, list[int]] = defaultdict(list)
        for number, (_, reading) in enumerate(whole):
            for term in reading:
                postings[term].append(number)
        self._postings: dict[str, tuple[int, ...]] = {t: tuple(p) for t, p in postings.items()}

    def __contains__(self, term: str) -> bool:
        return term in self._idf

    def evidence(self, message: Terms) -> list[Evidence]:
        """Evidence for each subject that shares a term with the message, in no order."""
        covered: dict[str, float] = defaultdict(float)
        shared: dict[int, float] = defaultdict(float)
        total = 0.0
        for term, weight in message.items():
            idf = self._idf.get(term)
            if idf is None:
                total += weight * self._unknown
                continue
            weight *= idf
            total += weight
            for subject, strength in self._subjects[term]:
                covered[subject] += weight * strength
            for number in self._postings.get(term, ()):
                shared[number] += weight
        if not total:
            return []
        likeness, named = self._likeness(shared, total)
        return [Evidence(s, mass / total, likeness.get(s, 0.0), named.get(s, 0.0), mass) for s, mass in covered.items()]

    def _likeness(self, shared: Mapping[int, float], total: float) -> tuple[dict[str, float], dict[str, float]]:
        likeness: dict[str, float] = {}
        named: dict[str, float] = {}
        for number, mass in shared.items():
            passage = self._passages[number]
            own = self._mass[number]
            part = min(1.0, mass / own)
            alike = part * min(1.0, mass / total)
            if alike > likeness.get(passage.subject, 0.0):
                likeness[passage.subject] = alike
            if passage.name:
                full = part**3 * own / (own + NAME_MASS)
                if full > named.get(passage.subject, 0.0):
                    named[passage.subject] = full
        return {s: math.sqrt(v) for s, v in likeness.items()}, named


# A name as heavy as this counts half.
NAME_MASS = 4.0
