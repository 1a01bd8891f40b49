"""From what a resident typed or said to what the matcher compares: characters, sounds and words."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import opencc
from pypinyin.constants import PHRASES_DICT, PINYIN_DICT
from pypinyin.seg import mmseg

from citizen_bot.matching.phrases import PhraseBook

# Longer messages are cut: a text message of WeChat holds 2,048 bytes.
LONGEST = 1024

_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_AGE = re.compile(r"([0-9]{1,3}|[一二三四五六七八九十百两零]{1,5})(?:几|多|来)?(?:周)?岁")
_RUN = re.compile(r"[a-z]+|[0-9]+(?:岁)?|[\u3400-\u9fff]|[,。!?;:、…\n]+")
# Stands between two clauses, so that nothing is read across them.
BREAK = ","
_REPEATED = re.compile(r"(\D)\1{2,}")


@dataclass(frozen=True, slots=True)
class Unit:
    """One character, or one syllable of typed pinyin, or one Latin word or number.

    `char` is empty for typed pinyin. `sound` is the toneless syllable, `key` the syllable as an untrained ear or
    an accent merges it.
    """

    char: str
    sound: str
    key: str


def _number(digits: str) -> int:
    """The value of an Arabic or Chinese number below 1,000."""
    if digits.isdigit():
        return int(digits)
    total = current = 0
    for c in digits:
        if c == "百":
            total, current = total + (current or 1) * 100, 0
        elif c == "十":
            total, current = total + (current or 1) * 10, 0
        else:
            current = _DIGITS.get(c, 0)
    return total + current


def _decade(match: re.Match[str]) -> str:
    age = _number(match[1])
    return f"{age // 10 * 10 if age >= 10 else age}岁"


@lru_cache(maxsize=4096)
def _toneless(pinyin: str) -> str:
    # As it is typed: nv and lv, but nue and lue.
    plain = unicodedata.normalize("NFD", pinyin).replace("u\u0308", "v")
    plain = unicodedata.normalize("NFD", plain)
    return "".join(c for c in plain if c.isascii() and c.isalpha())


def _syllable_of(codepoint: int) -> str:
    return _toneless(PINYIN_DICT[codepoint].split(",")[0])


@lru_cache(maxsize=32768)
def _sound(char: str) -> str:
    return _syllable_of(ord(char)) if ord(char) in PINYIN_DICT else char


def _in_words(chars: str) -> list[str]:
    """The sound of each character as it is spoken in its word. pypinyin's own function does ten times the work."""
    sounds: list[str] = []
    for word in mmseg.seg.cut(chars):
        phrase = PHRASES_DICT.get(word, ())
        if len(phrase) == len(word):
            sounds += [_toneless(readings[0]) for readings in phrase]
        else:
            sounds += [_sound(char) for char in word]
    return sounds


def _all_syllables() -> frozenset[str]:
    common = (_syllable_of(c) for c in range(0x4E00, 0x9FA6) if c in PINYIN_DICT)
    return frozenset(s for s in common if s not in {"n", "m", "ng", "hm", "hng", "r"})


class Reader:
    """Normalises and reads messages. `replacements` maps variants to standard words, `merges` sounds to sounds.

    Replacements work on whole matches, the longest first, and never inside a Latin word. A replacement by itself
    protects a word from shorter ones (怎么 from 么).
    """

    def __init__(self, replacements: Mapping[str, str], merges: Iterable[tuple[str, str, str]]) -> None:
        self._replacements: PhraseBook[str] = PhraseBook(replacements.items())
        self._merges = tuple(merges)
        self._syllables = _all_syllables()
        self._longest_syllable = max(map(len, self._syllables))
        self._simplified = opencc.OpenCC("t2s")
        self._keys = {s: self._merge(s) for s in self._syllables}

    def normal(self, text: str) -> str:
        """Half width, simplified, lower case, without dialect and repetitions; ages by decade."""
        text = unicodedata.normalize("NFKC", text[:LONGEST]).lower()
        if not text.isascii():
            text = self._simplified.convert(text.encode("utf-8", "ignore").decode())
        text = _REPEATED.sub(r"\1", text)
        return _AGE.sub(_decade, self._replace(text))

    def units(self, normal: str) -> list[Unit]:
        """The units of a normal text. Blanks, emoji and the like only separate Latin words; marks become a `BREAK`."""
        units: list[Unit] = []
        for run in _RUN.findall(normal):
            if not run[0].isalnum():
                units.append(Unit(BREAK, BREAK, BREAK))
            elif run[0].isascii():
                units.extend(self._latin(run))
            else:
                sound = _sound(run)
                units.append(Unit(run, sound, self._keys.get(sound, sound)))
        return units

    def readings(self, normal: str) -> list[list[Unit]]:
        """As `units`, once as characters sound alone and, where it differs, once as they sound in their words."""
        alone = self.units(normal)
        chars = "".join(u.char for u in alone)
        if len(chars) != len(alone):
            return [alone]
        spoken = _in_words(chars)
        inside = [Unit(u.char, sound, self._keys.get(sound, sound)) for u, sound in zip(alone, spoken, strict=True)]
        return [alone] if inside == alone else [alone, inside]

    def _replace(self, text: str) -> str:
        parts: list[str] = []
        done = 0
        for start, end, value in self._longest_first(text):
            parts += (text[done:start], value)
            done = end
        return "".join(parts) + text[done:]

    def _longest_first(self, text: str) -> Iterator[tuple[int, int, str]]:
        best: dict[int, tuple[int, str]] = {}
        for found in self._replacements.find(text):
            if not _splits_latin(text, found.start, found.end):
                best[found.start] = (found.end, found.value)
        done = 0
        for start in sorted(best):
            if start >= done:
                done, value = best[start]
                yield start, done, value

    def _latin(self, run: str) -> list[Unit]:
        syllables = self._segment(run) if run.isalpha() else None
        if syllables is None:
            return [Unit(run, run, run)]
        return [Unit("", s, self._keys[s]) for s in syllables]

    def _segment(self, run: str) -> list[str] | None:
        """The fewest syllables that spell the run, the longest first among equals; None if none do."""
        best: list[list[str] | None] = [None] * len(run) + [[]]
        for start in range(len(run) - 1, -1, -1):
            for size in range(min(self._longest_syllable, len(run) - start), 0, -1):
                tail = best[start + size]
                if tail is not None and run[start : start + size] in self._syllables:
                    mine = best[start]
                    if mine is None or len(tail) + 1 < len(mine):
                        best[start] = [run[start : start + size], *tail]
        return best[0]

    def _merge(self, syllable: str) -> str:
        for place, variant, standard in self._merges:
            if place == "initial" and syllable.startswith(variant):
                syllable = standard + syllable[len(variant) :]
            elif place == "final" and syllable.endswith(variant):
                syllable = syllable[: -len(variant)] + standard
            elif place == "whole" and syllable == variant:
                syllable = standard
        return syllable


def _splits_latin(text: str, start: int, end: int) -> bool:
    def joined(left: str, right: str) -> bool:
        return left.isascii() and right.isascii() and left.isalnum() and right.isalnum()

    return (start > 0 and joined(text[start - 1], text[start])) or (
        end < len(text) and joined(text[end - 1], text[end])
    )
