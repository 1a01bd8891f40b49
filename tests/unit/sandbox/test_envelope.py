"""XML as WeChat writes and reads it."""

import json
from pathlib import Path
from typing import Any

import pytest

from citizen_bot.sandbox import envelope

VECTORS = json.loads((Path(__file__).parents[2] / "data" / "wechat_vectors.json").read_text())["vectors"]
PARSED = [
    v for v in VECTORS if v["kind"] == "parse_xml" and v["expect"]["ok"] and "List" not in v["input"].get("xml", "List")
]
HOSTILE = [
    v
    for v in VECTORS
    if v["kind"] == "parse_xml" and v["expect"].get("error") == "dtd_forbidden" and "xml" in v["input"]
]


@pytest.mark.parametrize("text", ["您好", "a ]]> b ]]>", "<a href='x'>&amp;</a>", " 两\n行 ", "😀"])
def test_what_is_written_is_read(text: str) -> None:
    assert envelope.read(envelope.write({"Content": text, "CreateTime": 5}).encode()) == {
        "Content": text,
        "CreateTime": "5",
    }


def test_characters_that_xml_does_not_know_are_left_out() -> None:
    assert envelope.read(envelope.write({"Content": "a\x00b\x0b\ud800c"}).encode()) == {"Content": "abc"}


def test_nested_elements_and_items() -> None:
    document = "<xml><Articles><item><Title>一</Title></item><item><Title>二</Title></item></Articles></xml>"
    assert envelope.read(document.encode()) == {"Articles": {"item": [{"Title": "一"}, {"Title": "二"}]}}


@pytest.mark.parametrize("vector", PARSED, ids=lambda v: v["id"])
def test_every_message_of_the_vectors_can_be_written_again(vector: dict[str, Any]) -> None:
    fields = envelope.read(vector["input"]["xml"].encode())
    texts = {name: value for name, value in fields.items() if isinstance(value, str)}
    assert texts
    assert envelope.read(envelope.write(texts).encode()) == texts


@pytest.mark.parametrize("vector", HOSTILE, ids=lambda v: v["id"])
def test_document_type_definitions_are_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="XML"):
        envelope.read(vector["input"]["xml"].encode())


@pytest.mark.parametrize(
    "body",
    [b"", b"success!", b"<html></html>", b"<xml><A>1</A><A>2</A></xml>", b"<!DOCTYPE xml><xml/>", b"<xml>", b"\xff"],
)
def test_what_is_no_answer_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="回复"):
        envelope.read(body)
