"""question → Match. Built once for a catalogue, then pure and safe for threads."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from citizen_bot.catalog.model import Catalogue, Division, Guide, Site
from citizen_bot.matching.cues import Cue, CueBook, Sign
from citizen_bot.matching.index import MUTED, IndexData, Passage, SubjectIndex, Text
from citizen_bot.matching.knowledge import CueWords, Knowledge
from citizen_bot.matching.model import Candidate, Decision, Facet, Intent, Match
from citizen_bot.matching.phrases import PhraseBook, longest
from citizen_bot.matching.reading import BREAK, Reader, Unit
from citizen_bot.matching.words import Words

# --- The thresholds of the decision. How they were chosen: docs/adr/0006-matching.md ---
# An item is answered from this probability on, and offered from this one on.
SURE, OFFERED = 0.65, 0.1
# A known foreign subject is named from this probability on.
FOREIGN = 0.4
# With a foreign subject these are no tasks of ours (快递到哪了).
FOREIGN_TASKS = frozenset({"book", "visit", "progress"})
# A message is about one of our items from this probability on; with a facet asked for, from the lower one.
ABOUT_US, ASKED_ABOUT_US = 0.3, 0.02
# What a strong and a weak cue count, and the sum from which an intent is meant.
STRONG, WEAK = 1.0, 0.2
MEANT = 0.6
# How much more a cue at the end of a message counts, and how much the cues of a label beside its heaviest.
LATER, OTHERS = 0.8, 0.4
# What takes back or tells of a task names the task too (取消预约, 投诉上门服务).
PRIORITY = {"cancel": 1.6, "complain": 2.0, "progress": 1.2}
# The kind of items that pay a resident: with them 多少钱 asks for the amount, not for a fee.
BENEFIT = "行政给付"
# A message this long asks something, even where no cue tells what: then how.
QUESTION = 9
# An answer to a clarifying question: so much of it must be explained, and so much more than by the next item.
CHOSEN, CHOSEN_AHEAD = 0.3, 0.15

# Subjects that are no items of the catalogue: foreign topics, and our items that have no guide yet.
_TOPIC, _ABSENT = "#", "?"
_WITHOUT_ITEM = frozenset({"greet", "thanks", "human", "rate", "site"})
# A name of a catalogue up to this length becomes a word; longer ones are made of words.
_WORD_LENGTH = 4
# text, strength, is a name or an example, is a name
_Writing = tuple[str, float, bool, bool]
# A segmentation that goes wrong makes every answer worse without a sound.
_PROBE, _PROBE_WORDS = "办理身份证要带户口本", ["办理", "身份证", "要", "带", "户口本"]


@dataclass(frozen=True, slots=True)
class _Reading:
    """A message as the matcher sees it: its cues, and for each unit how much it may say about the subject."""

    text: Text
    signs: list[Sign]

    def sums(self, kind: str) -> dict[str, float]:
        """For each label of a kind the weight of its cues: the heaviest, and a part of the others.

        Later and longer cues count more: a message that asks two things means the last.
        """
        heaviest: dict[str, float] = {}
        total: dict[str, float] = {}
        length = len(self.text.units) or 1
        for sign in self.signs:
            if sign.kind == kind:
                weight = sign.weight * (1 + LATER * sign.end / length) * min(1.5, 0.5 + sign.length / 4)
                heaviest[sign.label] = max(heaviest.get(sign.label, 0.0), weight)
                total[sign.label] = total.get(sign.label, 0.0) + weight
        return {label: most + OTHERS * (total[label] - most) for label, most in heaviest.items()}


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
    _words: Words
    _index: SubjectIndex = field(init=False)

    @classmethod
    def build(cls, catalogue: Catalogue, knowledge: Knowledge, index: IndexData | None = None) -> "Matcher":
        """All memory is taken here. Seconds for hundreds of items, a tenth of that with the `index_data` of a matcher
        that was built before from what has the same `fingerprint`."""
        reader = Reader(knowledge.replacements, [(m.place, m.variant, m.standard) for m in knowledge.merges])
        places: list[Site | Division] = [*catalogue.sites.values(), *catalogue.divisions.values()]
        fillers = {reader.normal(f) for f in (*knowledge.fillers, *(place.name for place in places))}
        names = [n for g in catalogue.guides.values() for n in (g.name, *g.aliases)]
        names += [w for t in knowledge.topics.values() for w in t.words]
        absent = {i: names for i, names in knowledge.without_guide.items() if i not in catalogue.guides}
        names += [n for absent_names in absent.values() for n in absent_names]
        named = [reader.units(reader.normal(name)) for name in names]
        whole = {phrase: _intent(i) for i, words in knowledge.intents.items() for phrase in words.whole}
        matcher = cls(
            reader,
            CueBook([*_cues(reader, "facet", knowledge.facets), *_cues(reader, "intent", knowledge.intents)]),
            {_bare(reader.normal(phrase)): intent for phrase, intent in whole.items()},
            {_keys(reader.units(reader.normal(phrase))): i for phrase, i in whole.items() if len(phrase) > 1},
            PhraseBook((f, f) for f in sorted(fillers)),
            PhraseBook(([u.char for u in units], "") for units in named if len(units) > 1),
            PhraseBook(([u.key for u in units], "") for units in named if len(units) > 2),
            dict(catalogue.guides),
            Words(w for units in named if 1 < len(w := "".join(u.char for u in units)) <= _WORD_LENGTH),
        )
        if index is not None:
            matcher._index = SubjectIndex(index, matcher._words)
            return matcher
        passages: list[Passage] = []
        for guide in catalogue.guides.values():
            passages += matcher._passages(guide.id, _texts(guide))
        for topic in knowledge.topics.values():
            texts = [(w, 1.0, True, True) for w in topic.words] + [(e, 0.9, True, False) for e in topic.examples]
            passages += matcher._passages(_TOPIC + topic.key, texts)
        for item, absent_names in absent.items():
            passages += matcher._passages(_ABSENT + item, [(n, 1.0, True, True) for n in absent_names])
        matcher._index = SubjectIndex.build(passages, matcher._words)
        return matcher

    @property
    def index_data(self) -> IndexData:
        """What took the time in building, to be kept for the next start."""
        return self._index.data

    def warm(self) -> None:
        """Runs one message, so that the first resident does not wait. Raises RuntimeError if reading is broken."""
        words = [_PROBE[start:end] for start, end in self._words.split(_PROBE)]
        if words != [word for word in _PROBE_WORDS if len(word) > 1]:
            raise RuntimeError(f"words are not told apart: {_PROBE} became {words}")
        self.match(_PROBE)

    def normal(self, text: str) -> str:
        """`text` in half width, simplified and lower case, without dialect."""
        return self._reader.normal(text)

    def facet(self, text: str) -> Facet | None:
        """The facet that the message asks for, whatever it is about."""
        return self._facet(self._read(text), None)

    def match(self, text: str) -> Match:
        """Understands one message without its conversation. Never raises.

        A follow-up (那多少钱) asks for a facet and leaves nothing else but fillers: `follow_up` is then True, `item`
        None, the intent guide and the decision fallback; the dialogue goes on with its own item.
        """
        reading = self._read(text)
        whole = self._whole.get(_bare(self._reader.normal(text))) or self._whole_sounds.get(_keys(reading.text.units))
        if whole:
            return Match(whole, None, None, "answer", 1.0, ())
        ranked = self._index.rank(reading.text)
        items = tuple(Candidate(s, round(p, 4)) for s, p in ranked if s[0] not in _TOPIC + _ABSENT)[:5]
        first, sure = ranked[0] if ranked else ("", 0.0)
        topic = first.removeprefix(_TOPIC) if first.startswith(_TOPIC) and sure >= FOREIGN else None
        ours = sum(p for s, p in ranked if not s.startswith(_TOPIC))
        intent, meant = self._intent(reading, ours, topic)
        if intent in _WITHOUT_ITEM:
            facet = self._facet(reading, None) if intent == "site" else None
            return Match(intent, None, facet if facet in ("where", "time") else None, "answer", meant, items)
        if intent == "oos":
            return Match("oos", None, None, "fallback", meant, items, topic)
        best = items[0] if items and items[0].score >= SURE else None
        if intent != "guide":
            return Match(intent, best.item if best else None, None, "answer", best.score if best else meant, items)
        if reading.text.content <= 1 and reading.sums("facet"):
            return Match("guide", None, self._facet(reading, None), "fallback", meant, (), follow_up=True)
        facet = self._facet(reading, self._guides[items[0].item] if items else None)
        if first.startswith(_ABSENT) and sure >= OFFERED:
            return Match("guide", None, facet, "fallback", sure, items)
        if best:
            return Match("guide", best.item, facet, "answer", best.score, items)
        decision: Decision = "clarify" if items and items[0].score >= OFFERED else "fallback"
        return Match("guide", None, facet, decision, items[0].score if items else 0.0, items)

    def choose(self, text: str, among: Sequence[str]) -> str | None:
        """Which of the items `among` the message clearly means; None when unclear. Unknown ids are ignored."""
        units = self._reader.units(self._reader.normal(text))
        # An answer to a question is short and may consist of cues only, so all units count alike.
        covered = self._index.covered(Text(units, [1.0] * len(units)))
        found = sorted(((covered[item], item) for item in set(among) if item in covered), reverse=True)
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
        weights = [0.0 if char == BREAK else 1.0 for char in chars]
        for found in self._fillers.find(chars):
            weights[found.start : found.end] = [MUTED] * found.length
        for sign in signs:
            for start, end in sign.spans:
                if sign.label != "guide":
                    weights[start:end] = [MUTED] * (end - start)
        for start, end in names:
            weights[start:end] = [1.0] * (end - start)
        return _Reading(Text(units, weights), signs)

    def _passages(self, subject: str, writings: Iterable[_Writing]) -> Iterator[Passage]:
        for writing, strength, whole, name in writings:
            normal = self._reader.normal(writing)
            # How a word is spoken matters where residents write what they hear: names and examples.
            readings = self._reader.readings(normal) if whole else [self._reader.units(normal)]
            texts = [Text(units, [1.0] * len(units)) if name else self._mark(units).text for units in readings]
            yield Passage(subject, strength, whole, name, texts)

    # --- deciding ---

    def _intent(self, reading: _Reading, likely: float, topic: str | None) -> tuple[Intent, float]:
        sums = reading.sums("intent")
        ours = sums.pop("guide", 0.0)
        best = max(sums, key=lambda k: sums[k] * PRIORITY.get(k, 1.0), default=None)
        if best and sums[best] >= MEANT and not (topic and best in FOREIGN_TASKS):
            return _intent(best), min(1.0, sums[best])
        if topic:
            return "oos", 1 - likely
        asked = reading.sums("facet")
        if likely >= ABOUT_US or ours or (asked and (likely >= ASKED_ABOUT_US or reading.text.content <= 2)):
            return "guide", likely
        if best and not asked:
            return _intent(best), sums[best]
        return "oos", 1 - likely

    def _facet(self, reading: _Reading, guide: Guide | None) -> Facet | None:
        sums = reading.sums("facet")
        if "amount" in sums and guide and guide.kind == BENEFIT:
            sums["amount"] *= STRONG / WEAK
        best = max(sums, key=lambda k: sums[k], default=None)
        if best is None and guide and len(reading.text.units) >= QUESTION:
            return "how"
        return cast(Facet | None, best)


def _intent(label: str) -> Intent:
    return cast(Intent, label)


def _bare(normal: str) -> str:
    return "".join(c for c in normal if c.isalnum())


def _keys(units: Sequence[Unit]) -> str:
    return " ".join(u.key for u in units if u.char != BREAK)


def _cues(reader: Reader, kind: str, labels: Mapping[str, CueWords]) -> Iterator[Cue]:
    for label, words in labels.items():
        for weight, phrases in ((STRONG, words.strong), (WEAK, words.weak)):
            for phrase in dict.fromkeys(phrases):
                parts = tuple(tuple(reader.units(reader.normal(p))) for p in phrase.split("…") if p)
                if all(parts):
                    yield Cue(kind, label, parts, weight)


def _texts(guide: Guide) -> Iterator[_Writing]:
    yield guide.name, 1.0, True, True
    yield guide.label, 0.9, True, False
    for alias in guide.aliases:
        yield alias, 1.0, True, True
    for example in guide.examples:
        yield example, 0.9, True, False
    for text in (guide.summary, guide.applicants, *guide.conditions, guide.result):
        yield text, 0.4, False, False
