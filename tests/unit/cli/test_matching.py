import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from citizen_bot.cli import main

ROOT = Path(__file__).parents[3]


def test_match_writes_one_line_of_json_for_each_question() -> None:
    questions = ["身份证到期了怎么换", "護照在哪辦", "", "那多少钱"]
    done = subprocess.run(
        [sys.executable, "-c", "from citizen_bot.cli import main; main()", "match", "--jsonl", "-"],
        input="".join(json.dumps({"q": q}) + "\n" for q in questions),
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["q"] for line in lines] == questions
    assert list(lines[0]) == ["q", "intent", "item", "facet", "decision", "score", "candidates", "ms"]
    assert (lines[0]["item"], lines[0]["decision"]) == ("id-card-renew", "answer")
    assert lines[0]["candidates"][0] == "id-card-renew"
    assert (lines[1]["intent"], lines[1]["decision"]) == ("oos", "fallback")
    assert (lines[3]["item"], lines[3]["facet"]) == (None, "fee")
    assert all(len(line["candidates"]) <= 5 and line["ms"] >= 0 for line in lines)


@pytest.mark.parametrize("wrong", ["{", '{"question": "a"}'])
def test_match_names_the_wrong_line(wrong: str) -> None:
    done = CliRunner().invoke(main, ["match", "--jsonl", "-"], input='{"q": "你好"}\n' + wrong + "\n")
    assert done.exit_code == 1
    assert "line 2" in done.stderr
    assert len(done.stdout.splitlines()) == 1


def test_evaluate_prints_every_style(tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    lines = [
        {"q": "身份证到期了怎么换", "intent": "guide", "item": "id-card-renew", "facet": "how", "style": "plain"},
        {"q": "hu zhao zenme ban", "intent": "oos", "item": None, "facet": None, "style": "pinyin"},
    ]
    file.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    table = CliRunner().invoke(main, ["evaluate", str(file)])
    assert table.exit_code == 0
    assert [line.split()[0] for line in table.stdout.splitlines()[1:5]] == ["style", "all", "plain", "pinyin"]
    measures = json.loads(CliRunner().invoke(main, ["evaluate", str(file), "--json"]).stdout)
    assert measures["all"]["accuracy_at_1"] == {"value": 1.0, "low": 0.2065, "high": 1.0, "hits": 1, "n": 1}


def test_evaluate_names_the_wrong_line(tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text('{"q": "a", "intent": "buy"}\n', encoding="utf-8")
    done = CliRunner().invoke(main, ["evaluate", str(file)])
    assert (done.exit_code, done.stdout) == (1, "")
    assert "line 1: intent must be one of" in done.stderr
