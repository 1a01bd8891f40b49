import re
import shutil
from pathlib import Path

import pytest
import yaml

import citizen_bot
from citizen_bot.documents import FaultyFiles
from citizen_bot.settings import data_folder
from citizen_bot.wordings import load_wordings

SHIPPED = data_folder("intents")


def test_an_office_may_reword_but_not_lose_a_sentence_or_invent_a_place(tmp_path: Path) -> None:
    text = (SHIPPED / "wordings.yaml").read_text("utf-8")
    text = text.replace("greet: ", "greeting: ").replace("{number}", "{telephone}")
    shutil.copytree(SHIPPED, tmp_path, dirs_exist_ok=True)
    (tmp_path / "wordings.yaml").write_text(text, "utf-8")
    with pytest.raises(FaultyFiles) as caught:
        load_wordings(tmp_path, SHIPPED)
    told = str(caught.value)
    assert "缺少“greet”这一句" in told
    assert "greeting：没有这一句" in told
    assert "emergency：没有 {telephone}" in told


def test_every_sentence_that_the_code_says_exists() -> None:
    package = Path(citizen_bot.__file__).parent
    said = {
        key
        for file in [*package.rglob("*.py"), *package.rglob("*.html")]
        for key in re.findall(r'(?:self\._say|wordings|\bsay)\(\s*"([a-z_0-9]+)"', file.read_text("utf-8"))
    }
    assert len(said) > 30
    files = SHIPPED.glob("wordings*.yaml")
    assert said <= {key for file in files for key in yaml.safe_load(file.read_text("utf-8"))}


def test_no_sentence_is_written_twice() -> None:
    keys = [key for file in SHIPPED.glob("wordings*.yaml") for key in yaml.safe_load(file.read_text("utf-8"))]
    assert len(keys) == len(set(keys))
