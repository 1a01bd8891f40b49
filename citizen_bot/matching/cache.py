"""The matcher's index, kept in a file between two starts: building it takes seconds, reading it a tenth of one."""

import contextlib
import hashlib
import json
import os
import tempfile
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path

from citizen_bot.catalog.model import Catalogue
from citizen_bot.matching.index import IndexData
from citizen_bot.matching.knowledge import Knowledge
from citizen_bot.matching.matcher import Matcher

# The present catalogue, and the one before it for a step back.
KEPT = 2
LIBRARIES = ("jieba", "pypinyin", "opencc")


def build_matcher(catalogue: Catalogue, knowledge: Knowledge, folder: Path | None) -> Matcher:
    """`Matcher.build`, with the index of an earlier build where `folder` has it.

    The folder is made where it is missing. It may vanish or be damaged: then the index is built, and kept if possible.
    """
    if folder is None:
        return Matcher.build(catalogue, knowledge)
    file = folder / f"index-{fingerprint(catalogue, knowledge)}.json"
    with contextlib.suppress(OSError, ValueError, TypeError):
        return Matcher.build(catalogue, knowledge, IndexData(**json.loads(file.read_text("utf-8"))))
    matcher = Matcher.build(catalogue, knowledge)
    with contextlib.suppress(OSError):
        data = matcher.index_data
        _keep(file, json.dumps({field.name: getattr(data, field.name) for field in fields(data)}, ensure_ascii=False))
    return matcher


def fingerprint(catalogue: Catalogue, knowledge: Knowledge) -> str:
    """Differs whenever an index would: by the catalogue, the knowledge, this package's code or its libraries."""
    digest = hashlib.sha256(catalogue.hash.encode())
    digest.update(repr(knowledge).encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    digest.update(" ".join(version(library) for library in LIBRARIES).encode())
    return digest.hexdigest()[:32]


def _keep(file: Path, content: str) -> None:
    """Written aside and renamed, because several processes may do it at once."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(dir=file.parent)
    with open(handle, "w", encoding="utf-8") as stream:
        stream.write(content)
    os.replace(aside, file)
    indexes = sorted(file.parent.glob("index-*.json"), key=lambda kept: kept.stat().st_mtime)
    for old in indexes[:-KEPT]:
        old.unlink(missing_ok=True)
