from pathlib import Path

import pytest

from citizen_bot import sandbox
from citizen_bot.channels.wechat import fit_field
from citizen_bot.documents import FaultyFiles
from citizen_bot.notifications.templates import KEYS, load_templates
from citizen_bot.settings import data_folder


def _write(folder: Path, text: str) -> Path:
    (folder / "templates.yaml").write_text(text, "utf-8")
    return folder


def test_the_shipped_file_has_no_template_of_anybodys_account() -> None:
    assert load_templates(data_folder("intents")).all() == {}


def test_the_sandbox_has_one_for_every_message() -> None:
    templates = load_templates(Path(sandbox.__file__).parent)
    for key in KEYS:
        (template,) = templates.of(key)
        for name in template.fields:
            assert fit_field(name, "2026年11月24日 09:30" if name.startswith("time") else "低保")


def test_what_was_asked_for_is_tried_first_and_long_term_consents_last(tmp_path: Path) -> None:
    templates = load_templates(
        _write(
            tmp_path,
            """
            notice_told:
              - {id: t, kind: template, fields: {thing1: item}}
              - {id: s, kind: subscription, long_term: true, fields: {thing1: item, time2: time}}
            """,
        )
    )
    first, second = templates.of("notice_told")
    assert (first.id, second.id) == ("s", "t")
    assert first.fill({"item": "低保", "other": "x"}) == {"thing1": "低保", "time2": ""}
    assert (first.long_term, second.long_term) == (True, False)
    assert templates.of("answer_ready") == templates.of(None) == ()


def test_a_folder_without_the_file_has_no_templates(tmp_path: Path) -> None:
    assert load_templates(tmp_path).all() == {}


def test_every_fault_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    _write(
        tmp_path,
        """\
appointment_remind: []
notice_told:
  - id: x
    kind: tempalte
    long_term: maybe
    fields: {foo: item, thing1: 3}
  - {kind: template, fields: []}
answer_ready: 3
""",
    )
    with pytest.raises(FaultyFiles) as caught:
        load_templates(tmp_path)
    told = str(caught.value)
    for expected in (
        "templates.yaml:1 appointment_remind：没有这样的项，是不是“appointment_reminder”？",
        "templates.yaml:4 notice_told[1].kind：应为 subscription（订阅通知）或 template（模板消息），现在是“tempalte”",
        "templates.yaml:5 notice_told[1].long_term：应为 true 或 false，现在是“maybe”",
        "templates.yaml:6 notice_told[1].fields.foo：应为字段名",
        "templates.yaml:6 notice_told[1].fields.thing1：应为内容的名字",
        "templates.yaml:7 notice_told[2].id：缺少这一项",
        "templates.yaml:7 notice_told[2].fields：应为“字段: 内容”这样的几项",
        "templates.yaml:8 answer_ready：应为列表",
    ):
        assert expected in told
