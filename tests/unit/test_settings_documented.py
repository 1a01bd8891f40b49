import re
from pathlib import Path

import citizen_bot

ROOT = Path(citizen_bot.__file__).parent.parent


def test_every_setting_is_documented_and_no_other() -> None:
    source = (ROOT / "citizen_bot" / "settings.py").read_text("utf-8")
    read = set(
        re.findall(r'self\.(?:text|choice|number|url|matching|folder|base)\(\s*(?:#[^\n]*\n\s*)?"([A-Z_]+)"', source)
    )
    documented = set(re.findall(r"^\| ([A-Z_]+) \|", (ROOT / "docs" / "settings.md").read_text("utf-8"), re.MULTILINE))
    assert len(read) > 20
    assert documented == read
