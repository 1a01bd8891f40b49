from pathlib import Path

from citizen_bot.matching import Matcher, load_knowledge
from citizen_bot.matching.cache import KEPT, build_matcher, fingerprint
from tests.unit.matching.conftest import ROOT, catalogue

KNOWLEDGE = load_knowledge(ROOT / "intents")
QUESTIONS = ["身份证丢了咋补", "jiehunzheng zenme ban", "残疾人证多少钱", "天气怎么样", "补办", ""]


def test_a_kept_index_understands_the_very_same(tmp_path: Path) -> None:
    built = Matcher.build(catalogue(), KNOWLEDGE)
    first, second = (build_matcher(catalogue(), KNOWLEDGE, tmp_path / "cache") for _ in range(2))
    assert [first.match(q) for q in QUESTIONS] == [built.match(q) for q in QUESTIONS]
    assert [second.match(q) for q in QUESTIONS] == [built.match(q) for q in QUESTIONS]
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_a_damaged_index_is_built_again(tmp_path: Path) -> None:
    build_matcher(catalogue(), KNOWLEDGE, tmp_path)
    [file] = tmp_path.iterdir()
    whole = file.read_text("utf-8")
    for damaged in (whole[:1000], "[]", '{"codes": {}}'):
        file.write_text(damaged, "utf-8")
        assert build_matcher(catalogue(), KNOWLEDGE, tmp_path).match(QUESTIONS[0]).item == "id-card-reissue"
        assert file.read_text("utf-8") == whole


def test_a_folder_that_cannot_be_written_to_is_no_matter(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    assert build_matcher(catalogue(), KNOWLEDGE, tmp_path / "file" / "cache").match(QUESTIONS[0]).item


def test_only_the_newest_indexes_are_kept(tmp_path: Path) -> None:
    for number in range(4):
        (tmp_path / f"index-{number}.json").write_text("{}", "utf-8")
    build_matcher(catalogue(), KNOWLEDGE, tmp_path)
    left = {file.name for file in tmp_path.iterdir()}
    assert len(left) == KEPT
    assert f"index-{fingerprint(catalogue(), KNOWLEDGE)}.json" in left
