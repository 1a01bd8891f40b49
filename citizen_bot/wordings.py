"""The sentences that residents read, from intents/wordings.yaml."""

import string
from collections.abc import Mapping
from pathlib import Path

from citizen_bot.documents import Document, FaultyFiles, read

FILE = "wordings.yaml"


class Wordings:
    """Sentences by key, with places to fill: `wordings("clarify_again", count=3)`."""

    def __init__(self, sentences: Mapping[str, str]) -> None:
        self._sentences = dict(sentences)

    def __call__(self, key: str, /, **values: object) -> str:
        """The sentence of `key`. Raises KeyError for an unknown key or a place that was not given."""
        return self._sentences[key].format(**values)


def load_wordings(folder: Path, reference: Path) -> Wordings:
    """Reads `folder`'s sentences; those of `reference` (the ones that came with the program) say what must be there.

    Raises FaultyFiles with every fault: a sentence that is missing or unknown, a place to fill that does not exist.
    """
    document = read(folder / FILE, f"{folder.name}/{FILE}")
    sentences = _sentences(document)
    expected = _sentences(read(reference / FILE, FILE))
    faults = [document.fault((), f"缺少“{key}”这一句") for key in sorted(expected.keys() - sentences.keys())]
    for key, sentence in sentences.items():
        if key not in expected:
            faults.append(document.fault((key,), "没有这一句，是不是写错了名字"))
            continue
        try:
            unknown = _places(sentence) - _places(expected[key])
        except ValueError:
            faults.append(document.fault((key,), "花括号没有配对"))
            continue
        faults += [document.fault((key,), f"没有 {{{place}}} 这个可填的词") for place in sorted(unknown)]
    if faults:
        raise FaultyFiles(faults)
    return Wordings(sentences)


def _sentences(document: Document) -> dict[str, str]:
    faults = list(document.faults)
    if not faults and not isinstance(document.data, dict):
        faults = [document.fault((), "应为一句一行的“名字: 句子”")]
    elif not faults:
        faults = [document.fault((k,), "应为一句话") for k, v in document.data.items() if not isinstance(v, str)]
    if faults:
        raise FaultyFiles(faults)
    sentences: dict[str, str] = document.data
    return sentences


def _places(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}
