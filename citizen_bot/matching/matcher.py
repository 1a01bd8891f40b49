"""question → Match. Built once for a catalogue, then pure and safe for threads."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from citizen_bot.catalog.model import Catalogue, Guide
from citizen_bot.matching.cues import Cue, CueBook, Sign
from citizen_bot.matching.index import MUTED, Evidence, Passage, SubjectIndex, Terms, terms
from citizen_bot.matching.knowledge import CueWords, Knowledge
from citizen_bot.matching.model import Candidate, Decision, Facet, Intent, Match
from citizen_bot.matching.phrases import PhraseBook, longest
from citizen_bot.matching.reading import Reader, Unit

# --- Every weight and threshold of the decision. How they were chosen: docs/adr/0006-matching.md ---
COVERAGE, LIKENESS, NAMED = 0.35, 0.35, 0.30
# An item is answered from this confidence on, and only this far ahead of the next.
SURE, AHEAD = 0.5, 0.06
# Below this an item is not even offered.
LIKELY = 0.3
# What a strong and a weak cue count, and the sum from which an intent is meant.
STRONG, WEAK = 1.0, 0.4
MEANT = 0.6
# An answer to a clarifying question: so much of it must be explained, and so much more than by the next item.
CHOSEN, CHOSEN_AHEAD = 0.3, 0.15

_TOPIC = "#"
_WITHOUT_ITEM = frozenset({"greet", "thanks", "human", "rate", "site"})
# text, strength, is a name or an example, is a name
_Text = tuple[str, float, bool, bool]


@dataclass(frozen=True, slots=True)
class _Reading:
    """A message as the matcher sees it: its cues, and for each unit how much it may say about the subject."""

    units: list[Unit]
    signs: list[Sign]
    weights: list[float]

    @property
    def content(self) -> int:
        """Units that belong to no cue and are no filler."""
        return sum(weight > MUTED for weight in self.weights)

    def sums(self, kind: str) -> dict[str, float]:
        """For each label of a kind the weight of its cues, later and longer ones counting more."""
        result: dict[str, float] = {}
        length = len(self.units) or 1
        for sign in self.signs:
            if sign.kind == kind:
                weight = sign.weight * (1 + 0.5 * sign.end / length) * min(1.5, 0.5 + sign.length / 4)
                result[sign.label] = result.get(sign.label, 0.0) + weight
        return result


@dataclass(slots=True)
class Matcher:
    """Build with `Matcher.build`; then every method is a pure function of its arguments."""

    _reader: Reader
    _cues: CueBook
    _whole: Mapping[str, Intent]
    _whole_sounds: Mapping[str, Intent]
    _fillers: PhraseBook[str]
    _names: PhraseBook[str]
    _name_sounds: PhraseBook[str]
    _guides: Mapping[str, Guide]
    _index: SubjectIndex = field(default_factory=lambda: SubjectIndex([]))

    @classmethod
    def build(cls, catalogue: Catalogue, knowledge: Knowledge) -> "Matcher":
        """All memory is taken here. Seconds for thousands of items."""
        reader = Reader(knowledge.replacements, [(m.place, m.variant, m.standard) for m in knowledge.merges])
        places = (*catalogue.sites.values(), *catalogue.divisions.values())
        fillers = dict.fromkeys(reader.normal(f) for f in (*knowledge.fillers, *(p.name for p in places)))
        names = [n for g in catalogue.guides.values() for n in (g.name, *g.aliases)]
        names += [w for t in knowledge.topics.values() for w in t.words]
        named = [reader.units(reader.normal(name)) for name in names]
        whole = {phrase: _intent(i) for i, words in knowledge.intents.items() for phrase in words.whole}
        matcher = cls(
            reader,
            CueBook([*_cues(reader, "facet", knowledge.facets), *_cues(reader, "intent", knowledge.intents)]),
            {_bare(reader.normal(phrase)): intent for phrase, intent in whole.items()},
            {_keys(reader.units(reader.normal(phrase))): i for phrase, i in whole.items() if len(phrase) > 1},
            PhraseBook((f, f) for f in fillers),
            PhraseBook(([u.char for u in units], "") for units in named if len(units) > 1),
            PhraseBook(([u.key for u in units], "") for units in named if len(units) > 2),
            dict(catalogue.guides),
        )
        passages: list[tuple[Passage, list[Terms]]] = []
        for guide in catalogue.guides.values():
            passages += matcher._passages(guide.id, _texts(guide))
        for topic in knowledge.topics.values():
            texts = [(w, 1.0, True, True) for w in topic.words] + [(e, 0.9, True, False) for e in topic.examples]
            passages += matcher._passages(_TOPIC + topic.key, texts)
        matcher._index = SubjectIndex(passages)
        return matcher

    def warm(self) -> None:
        """Runs one message, so that the first resident does not wait. Raises RuntimeError if reading is broken."""
        if [u.sound for u in self._reader.units(self._reader.normal("辦證"))] != ["ban", "zheng"]:
            raise RuntimeError("the matcher cannot read Chinese")
        self.match("你好")

    def facet(self, text: str) -> Facet | None:
        """The facet that the message asks for, whatever it is about."""
        return self._facet(self._read(text), None)

    def match(self, text: str) -> Match:
        """Understands one message without its conversation. Never raises.

        A follow-up (那多少钱) has a facet but no content of its own that points to an item: `follow_up` is then
        True, `item` None, the intent guide and the decision fallback; the dialogue goes on with its own item.
        """
        reading = self._read(text)
        whole = self._whole.get(_bare(self._reader.normal(text))) or self._whole_sounds.get(_keys(reading.units))
        if whole:
            return Match(whole, None, None, "answer", 1.0, ())
        ranked, topic = self._rank(reading)
        best = ranked[0] if ranked else None
        intent, sure = self._intent(reading, best.score if best else 0.0, topic)
        candidates = tuple(ranked[:5])
        if intent in _WITHOUT_ITEM:
            facet = self._facet(reading, None) if intent == "site" else None
            return Match(intent, None, facet if facet in ("where", "time") else None, "answer", sure, candidates)
        if intent == "oos":
            return Match("oos", None, None, "fallback", sure, candidates, topic)
        item = best.item if best and best.score >= SURE and self._ahead(ranked) else None
        if intent != "guide":
            return Match(intent, item, None, "answer", best.score if item and best else sure, candidates)
        facet = self._facet(reading, self._guides.get(best.item) if best else None)
        if item and best:
            return Match("guide", item, facet, "answer", best.score, candidates)
        if facet and (best is None or best.score < LIKELY) and reading.content <= 2:
            return Match("guide", None, self._facet(reading, None), "fallback", sure, (), follow_up=True)
        decision: Decision = "clarify" if best and best.score >= LIKELY else "fallback"
        return Match("guide", None, facet, decision, best.score if best else 0.0, candidates)

    def choose(self, text: str, among: Sequence[str]) -> str | None:
        """Which of the items `among` the message clearly means; None when unclear. Unknown ids are ignored."""
        units = self._reader.units(self._reader.normal(text))
        # An answer to a question is short and may consist of cues only, so all units count alike.
        evidence = self._index.evidence(terms(units, [1.0] * len(units)))
        found = sorted(((e.coverage, e.subject) for e in evidence if e.subject in among), reverse=True)
        if not found or found[0][0] < CHOSEN:
            return None
        if len(found) > 1 and found[0][0] - found[1][0] < CHOSEN_AHEAD:
            return None
        return found[0][1]

    # --- reading ---

    def _read(self, text: str) -> _Reading:
        return self._mark(self._reader.units(self._reader.normal(text)))

    def _mark(self, units: list[Unit]) -> _Reading:
        chars = [u.char for u in units]
        names = [(f.start, f.end) for f in longest(self._names.find(chars))]
        names += [(f.start, f.end) for f in longest(self._name_sounds.find([u.key for u in units]))]
        signs = self._cues.find(units, names)
        weights = [1.0] * len(units)
        for found in self._fillers.find(chars):
            weights[found.start : found.end] = [MUTED] * found.length
        for sign in signs:
            for start, end in sign.spans:
                if sign.kind == "facet" or sign.label != "guide":
                    weights[start:end] = [MUTED] * (end - start)
        for start, end in names:
            weights[start:end] = [1.0] * (end - start)
        return _Reading(units, signs, weights)

    def _passages(self, subject: str, texts: Iterable[_Text]) -> list[tuple[Passage, list[Terms]]]:
        result = []
        for text, strength, whole, name in texts:
            readings = []
            for units in self._reader.readings(self._reader.normal(text)):
                weights = [1.0] * len(units) if name else self._mark(units).weights
                readings.append(terms(units, weights))
            result.append((Passage(subject, strength, whole, name), readings))
        return result

    # --- deciding ---

    def _rank(self, reading: _Reading) -> tuple[list[Candidate], str | None]:
        evidence = self._index.evidence(terms(reading.units, reading.weights))
        scored = sorted(((_score(e), e.subject) for e in evidence), key=lambda s: (-s[0], s[1]))
        topic = scored[0][1].removeprefix(_TOPIC) if scored and scored[0][1].startswith(_TOPIC) else None
        if topic and scored[0][0] < LIKELY:
            topic = None
        items = [Candidate(s, round(score, 4)) for score, s in scored if not s.startswith(_TOPIC)]
        return items[:5], topic

    def _ahead(self, ranked: Sequence[Candidate]) -> bool:
        return len(ranked) < 2 or ranked[0].score - ranked[1].score >= AHEAD

    def _intent(self, reading: _Reading, item: float, topic: str | None) -> tuple[Intent, float]:
        sums = reading.sums("intent")
        ours = sums.pop("guide", 0.0)
        best = max(sums, key=lambda k: sums[k], default=None)
        facets = reading.sums("facet")
        if best and sums[best] >= MEANT:
            return _intent(best), min(1.0, sums[best])
        if topic:
            return "oos", 0.8
        if item >= LIKELY or ours or (facets and (item >= 0.12 or reading.content <= 2)):
            return "guide", item
        if best and not facets:
            return _intent(best), sums[best]
        return "oos", 1 - item

    def _facet(self, reading: _Reading, guide: Guide | None) -> Facet | None:
        sums = reading.sums("facet")
        best = max(sums, key=lambda k: sums[k], default=None)
        if best == "fee" and guide and guide.kind == "行政给付" and "amount" not in sums:
            return "amount"
        return cast(Facet | None, best)


def _score(e: Evidence) -> float:
    return COVERAGE * e.coverage + LIKENESS * e.likeness + NAMED * e.named


def _intent(label: str) -> Intent:
    return cast(Intent, label)


def _bare(normal: str) -> str:
    return "".join(c for c in normal if c.isalnum())


def _keys(units: Sequence[Unit]) -> str:
    return " ".join(u.key for u in units)


def _cues(reader: Reader, kind: str, labels: Mapping[str, CueWords]) -> Iterator[Cue]:
    for label, words in labels.items():
        for weight, phrases in ((STRONG, words.strong), (WEAK, words.weak)):
            for phrase in dict.fromkeys(phrases):
                parts = tuple(tuple(reader.units(reader.normal(p))) for p in phrase.split("…") if p)
                if all(parts):
                    yield Cue(kind, label, parts, weight)


def _texts(guide: Guide) -> Iterator[_Text]:
    yield guide.name, 1.0, True, True
    yield guide.label, 0.9, True, False
    for alias in guide.aliases:
        yield alias, 1.0, True, True
    for example in guide.examples:
        yield example, 0.9, True, False
    for text in (guide.summary, guide.applicants, *guide.conditions, guide.result):
        yield text, 0.4, False, False
