"""The arrows of CONTRIBUTING.md, read from the imports themselves."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import citizen_bot

ROOT = Path(citizen_bot.__file__).parent.parent
DOORS = ("webhooks", "citizen_bot.pages", "citizen_bot.cli", "citizen_bot.sandbox", "citizen_bot.app")
SERVICES = (
    "citizen_bot.people",
    "citizen_bot.handovers",
    "citizen_bot.notices",
    "citizen_bot.appointments",
    "citizen_bot.visits",
    "citizen_bot.notifications",
)
PURE = ("citizen_bot.catalog", "citizen_bot.matching", "citizen_bot.platform.calendar")


def _imports() -> Iterator[tuple[str, str]]:
    for file in [*ROOT.glob("citizen_bot/**/*.py"), *ROOT.glob("webhooks/**/*.py")]:
        module = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                yield module, node.module
            elif isinstance(node, ast.Import):
                yield from ((module, alias.name) for alias in node.names)


IMPORTS = list(_imports())


def _within(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def _found(importers: tuple[str, ...], imported: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(m, i) for m, i in IMPORTS if _within(m, importers) and _within(i, imported) and not _within(i, importers)]


@pytest.mark.parametrize(
    ("importers", "imported"),
    [
        (PURE, ("flask", "redis", "citizen_bot.dialogue", *SERVICES, *DOORS)),
        (("citizen_bot.catalog", "citizen_bot.matching"), ("citizen_bot.platform",)),
        (SERVICES, ("flask", "citizen_bot.dialogue", *DOORS)),
        (("citizen_bot.dialogue",), ("flask", "citizen_bot.channels", *DOORS)),
        (("citizen_bot.channels",), ("citizen_bot.dialogue", *SERVICES, *DOORS)),
        (("citizen_bot", "webhooks"), ("wechatpy", "pytest", "tests")),
    ],
    ids=["pure", "catalogue-and-matching", "services", "dialogue", "channels", "no-test-parts"],
)
def test_arrows_point_down_only(importers: tuple[str, ...], imported: tuple[str, ...]) -> None:
    assert _found(importers, imported) == []


def test_only_the_app_and_the_sandbox_know_the_doors_inward() -> None:
    inward = ("webhooks",)
    importers = {module for module, imported in IMPORTS if _within(imported, inward) and not _within(module, inward)}
    assert all(_within(module, ("citizen_bot.app", "citizen_bot.sandbox")) for module in importers)
    assert "citizen_bot.app" in importers
