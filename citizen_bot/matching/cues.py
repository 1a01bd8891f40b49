"""Cues: short phrases that give a meaning away (要带什么 → materials), found in characters and in sounds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from citizen_bot.matching.phrases import Found, PhraseBook, longest
from citizen_bot.matching.reading import Unit

# Between two parts of a cue (能…吗) at most so many units.
GAP = 10
# A cue that only sounds right counts less; one of a single syllable does not count at all.
SOUND_ALIKE = 0.7

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Cue:
    """`kind` is facet or intent, `label` which. `parts` follow each other with at most `GAP` units between them."""

    kind: str
    label: str
    parts: tuple[tuple[Unit, ...], ...]
    weight: float


@dataclass(frozen=True, slots=True)
class Sign:
    """A cue found in a message, at `spans`, one for each of its parts. `exact`: in characters, not only in sound."""

    kind: str
    label: str
    weight: float
    spans: tuple[Span, ...]
    exact: bool

    @property
    def start(self) -> int:
        return self.spans[0][0]

    @property
    def end(self) -> int:
        return self.spans[-1][1]

    @property
    def length(self) -> int:
        return sum(end - start for start, end in self.spans)


class CueBook:
    """All cues of all kinds."""

    def __init__(self, cues: Iterable[Cue]) -> None:
        self._cues = tuple(dict.fromkeys(cues))
        self._chars: PhraseBook[tuple[int, int]] = PhraseBook()
        self._sounds: PhraseBook[tuple[int, int]] = PhraseBook()
        for number, cue in enumerate(self._cues):
            for place, part in enumerate(cue.parts):
                self._chars.add([u.char for u in part], (number, place))
                if len(part) > 1:
                    self._sounds.add([u.key for u in part], (number, place))

    def find(self, units: Sequence[Unit], names: Sequence[Span]) -> list[Sign]:
        """The cues of a message. Those within a longer cue of their kind, or within one of `names`, are dropped;
        a sound-alike counts only where nothing is written that makes sense by itself.
        """
        exact = [
            sign
            for sign in self._signs(self._chars.find([u.char for u in units]), exact=True)
            if not all(any(s <= start and end <= e for s, e in names) for start, end in sign.spans)
        ]
        exact = _undominated(exact)
        shielded = {at for start, end in names for at in range(start, end)}
        written = [_places(sign) for sign in exact]
        alike: list[Sign] = []
        heard = [f for f in self._sounds.find([u.key for u in units]) if self._believable(f, units)]
        found = self._signs(heard, exact=False)
        for sign in sorted(found, key=lambda s: (-s.length, s.start)):
            places = _places(sign)
            if not places & shielded and all(places > other for other in written if places & other):
                shielded |= places
                alike.append(sign)
        return exact + alike

    def _believable(self, found: Found[tuple[int, int]], units: Sequence[Unit]) -> bool:
        """Two syllables sound like much else (大风, 打分): one of them must be written right, or both be pinyin."""
        number, place = found.value
        part = self._cues[number].parts[place]
        heard = units[found.start : found.end]
        return len(part) > 2 or any(h.char in ("", p.char) for h, p in zip(heard, part, strict=True))

    def _signs(self, found: Sequence[Found[tuple[int, int]]], *, exact: bool) -> list[Sign]:
        places: dict[tuple[int, int], list[Found[tuple[int, int]]]] = {}
        for one in found:
            places.setdefault(one.value, []).append(one)
        signs: list[Sign] = []
        for (number, place), starts in places.items():
            if place:
                continue
            cue = self._cues[number]
            for first in starts:
                spans = [(first.start, first.end)]
                for following in range(1, len(cue.parts)):
                    end = spans[-1][1]
                    after = [f for f in places.get((number, following), ()) if end <= f.start <= end + GAP]
                    if not after:
                        break
                    spans.append((after[0].start, after[0].end))
                if len(spans) == len(cue.parts):
                    weight = cue.weight if exact else cue.weight * SOUND_ALIKE
                    signs.append(Sign(cue.kind, cue.label, weight, tuple(spans), exact))
        return signs


def _places(sign: Sign) -> set[int]:
    return {at for start, end in sign.spans for at in range(start, end)}


def _undominated(signs: Sequence[Sign]) -> list[Sign]:
    """Without those whose every part lies within a longer part of another cue of the same kind."""
    kept: list[Sign] = []
    for kind in dict.fromkeys(s.kind for s in signs):
        mine = [s for s in signs if s.kind == kind]
        parts = [Found(start, end, number) for number, sign in enumerate(mine) for start, end in sign.spans]
        alive = {f.value for f in longest(parts)}
        kept += [sign for number, sign in enumerate(mine) if number in alive]
    return kept
