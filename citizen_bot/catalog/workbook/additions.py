"""Materials that the office adds: from the cells of a row to what stands in a guide."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from citizen_bot.catalog.model import Condition, Material
from citizen_bot.catalog.workbook import entries, layout
from citizen_bot.catalog.workbook.marks import Addition
from citizen_bot.documents import Fault, FaultyFiles

# situation=answer,answer; situation=answer
CONDITION = re.compile(r"([^=,;\s]+)\s*=\s*([^=;]+)")


def material_of(addition: Addition) -> dict[str, Any]:
    """The material as a guide has it. Raises FaultyFiles with every cell that is wrong."""
    faults: list[Fault] = []
    material: dict[str, Any] = {}
    for key, column, kind in (
        ("name", layout.MATERIAL, entries.TEXT),
        ("form", layout.FORM, entries.FORM),
        ("copies", layout.COPIES, entries.NUMBER),
        ("source", layout.SOURCE, entries.SOURCE),
        ("shared", layout.SHARED, entries.FLAG),
    ):
        text = addition.cells[column]
        try:
            if not text:
                raise ValueError("不能空着")
            material[key] = kind.parsed(text)
        except ValueError as error:
            faults.append(addition.at.beside(column).fault(str(error)))
    when, condition = addition.cells[layout.WHEN], addition.cells[layout.NEEDED_IF]
    if bool(when) != bool(condition):
        at = addition.at.beside(layout.NEEDED_IF if when else layout.WHEN)
        faults.append(at.fault("“谁需要”和“情形”要一起写；人人都要的，两格都空着"))
    if when:
        material["when"] = when
    if condition:
        try:
            material["needed_if"] = _needed_if(condition)
        except ValueError as error:
            faults.append(addition.at.beside(layout.NEEDED_IF).fault(str(error)))
    if note := addition.cells[layout.NOTE]:
        material["note"] = note
    if faults:
        raise FaultyFiles(faults)
    return material


def _needed_if(text: str) -> dict[str, str | list[str]]:
    needed: dict[str, str | list[str]] = {}
    plain = unicodedata.normalize("NFKC", text).replace("\n", ";").replace("、", ",")
    for part in filter(None, map(str.strip, plain.split(";"))):
        match = CONDITION.fullmatch(part)
        if match is None or match[1] in needed:
            raise ValueError(f"应为“情形=答案”，如 reason=lost，现在是“{text}”")
        answers = [answer.strip() for answer in match[2].split(",")]
        needed[match[1]] = answers[0] if len(answers) == 1 else answers
    return needed


def same(material: Mapping[str, Any], known: Material) -> bool:
    """Whether `known` says the very same as `material`."""
    conditions = tuple(
        Condition(situation, (answers,) if isinstance(answers, str) else tuple(answers))
        for situation, answers in material.get("needed_if", {}).items()
    )
    keys = ("name", "form", "copies", "source", "shared", "when", "note")
    return known.needed_if == conditions and all(getattr(known, key) == material.get(key) for key in keys)
