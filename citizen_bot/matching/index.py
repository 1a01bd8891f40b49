"""Which subject a message speaks of: evidence gathered through inverted indexes, weighed against "none of them".

Every feature is a plain share of what the message and the writing about a subject have in common; the few weights
that combine them are fitted by `python -m tests.bench.fit_matching` (docs/adr/0006-matching.md).
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rapidfuzz import fuzz

from citizen_bot.matching.reading import Unit
from citizen_bot.matching.words import Words

# How much of a pair of neighbouring units' weight lies in its characters, its sounds and its merged sounds.
CHARS, SOUNDS, KEYS = 0.4, 0.3, 0.3
# A single character says little; a word says as much as a pair, and more when it is long.
SINGLE, WORD = 0.25, 0.8
# Units of cues and fillers: they count this much beside content, and not at all beside each other.
MUTED = 0.12
# A name as heavy as this counts half.
NAME_MASS = 4.0
# A name of so many units and more counts in full when it is alike but not equal.
NAME_LENGTH = 6
# A term that stands with more than this part of all subjects tells none apart and is left out.
COMMON = 0.3
# So many subjects are compared closely.
SHORT_LIST = 10


@dataclass(frozen=True, slots=True)
class Text:
    """Units, and how much each may say about the subject (0 to 1)."""

    units: Sequence[Unit]
    weights: Sequence[float]

    @property
    def content(self) -> int:
        """Units that belong to no cue and are no filler."""
        return sum(weight > MUTED for weight in self.weights)


@dataclass(frozen=True, slots=True)
class Passage:
    """One text about a subject. `strength` is how much its words say about the subject (a name: 1).

    `whole`: a name or an example, which a message can resemble as a whole; `name`: it can stand in a message.
    `readings`: the text as its characters sound alone and in their words.
    """

    subject: str
    strength: float
    whole: bool
    name: bool
    readings: Sequence[Text]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for a subject.

    Each from 0 to 1: `coverage` is the part of the message that the subject explains; `likeness` how alike the message
    and the most similar name or example are; `named` how completely one of its names stands in the message, by the
    name's weight; `share` its explained content beside the best subject's; `near_name` and `near_example` the same as
    named and likeness by edit distance of sounds. `mass`: the amount of explained content, as a logarithm.
    """

    subject: str
    coverage: float
    likeness: float
    named: float
    mass: float
    share: float = 0.0
    near_name: float = 0.0
    near_example: float = 0.0

    @property
    def features(self) -> tuple[float, ...]:
        return (
            self.coverage,
            self.likeness,
            self.named,
            self.mass,
            self.share,
            self.near_name,
            self.near_example,
        )


@dataclass(frozen=True, slots=True)
class Weights:
    """`features` in the order of `Evidence.features`; "none" has a start and grows with the message's content."""

    features: tuple[float, ...]
    none: float
    none_content: float


# Fitted; see the module's docstring.
WEIGHTS = Weights((-1.11, -0.02, 3.12, 0.92, 5.59, 1.38, 3.16), 6.7, 1.24)

Terms = dict[str, float]


@dataclass(frozen=True, slots=True)
class IndexData:
    """What a `SubjectIndex` knows, as plain data that JSON keeps exactly.

    `codes`: a character for each merged sound; `idf`: the weight of each term; `subjects`: (subject, strength) of each
    term; `passages`: (subject, is a name, mass) of each whole passage; `postings`: the passages of each term; `names`
    and `examples`: each subject's, as codes.
    """

    codes: dict[str, str]
    idf: dict[str, float]
    unknown: float
    subjects: dict[str, list[tuple[str, float]]]
    passages: list[tuple[str, bool, float]]
    postings: dict[str, list[int]]
    names: dict[str, list[str]]
    examples: dict[str, list[str]]


class SubjectIndex:
    """Subjects by what is written about them. Immutable."""

    def __init__(self, data: IndexData, words: Words) -> None:
        self._words = words
        self.data = data
        self._codes = data.codes
        self._idf = data.idf
        self._unknown = data.unknown
        self._subjects = data.subjects
        self._passages = data.passages
        self._postings = data.postings
        self._names = data.names
        self._examples = data.examples

    @classmethod
    def build(cls, passages: Iterable[Passage], words: Words) -> "SubjectIndex":
        codes: dict[str, str] = {}
        strengths: dict[str, dict[str, float]] = defaultdict(dict)
        whole: list[tuple[Passage, Terms]] = []
        names: dict[str, set[str]] = defaultdict(set)
        examples: dict[str, set[str]] = defaultdict(set)
        for passage in passages:
            for reading in passage.readings:
                found = _terms(reading, words)
                for term in found:
                    _raise(strengths[term], passage.subject, passage.strength)
                if passage.whole:
                    whole.append((passage, found))
                    examples[passage.subject].add(_learn(codes, reading))
                if passage.name:
                    names[passage.subject].add(_learn(codes, Text(reading.units, [1.0] * len(reading.units))))
        count = len({subject for known in strengths.values() for subject in known}) or 1
        common = count * COMMON
        idf = {t: math.log1p(count / len(known)) if len(known) <= common else 0.0 for t, known in strengths.items()}
        postings: dict[str, list[int]] = defaultdict(list)
        for number, (_, found) in enumerate(whole):
            for term in found:
                if idf[term]:
                    postings[term].append(number)
        data = IndexData(
            codes=codes,
            idf=idf,
            unknown=math.log1p(count),
            subjects={term: list(known.items()) for term, known in strengths.items() if idf[term]},
            passages=[(p.subject, p.name, sum(w * idf[t] for t, w in found.items()) or 1.0) for p, found in whole],
            postings=dict(postings),
            names={subject: sorted(texts - {""}) for subject, texts in names.items()},
            examples={subject: sorted(texts - {""}) for subject, texts in examples.items()},
        )
        return cls(data, words)

    def covered(self, text: Text) -> dict[str, float]:
        """For each subject that shares a term with the text: the part of the text that it explains."""
        total, covered, _ = self._gather(text)
        return {subject: mass / total for subject, mass in covered.items()}

    def evidence(self, text: Text) -> list[Evidence]:
        """Evidence for the subjects that have the most in common with the text, at most `SHORT_LIST`, best first."""
        total, covered, shared = self._gather(text)
        likeness, named = self._likeness(shared, total)
        rough = sorted(
            covered.items(),
            key=lambda c: (-c[1] / total - likeness.get(c[0], 0.0) - named.get(c[0], 0.0), c[0]),
        )[:SHORT_LIST]
        most = max((mass for _, mass in rough), default=1.0)
        whole = self._code(Text(text.units, [1.0] * len(text.units)))
        content = self._code(text)
        return [
            Evidence(
                subject,
                mass / total,
                likeness.get(subject, 0.0),
                named.get(subject, 0.0),
                math.log1p(mass),
                mass / most,
                self._near_name(subject, whole),
                max((fuzz.ratio(e, content) for e in self._examples.get(subject, ())), default=0.0) / 100,
            )
            for subject, mass in rough
        ]

    def rank(self, text: Text) -> list[tuple[str, float]]:
        """(subject, probability) of the short list, best first; what is missing to 1 is "none of them"."""
        evidence = self.evidence(text)
        odds = [sum(w * f for w, f in zip(WEIGHTS.features, e.features, strict=True)) for e in evidence]
        none = WEIGHTS.none + WEIGHTS.none_content * math.log1p(text.content)
        top = max([none, *odds])
        parts = [math.exp(o - top) for o in odds]
        total = sum(parts) + math.exp(none - top)
        ranked = [(e.subject, part / total) for e, part in zip(evidence, parts, strict=True)]
        return sorted(ranked, key=lambda r: (-r[1], r[0]))

    def _gather(self, text: Text) -> tuple[float, dict[str, float], dict[int, float]]:
        """The text's mass, what of it each subject explains, and what it shares with each whole passage."""
        covered: dict[str, float] = defaultdict(float)
        shared: dict[int, float] = defaultdict(float)
        total = 0.0
        for term, weight in _terms(text, self._words).items():
            idf = self._idf.get(term)
            if idf is None:
                total += weight * self._unknown
                continue
            if not idf:
                continue
            weight *= idf
            total += weight
            for subject, strength in self._subjects[term]:
                covered[subject] += weight * strength
            for number in self._postings.get(term, ()):
                shared[number] += weight
        return total or 1.0, covered, shared

    def _likeness(self, shared: Mapping[int, float], total: float) -> tuple[dict[str, float], dict[str, float]]:
        likeness: dict[str, float] = {}
        named: dict[str, float] = {}
        passages = self._passages
        for number, mass in shared.items():
            subject, is_name, own = passages[number]
            alike = mass * mass / (own * total)
            if alike > likeness.get(subject, 0.0):
                likeness[subject] = alike
            if is_name:
                full = (mass / own) ** 3 * own / (own + NAME_MASS)
                if full > named.get(subject, 0.0):
                    named[subject] = full
        return {subject: math.sqrt(min(1.0, value)) for subject, value in likeness.items()}, named

    def _near_name(self, subject: str, whole: str) -> float:
        return max(
            (
                fuzz.partial_ratio(name, whole) / 100 * min(1.0, len(name) / NAME_LENGTH)
                for name in self._names.get(subject, ())
                if len(name) <= len(whole)
            ),
            default=0.0,
        )

    def _code(self, text: Text) -> str:
        return _coded(self._codes, text)


def _learn(codes: dict[str, str], text: Text) -> str:
    for unit in text.units:
        codes.setdefault(unit.key, chr(0x4E00 + len(codes)))
    return _coded(codes, text)


def _coded(codes: Mapping[str, str], text: Text) -> str:
    """The merged sounds of the content, one character each, for edit distances; unknown ones are all alike."""
    pairs = zip(text.units, text.weights, strict=True)
    return "".join(codes.get(unit.key, "?") for unit, weight in pairs if weight > MUTED)


def _terms(text: Text, words: Words) -> Terms:
    """The features of a text with their weights: words; pairs by characters, sounds, merged sounds; singles."""
    units, weights = text.units, text.weights
    result: Terms = defaultdict(float)
    for unit, weight in zip(units, weights, strict=True):
        if unit.char and weight > MUTED:
            _raise(result, unit.char, SINGLE * weight * len(unit.char) ** 0.5)
    for (left, wl), (right, wr) in pairwise(zip(units, weights, strict=True)):
        if max(wl, wr) <= MUTED:
            continue
        weight = (wl + wr) / 2
        if left.char and right.char:
            _raise(result, left.char + right.char, CHARS * weight)
            _raise(result, f"{left.sound} {right.sound}", SOUNDS * weight)
        else:
            _raise(result, f"{left.sound} {right.sound}", (CHARS + SOUNDS) * weight)
        _raise(result, f"~{left.key} {right.key}", KEYS * weight)
    for start, end in words.split([u.char for u in units]):
        weight = sum(weights[start:end]) / (end - start)
        if weight > MUTED:
            word = "".join(u.char for u in units[start:end])
            _raise(result, f"={word}", WORD * weight * (end - start) ** 0.5)
    return result


def _raise(result: Terms, term: str, weight: float) -> None:
    if weight > result.get(term, 0.0):
        result[term] = weight
