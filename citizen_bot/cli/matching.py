"""`match` and `evaluate`: the matcher from the command line. Neither needs a database or a running service."""

import json
import os
import time
from typing import IO, Any

import click

from citizen_bot.catalog.loader import load
from citizen_bot.catalog.model import Catalogue
from citizen_bot.matching import Match, Matcher, load_knowledge
from citizen_bot.matching.evaluation import QuestionsError, read_questions
from citizen_bot.matching.evaluation import evaluate as measure
from citizen_bot.settings import Settings

COLUMNS = {
    "n": "n",
    "at@1": "accuracy_at_1",
    "at@3": "accuracy_at_3",
    "intent": "intent_accuracy",
    "macro": "intent_macro",
    "facet": "facet_accuracy",
    "item+facet": "item_and_facet",
    "task item": "task_item_accuracy",
    "false": "false_answer_rate",
    "false near": "false_answer_rate_near",
    "answered": "answered",
    "wrong": "wrong_confident_rate",
    "wrong/answered": "wrong_of_confident",
}
COVERED = ("at@1", "at@3", "facet", "item+facet", "answered", "wrong", "wrong/answered")


@click.command()
@click.argument("question", required=False)
@click.option(
    "--jsonl",
    type=click.File("r", encoding="utf-8", errors="replace"),
    help='One {"q": …} a line; - is standard input.',
)
def match(question: str | None, jsonl: IO[str] | None) -> None:
    """Say what is understood of QUESTION, or of each line of a file."""
    if (question is None) == (jsonl is None):
        raise click.UsageError("give either a question or --jsonl FILE")
    matcher, catalogue = _matcher()
    if jsonl is None:
        _print_for_people(matcher.match(question or ""), catalogue)
        return
    wrong = 0
    for number, line in enumerate(jsonl, 1):
        if line.strip():
            try:
                click.echo(json.dumps(_answer(matcher, _question(line)), ensure_ascii=False))
            except ValueError as error:
                wrong += 1
                click.echo(f"line {number}: {error}", err=True)
    if wrong:
        raise SystemExit(1)


@click.command()
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--json", "as_json", is_flag=True, help="All measures as one JSON object.")
def evaluate(file: IO[str], as_json: bool) -> None:
    """Score the matcher on the labelled questions of FILE, all together and style by style."""
    try:
        questions = read_questions(file)
    except (QuestionsError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{file.name}: {error}") from None
    matcher, catalogue = _matcher()
    measures = measure(questions, matcher.match, catalogue.guides.keys())
    if as_json:
        click.echo(json.dumps(measures, ensure_ascii=False, indent=2))
        return
    click.echo("All lines; each share with its 95% Wilson interval")
    _print_table(measures, tuple(COLUMNS))
    click.echo(f"\nGuide lines whose item is in the catalogue ({len(catalogue.guides)} items)")
    _print_table(
        {style: {"n": m["covered"]["accuracy_at_1"]["n"]} | m["covered"] for style, m in measures.items()},
        ("n", *COVERED),
    )


def _matcher() -> tuple[Matcher, Catalogue]:
    settings = Settings.from_environment(os.environ)
    catalogue = load(settings.guides_dir)
    matcher = Matcher.build(catalogue, load_knowledge(settings.intents_dir))
    matcher.warm()
    return matcher, catalogue


def _question(line: str) -> str:
    """Raises ValueError."""
    try:
        data = json.loads(line)
    except ValueError as error:
        raise ValueError(f"is not JSON: {error}") from None
    if not isinstance(data, dict) or not isinstance(data.get("q"), str):
        raise ValueError('must be an object with a text "q"')
    question: str = data["q"]
    return question


def _answer(matcher: Matcher, question: str) -> dict[str, Any]:
    start = time.perf_counter()
    found = matcher.match(question)
    spent = (time.perf_counter() - start) * 1000
    return {
        "q": question,
        "intent": found.intent,
        "item": found.item,
        "facet": found.facet,
        "decision": found.decision,
        "score": round(found.score, 4),
        "candidates": [candidate.item for candidate in found.candidates],
        "ms": round(spent, 3),
    }


def _print_for_people(found: Match, catalogue: Catalogue) -> None:
    click.echo(f"intent    {found.intent}")
    click.echo(f"item      {_named(found.item, catalogue)}")
    click.echo(f"facet     {found.facet or '-'}")
    click.echo(f"decision  {found.decision}  ({found.score:.2f})")
    if found.topic:
        click.echo(f"topic     {found.topic}")
    for candidate in found.candidates:
        click.echo(f"          {candidate.score:.2f}  {_named(candidate.item, catalogue)}")


def _named(item: str | None, catalogue: Catalogue) -> str:
    return f"{item}  {catalogue.guides[item].name}" if item else "-"


def _print_table(measures: dict[str, dict[str, Any]], columns: tuple[str, ...]) -> None:
    rows = [["style", *columns]]
    rows += [[style, *(_cell(m[COLUMNS[c]]) for c in columns)] for style, m in measures.items()]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        if not value["n"]:
            return "-"
        return f"{value['value'] * 100:.1f} [{value['low'] * 100:.0f}-{value['high'] * 100:.0f}]"
    if isinstance(value, float):
        return f"{value * 100:.1f}"
    return "-" if value is None else str(value)
