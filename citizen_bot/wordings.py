"""The sentences that residents and staff read, from intents/wordings.yaml and intents/wordings_*.yaml."""

import string
from collections.abc import Mapping
from pathlib import Path

from citizen_bot.documents import Document, Fault, FaultyFiles, read

FILES = "wordings*.yaml"


class Wordings:
    """Sentences by key, with places to fill: `wordings("clarify_again", count=3)`."""

    def __init__(self, sentences: Mapping[str, str]) -> None:
        self._sentences = dict(sentences)

    def __call__(self, key: str, /, **values: object) -> str:
        """The sentence of `key`. Raises KeyError for an unknown key or a place that was not given."""
        return self._sentences[key].format(**values)


def load_wordings(folder: Path, reference: Path) -> Wordings:
    """Reads `folder`'s sentences; those of `reference` (the ones that came with the program) say what must be there.

    Raises FaultyFiles with every fault: a sentence that is missing, unknown or in another file than there, a place to
    fill that does not exist.
    """
    sentences: dict[str, str] = {}
    faults: list[Fault] = []
    for expected_file in sorted(reference.glob(FILES)):
        file = folder / expected_file.name
        document = read(file, f"{folder.name}/{file.name}")
        found, expected = _sentences(document), _sentences(read(expected_file, expected_file.name))
        faults += _faults(document, found, expected)
        sentences |= found
    if faults:
        raise FaultyFiles(faults)
    return Wordings(sentences)


def _faults(document: Document, sentences: Mapping[str, str], expected: Mapping[str, str]) -> list[Fault]:
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
    return faults


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
