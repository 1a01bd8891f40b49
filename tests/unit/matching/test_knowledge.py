import shutil
from pathlib import Path

import pytest

from citizen_bot.matching import KnowledgeError, Matcher, load_knowledge
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
    with pytest.raises(KnowledgeError) as error:
        load_knowledge(intents)
    return error.value.faults


def test_an_office_can_add_a_word_and_it_is_understood(intents: Path) -> None:
    assert Matcher.build(catalogue(), load_knowledge(intents)).match("红本本 怎么领").item is None
    append(intents, "dialect.yaml", "红本本: 结婚证\n")
    assert Matcher.build(catalogue(), load_knowledge(intents)).match("红本本 怎么领").item == "marriage-registration"


def test_every_fault_of_every_file_is_told_with_its_line(intents: Path) -> None:
    facet = append(intents, "facets.yaml", "colour:\n  strong: [什么颜色]\n")
    topic = append(intents, "out_of_scope.yaml", "space:\n  words: [火箭]\n  phone: 1\n")
    merge = append(intents, "homophones.yaml", "  - {place: middle, variant: a, standard: b}\n")
    found = faults(intents)
    assert f"{intents / 'facets.yaml'}:{facet}: colour is not one of" in found[1]
    assert found[0] == f"{intents / 'homophones.yaml'}:{merge}: merges.{found[0].split('merges.')[1]}"
    assert "place" in found[0]
    assert any(f"out_of_scope.yaml:{topic}: space.name" in fault for fault in found)
    assert any(f"out_of_scope.yaml:{topic + 2}: space.phone" in fault for fault in found)
    assert len(found) == 4


def test_a_key_that_stands_twice_is_a_fault(intents: Path) -> None:
    line = append(intents, "dialect.yaml", "俺: 你\n")
    assert faults(intents) == [f"{intents / 'dialect.yaml'}:{line}: 俺 stands twice"]


def test_a_word_cannot_be_dialect_and_synonym(intents: Path) -> None:
    line = append(intents, "dialect.yaml", "新农合: 医保\n")
    assert faults(intents) == [f"{intents / 'dialect.yaml'}:{line}: 新农合 stands in synonyms.yaml too"]


@pytest.mark.parametrize(
    ("content", "message"),
    [("a: [", ":1: is not YAML"), ("- a\n- b\n", ":1: must be a mapping"), ("", ":1: must be a mapping")],
)
def test_a_file_that_is_no_mapping_is_a_fault(intents: Path, content: str, message: str) -> None:
    (intents / "fillers.yaml").write_text(content, encoding="utf-8")
    [fault] = faults(intents)
    assert f"fillers.yaml{message}" in fault


def test_a_missing_file_is_a_fault(intents: Path) -> None:
    (intents / "facets.yaml").unlink()
    [fault] = faults(intents)
    assert "facets.yaml:1: cannot be read" in fault


def test_a_word_without_quotes_that_yaml_reads_as_a_number_is_a_fault(intents: Path) -> None:
    line = append(intents, "dialect.yaml", "4050: 就业困难\n")
    assert faults(intents) == [f"{intents / 'dialect.yaml'}:{line}: 4050 must be text: put it in quotation marks"]
