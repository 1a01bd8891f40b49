"""jieba with the catalogue's own words. The general dictionary is read once a process and never changed."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

import jieba

# How common a word of the catalogue is taken to be: enough to stay whole beside words of the language.
OWN = 2000


@lru_cache(maxsize=1)
def _general() -> tuple[dict[str, int], int]:
    """jieba's dictionary and its total, without jieba's cache file in the shared temporary folder. About 75 MB."""
    tokenizer = jieba.Tokenizer()
    frequencies, total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    return frequencies, total


class _Layered(dict[str, int]):
    """Own words before the general ones, as far as jieba's segmentation asks."""

    def __init__(self, own: dict[str, int], general: dict[str, int]) -> None:
        super().__init__(own)
        self._general = general

    def __contains__(self, word: object) -> bool:
        return dict.__contains__(self, word) or word in self._general

    def __missing__(self, word: str) -> int:
        return self._general[word]

    def get(self, word: str, default: int | None = None) -> int | None:  # type: ignore[override]
        return dict.get(self, word, self._general.get(word, default))


class Words:
    """Splits texts into words; `own` are words that the general dictionary may not know (慢特病)."""

    def __init__(self, own: Iterable[str]) -> None:
        general, total = _general()
        words: dict[str, int] = {}
        for word in own:
            words[word] = max(OWN, general.get(word, 0))
            for end in range(1, len(word)):
                words.setdefault(word[:end], general.get(word[:end], 0))
        self._tokenizer = jieba.Tokenizer()
        self._tokenizer.FREQ = _Layered(words, general)
        self._tokenizer.total = total
        self._tokenizer.initialized = True

    def split(self, chars: Sequence[str]) -> list[tuple[int, int]]:
        """(start, end) of every word of two and more characters. Entries of other lengths than one end a word."""
        text = "".join(c if len(c) == 1 else " " for c in chars)
        spans: list[tuple[int, int]] = []
        start = 0
        for word in self._tokenizer.cut(text, HMM=False):
            if len(word) > 1:
                spans.append((start, start + len(word)))
            start += len(word)
        return spans
