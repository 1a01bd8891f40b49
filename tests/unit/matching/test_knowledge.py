import re
import shutil
from pathlib import Path

import pytest

from citizen_bot.documents import FaultyFiles
from citizen_bot.matching import Matcher, load_knowledge
from tests.unit.matching.conftest import ROOT, catalogue


@pytest.fixture
def intents(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "intents", tmp_path / "intents"))


def append(intents: Path, name: str, text: str) -> int:
    """Adds lines to a file; the number of the first one added."""
    path = intents / name
    before = path.read_text(encoding="utf-8")
    path.write_text(before + text, encoding="utf-8")
    return before.count("\n") + 1


def faults(intents: Path) -> list[str]:
    with pytest.raises(FaultyFiles) as error:
        load_knowledge(intents)
    return [str(fault) for fault in error.value.faults]


def test_an_office_can_add_a_word_and_it_is_understood(intents: Path) -> None:
    assert Matcher.build(catalogue(), load_knowledge(intents)).match("红本本 怎么领").item is None
    append(intents, "dialect.yaml", "红本本: 结婚证\n")
    assert Matcher.build(catalogue(), load_knowledge(intents)).match("红本本 怎么领").item == "marriage-registration"


def test_every_fault_of_every_file_is_told_with_its_line(intents: Path) -> None:
    facet = append(intents, "facets.yaml", "colour:\n  strong: [什么颜色]\n")
    topic = append(intents, "out_of_scope.yaml", "space:\n  words: [火箭]\n  phone: 1\n")
    merge = append(intents, "homophones.yaml", "  - {place: middle, variant: a, standard: b}\n")
    found = faults(intents)
    assert [fault.split("：")[0] for fault in found] == [
        f"intents/homophones.yaml:{merge} merges[{found[0].split('merges[')[1].split('：')[0]}",
        f"intents/facets.yaml:{facet} colour",
        f"intents/out_of_scope.yaml:{topic} space.name",
        f"intents/out_of_scope.yaml:{topic + 2} space.phone",
    ]


def test_a_key_that_stands_twice_is_a_fault(intents: Path) -> None:
    line = append(intents, "dialect.yaml", "俺: 你\n")
    assert faults(intents) == [f"intents/dialect.yaml:{line} 俺：这一项写了两遍，请留下一个"]


def test_a_word_cannot_be_dialect_and_synonym(intents: Path) -> None:
    line = append(intents, "dialect.yaml", "新农合: 医保\n")
    assert faults(intents) == [f"intents/dialect.yaml:{line} 新农合：synonyms.yaml 里也有"]


@pytest.mark.parametrize("content", ["a: [", "- a\n- b\n", ""])
def test_a_file_that_is_no_mapping_is_a_fault(intents: Path, content: str) -> None:
    (intents / "fillers.yaml").write_text(content, encoding="utf-8")
    [fault] = faults(intents)
    assert re.match("intents/fillers.yaml:[12]：", fault)


def test_a_missing_file_is_a_fault(intents: Path) -> None:
    (intents / "facets.yaml").unlink()
    [fault] = faults(intents)
    assert fault.startswith("intents/facets.yaml:1：读不出这个文件")


def test_a_word_that_looks_like_a_number_needs_no_quotes_as_a_key(intents: Path) -> None:
    append(intents, "dialect.yaml", "4051: 就业困难\n")
    assert load_knowledge(intents).replacements["4051"] == "就业困难"
