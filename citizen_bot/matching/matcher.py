"""question → Match. Built once for a catalogue, then pure and safe for threads."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from citizen_bot.catalog.model import Catalogue, Guide
from citizen_bot.matching.cues import Cue, CueBook, Sign
from citizen_bot.matching.index import MUTED, Evidence, Passage, SubjectIndex, Terms, terms
from citizen_bot.matching.knowledge import Knowledge
from citizen_bot.matching.model import Candidate, Facet, Intent, Match
from citizen_bot.matching.phrases import PhraseBook
from citizen_bot.matching.reading import Reader, Unit

# --- Every weight and threshold of the decision. How they were chosen: docs/adr/0006-matching.md ---
COVERAGE, LIKENESS, NAMED = 0.35, 0.35, 0.30
# An item is answered from this confidence on, and only this far ahead of the next.
SURE, AHEAD = 0.5, 0.06
# Below this an item is not even offered.
LIKELY = 0.3
STRONG, WEAK = 1.0, 0.4
# A subject is spoken of from this sum of cues on.
MEANT = 0.6

_TOPIC = "#"


@dataclass(frozen=True, slots=True)
class _Reading:
    units: list[Unit]
    facets: list[Sign]
    intents: list[Sign]
    weights: list[float]

    @property
    def content(self) -> int:
        """Units that belong to no cue and are no filler."""
        return sum(weight > MUTED for weight in self.weights)


@dataclass(slots=True)
class Matcher:
    """Build with `Matcher.build`; then every method is a pure function of its arguments."""

    _reader: Reader
    _facets: CueBook
    _intents: CueBook
    _whole: dict[str, str]
    _fillers: PhraseBook[str]
    _index: SubjectIndex
    _guides: dict[str, Guide] = field(default_factory=dict)

    @classmethod
    def build(cls, catalogue: Catalogue, knowledge: Knowledge) -> "Matcher":
        """All memory is taken here. Seconds for thousands of items."""
        reader = Reader(_closed(knowledge.replacements), [(m.place, m.variant, m.standard) for m in knowledge.merges])
        fillers: PhraseBook[str] = PhraseBook((reader.normal(f), f) for f in knowledge.fillers)
        for place in (*catalogue.sites.values(), *catalogue.divisions.values()):
            fillers.add(reader.normal(place.name), place.name)
        matcher = cls(
            reader,
            _cue_book(reader, knowledge.facets),
            _cue_book(reader, knowledge.intents),
            {
                _bare(reader.normal(phrase)): intent
                for intent, words in knowledge.intents.items()
                for phrase in words.whole
            },
            fillers,
            SubjectIndex([]),
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
        whole = self._whole.get(_bare(self._reader.normal(text)))
        if whole:
            return Match(_intent(whole), None, None, "answer", 1.0, ())
        ranked, topic = self._rank(reading)
        best = ranked[0] if ranked else None
        intent, sure = self._intent(reading, best.score if best else 0.0, topic)
        facet = self._facet(reading, self._guides.get(best.item) if best else None)
        if intent in ("greet", "thanks", "human", "rate", "site"):
            where = facet if intent == "site" and facet in ("where", "time") else None
            return Match(intent, None, where, "answer", sure, tuple(ranked[:5]))
        if intent == "oos":
            return Match("oos", None, None, "fallback", sure, tuple(ranked[:5]), topic)
        item = best.item if best and best.score >= SURE and self._ahead(ranked) else None
        if intent != "guide":
            return Match(intent, item, None, "answer", best.score if item and best else sure, tuple(ranked[:5]))
        if item and best:
            return Match("guide", item, facet, "answer", best.score, tuple(ranked[:5]))
        if facet and (best is None or best.score < LIKELY) and reading.content <= 2:
            return Match("guide", None, facet, "fallback", sure, tuple(ranked[:5]), follow_up=True)
        decision = "clarify" if best and best.score >= LIKELY else "fallback"
        return Match("guide", None, facet, decision, best.score if best else 0.0, tuple(ranked[:5]))  # type: ignore[arg-type]

    def choose(self, text: str, among: Sequence[str]) -> str | None:
        """Which of the items `among` the message clearly means; None when unclear. Unknown ids are ignored."""
        reading = self._read(text)
        found = sorted(
            (
                (e.coverage, e.subject)
                for e in self._index.evidence(terms(reading.units, _flat(reading)))
                if e.subject in among
            ),
            reverse=True,
        )
        if not found or found[0][0] < 0.3:
            return None
        if len(found) > 1 and found[0][0] - found[1][0] < 0.15:
            return None
        return found[0][1]

    # --- reading ---

    def _read(self, text: str) -> _Reading:
        units = self._reader.units(self._reader.normal(text))
        return self._mark(units)

    def _mark(self, units: list[Unit]) -> _Reading:
        facets = self._facets.find(units)
        intents = self._intents.find(units)
        weights = [1.0] * len(units)
        for found in self._fillers.find([u.char for u in units]):
            weights[found.start : found.end] = [MUTED] * found.length
        for sign in (*facets, *intents):
            for start, end in sign.spans:
                weights[start:end] = [MUTED] * (end - start)
        return _Reading(units, facets, intents, weights)

    def _passages(
        self, subject: str, texts: Iterable[tuple[str, float, bool, bool]]
    ) -> list[tuple[Passage, list[Terms]]]:
        result = []
        for text, strength, whole, name in texts:
            readings = []
            for units in self._reader.readings(self._reader.normal(text)):
                weights = [1.0] * len(units) if name else self._mark(units).weights
                readings.append(terms(units, weights))
            result.append((Passage(subject, strength, whole, name), readings))
        return result

    # --- ranking ---

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
        sums: dict[str, float] = {}
        for sign in reading.intents:
            sums[sign.label] = sums.get(sign.label, 0.0) + sign.weight
        best = max(sums, key=lambda k: sums[k], default=None)
        if best and sums[best] >= MEANT:
            return _intent(best), min(1.0, sums[best])
        if topic:
            return "oos", 0.8
        if item >= LIKELY or (reading.facets and reading.content <= 2):
            return "guide", item
        if best and sums[best] >= 0.4 and not reading.facets:
            return _intent(best), sums[best]
        return "oos", 1 - item

    def _facet(self, reading: _Reading, guide: Guide | None) -> Facet | None:
        sums: dict[str, float] = {}
        length = len(reading.units) or 1
        for sign in reading.facets:
            sums[sign.label] = sums.get(sign.label, 0.0) + sign.weight * (1 + 0.5 * sign.end / length) * min(
                1.5, 0.5 + sign.length / 4
            )
        if not sums:
            return None
        best: Facet = max(sums, key=lambda k: sums[k])  # type: ignore[assignment]
        if best == "fee" and guide and guide.kind == "行政给付" and "amount" not in sums:
            return "amount"
        return best


def _score(e: Evidence) -> float:
    return COVERAGE * e.coverage + LIKENESS * e.likeness + NAMED * e.named


def _flat(reading: _Reading) -> list[float]:
    """All units count alike: an answer to a question is short and may consist of cues only."""
    return [1.0] * len(reading.units)


def _intent(label: str) -> Intent:
    return label  # type: ignore[return-value]


def _bare(normal: str) -> str:
    return "".join(c for c in normal if c.isalnum())


def _closed(replacements: object) -> dict[str, str]:
    return dict(replacements)  # type: ignore[call-overload, no-any-return]


def _cue_book(reader: Reader, labels: object) -> CueBook:
    cues = []
    for label, words in labels.items():  # type: ignore[attr-defined]
        for weight, phrases in ((STRONG, words.strong), (WEAK, words.weak)):
            for phrase in dict.fromkeys(phrases):
                parts = tuple(tuple(reader.units(reader.normal(p))) for p in phrase.split("…") if p)
                if all(parts):
                    cues.append(Cue(label, parts, weight))
    return CueBook(cues)


def _texts(guide: Guide) -> Iterable[tuple[str, float, bool, bool]]:
    """(text, strength, whole, name) of all that a guide says of its item."""
    yield guide.name, 1.0, True, True
    yield guide.label, 0.9, True, False
    for alias in guide.aliases:
        yield alias, 1.0, True, True
    for example in guide.examples:
        yield example, 0.9, True, False
    for text in (guide.summary, guide.applicants, *guide.conditions, guide.result):
        yield text, 0.4, False, False
