"""Fits the weights of citizen_bot.matching.index.WEIGHTS and sweeps the threshold SURE, by cross-validation.

    python -m tests.bench.fit_matching [QUESTIONS.jsonl]

A message's subjects compete with "none of them" in a softmax over a handful of features (logistic choice), fitted by
gradient descent: deterministic, no library, about two minutes. Each question about an item counts twice: as it is, and,
with less weight, with its item taken away, when "none of them" is right. That teaches the weights what it looks like
when nothing fits. Lines with equal letters fall in the same fold.
"""

import json
import math
import os
import sys
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from citizen_bot.catalog.loader import load
from citizen_bot.matching import Matcher, load_knowledge
from citizen_bot.matching.evaluation import Question, read_questions
from citizen_bot.settings import Settings

QUESTIONS = Path(__file__).parents[1] / "data" / "questions.jsonl"
FOLDS, ROUNDS, RATE, RIDGE, MISSING = 5, 120, 0.1, 1e-3, 0.25
START = [0.0, 1.0, 3.0, 0.5, 3.0, 2.0, 1.0, 5.0, 1.0]


@dataclass(frozen=True, slots=True)
class Choice:
    """`rows` are the subjects' features, the last row "none"; `right` the numbers of the right rows."""

    question: Question
    subjects: Sequence[str]
    rows: Sequence[Sequence[float]]
    right: frozenset[int]
    weight: float
    fold: int


def choices(matcher: Matcher, questions: Sequence[Question], known: frozenset[str]) -> list[Choice]:
    result: list[Choice] = []
    for question in questions:
        if question.item is None and question.intent != "oos":
            continue
        text = matcher._read(question.q).text
        evidence = matcher._index.evidence(text)
        fold = zlib.crc32("".join(sorted(question.q)).encode()) % FOLDS
        full = [(e.subject, [*e.features, 0.0, 0.0]) for e in evidence]
        none = [0.0] * len(evidence[0].features) if evidence else [0.0] * (len(START) - 2)
        none += [1.0, math.log1p(text.content)]
        for without in (False, True):
            kept = [(s, row) for s, row in full if not (without and question.hit(s.lstrip("?")))]
            right = {
                n
                for n, (s, _) in enumerate(kept)
                if question.hit(s.lstrip("?")) or (question.intent == "oos" and s.startswith("#"))
            }
            if without and question.item is None:
                continue
            weight = MISSING if without else 1.0
            rows = [row for _, row in kept] + [none]
            subjects = [s for s, _ in kept]
            result.append(Choice(question, subjects, rows, frozenset(right or {len(kept)}), weight, fold))
    return result


def chances(weights: Sequence[float], choice: Choice) -> list[float]:
    odds = [sum(w * x for w, x in zip(weights, row, strict=True)) for row in choice.rows]
    top = max(odds)
    parts = [math.exp(o - top) for o in odds]
    return [p / sum(parts) for p in parts]


def fit(data: Sequence[Choice]) -> list[float]:
    """Adam on the mean log loss with a small ridge; the same result in every run."""
    weights = list(START)
    first, second = [0.0] * len(weights), [0.0] * len(weights)
    for turn in range(1, ROUNDS + 1):
        slope = [RIDGE * w for w in weights]
        for choice in data:
            chance = chances(weights, choice)
            right = sum(chance[n] for n in choice.right) or 1e-12
            for n, row in enumerate(choice.rows):
                pull = chance[n] - (chance[n] / right if n in choice.right else 0.0)
                if abs(pull) > 1e-6:
                    pull *= choice.weight / len(data)
                    for j, x in enumerate(row):
                        slope[j] += pull * x
        for j, s in enumerate(slope):
            first[j] = 0.9 * first[j] + 0.1 * s
            second[j] = 0.99 * second[j] + 0.01 * s * s
            step = (first[j] / (1 - 0.9**turn)) / (math.sqrt(second[j] / (1 - 0.99**turn)) + 1e-8)
            weights[j] -= RATE * step
    return weights


def sweep(data: Sequence[Choice]) -> list[dict[str, float]]:
    """Out-of-fold figures at every threshold. `missing`: answered although the item had been taken away."""
    scored = []
    for fold in range(FOLDS):
        weights = fit([c for c in data if c.fold != fold])
        scored += [(c, chances(weights, c)) for c in data if c.fold == fold]
    lines = []
    for sure in (0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9):
        counts = dict.fromkeys(("guide", "answered", "wrong", "oos", "false", "missing", "missing_answered"), 0)
        for choice, chance in scored:
            best = max(range(len(chance)), key=lambda n: chance[n])
            item = choice.subjects[best] if best < len(choice.subjects) else "#"
            answered = chance[best] >= sure and item[0] not in "#?"
            kind = "missing" if choice.weight < 1 else "oos" if choice.question.intent == "oos" else "guide"
            counts[kind] += 1
            if answered:
                counts[{"missing": "missing_answered", "oos": "false", "guide": "answered"}[kind]] += 1
                counts["wrong"] += kind == "guide" and best not in choice.right
        lines.append(
            {
                "sure": sure,
                "answered": counts["answered"] / counts["guide"],
                "wrong": counts["wrong"] / counts["guide"],
                "false": counts["false"] / counts["oos"],
                "missing_answered": counts["missing_answered"] / counts["missing"],
            }
        )
    return lines


def main() -> None:
    settings = Settings.from_environment(os.environ)
    catalogue = load(settings.guides_dir)
    matcher = Matcher.build(catalogue, load_knowledge(settings.intents_dir))
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else QUESTIONS
    with path.open(encoding="utf-8") as lines:
        data = choices(matcher, read_questions(lines), frozenset(catalogue.guides))
    for line in sweep(data):
        sys.stdout.write(json.dumps({key: round(value, 4) for key, value in line.items()}) + "\n")
    weights = [round(w, 2) for w in fit(data)]
    sys.stdout.write(f"WEIGHTS = Weights({tuple(weights[:-2])}, {weights[-2]}, {weights[-1]})\n")


if __name__ == "__main__":
    main()
