"""The sentences that residents read, from intents/wordings.yaml."""

import string
from collections.abc import Mapping
from pathlib import Path

import yaml

FILE = "wordings.yaml"


class WordingsError(Exception):
    """The file of sentences is not usable. `faults` has a Chinese sentence for each thing wrong in it."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


class Wordings:
    """Sentences by key, with places to fill: `wordings("clarify_again", count=3)`."""

    def __init__(self, sentences: Mapping[str, str]) -> None:
        self._sentences = dict(sentences)

    def __call__(self, key: str, /, **values: object) -> str:
        """The sentence of `key`. Raises KeyError for an unknown key or a place that was not given."""
        return self._sentences[key].format(**values)


def load_wordings(folder: Path, reference: Path) -> Wordings:
    """Reads `folder`'s sentences; those of `reference` (the ones that came with the program) say what must be there.

    Raises WordingsError with every fault: a sentence that is missing or unknown, a place to fill that does not exist.
    """
    sentences = _read(folder / FILE)
    expected = _read(reference / FILE)
    faults = [f"{FILE} {key}：缺少这一句" for key in expected.keys() - sentences.keys()]
    faults += [f"{FILE} {key}：没有这一句，是不是写错了名字" for key in sentences.keys() - expected.keys()]
    for key in expected.keys() & sentences.keys():
        try:
            unknown = _places(sentences[key]) - _places(expected[key])
        except ValueError:
            faults.append(f"{FILE} {key}：花括号没有配对")
            continue
        faults += [f"{FILE} {key}：没有 {{{place}}} 这个可填的词" for place in unknown]
    if faults:
        raise WordingsError(sorted(faults))
    return Wordings(sentences)


def _read(path: Path) -> dict[str, str]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise WordingsError([f"{path.name}：读不了（{error}）"]) from error
    if not isinstance(content, dict):
        raise WordingsError([f"{path.name}：应当是一句一行的“名字: 句子”"])
    faults = [f"{path.name} {k}：应当是一句话" for k, v in content.items() if not isinstance(v, str)]
    if faults:
        raise WordingsError(faults)
    return content


def _places(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}
