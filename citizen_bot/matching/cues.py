"""Cues: short phrases that give a meaning away (要带什么 → materials), found in characters and in sounds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from citizen_bot.matching.phrases import Found, PhraseBook, longest
from citizen_bot.matching.reading import Unit

# Between two parts of a cue (能…吗) at most so many units.
GAP = 10
# A cue that only sounds right counts less; one of a single syllable does not count at all.
SOUND_ALIKE = 0.6


@dataclass(frozen=True, slots=True)
class Cue:
    """`parts` follow each other with at most `GAP` units between them."""

    label: str
    parts: tuple[tuple[Unit, ...], ...]
    weight: float


@dataclass(frozen=True, slots=True)
class Sign:
    """A cue found in units[start:end]; `spans` are its parts. `exact`: in characters, not only in sound."""

    label: str
    weight: float
    start: int
    end: int
    spans: tuple[tuple[int, int], ...]
    exact: bool

    @property
    def length(self) -> int:
        return sum(end - start for start, end in self.spans)


class CueBook:
    """All cues of one kind. `find` gives those that no longer one covers."""

    def __init__(self, cues: Iterable[Cue]) -> None:
        self._cues = tuple(cues)
        self._chars: PhraseBook[tuple[int, int]] = PhraseBook()
        self._sounds: PhraseBook[tuple[int, int]] = PhraseBook()
        for number, cue in enumerate(self._cues):
            for place, part in enumerate(cue.parts):
                self._chars.add([u.char for u in part], (number, place))
                if len(part) > 1:
                    self._sounds.add([u.key for u in part], (number, place))

    def find(self, units: Sequence[Unit]) -> list[Sign]:
        exact = self._signs(self._chars.find([u.char for u in units]), exact=True)
        taken = {(s.label, s.spans) for s in exact}
        alike = self._signs(self._sounds.find([u.key for u in units]), exact=False)
        signs = exact + [s for s in alike if (s.label, s.spans) not in taken]
        return [f.value for f in longest(Found(s.start, s.end, s) for s in signs)]

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
                    signs.append(Sign(cue.label, weight, spans[0][0], spans[-1][1], tuple(spans), exact))
        return signs
