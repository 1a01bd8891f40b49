"""The office's figures have to fit together."""

from pathlib import Path

import pytest

from citizen_bot.documents import FaultyFiles
from citizen_bot.rules import FILE, load_rules
from citizen_bot.settings import data_folder


def test_who_stayed_away_is_kept_for_as_long_as_the_pause_may_last(tmp_path: Path) -> None:
    text = (data_folder("guides") / FILE).read_text("utf-8")
    (tmp_path / FILE).write_text(text.replace("keep_days: 90", "keep_days: 89"), "utf-8")
    with pytest.raises(FaultyFiles, match="不能比 no_shows_within_days 加 pause_days 短"):
        load_rules(tmp_path)
    (tmp_path / FILE).write_text(text, "utf-8")
    assert load_rules(tmp_path).appointments.keep_days == 90
