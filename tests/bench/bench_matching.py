"""How fast the matcher is, beside a plain rapidfuzz scan of names and aliases over the same questions.

python -m tests.bench.bench_matching [QUESTIONS.jsonl]
"""

import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rapidfuzz import fuzz, process

from citizen_bot.catalog.loader import load
from citizen_bot.matching import Matcher, load_knowledge
from citizen_bot.matching.evaluation import read_questions
from citizen_bot.settings import Settings

QUESTIONS = Path(__file__).parents[1] / "data" / "questions.jsonl"
ROUNDS = 3


def milliseconds(call: Callable[[str], object], texts: Sequence[str]) -> list[float]:
    """The best of some rounds for each text, in ascending order: what it takes, without its neighbours' noise."""
    best = [float("inf")] * len(texts)
    for _ in range(ROUNDS):
        for number, text in enumerate(texts):
            start = time.perf_counter()
            call(text)
            best[number] = min(best[number], (time.perf_counter() - start) * 1000)
    return sorted(best)


def main() -> None:
    settings = Settings.from_environment(os.environ)
    catalogue = load(settings.guides_dir)
    knowledge = load_knowledge(settings.intents_dir)
    with (Path(sys.argv[1]) if len(sys.argv) > 1 else QUESTIONS).open(encoding="utf-8") as lines:
        texts = [question.q for question in read_questions(lines)]

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    matcher = Matcher.build(catalogue, knowledge)
    matcher.warm()
    built = time.perf_counter() - start
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024

    names = [name for guide in catalogue.guides.values() for name in (guide.name, *guide.aliases)]
    ours = milliseconds(matcher.match, texts)
    plain = milliseconds(lambda text: process.extract(text, names, scorer=fuzz.WRatio, limit=5), texts)
    rows = (("matcher", ours), ("rapidfuzz WRatio scan", plain))
    write = sys.stdout.write
    write(f"{len(catalogue.guides)} items, {len(names)} names and aliases, {len(texts)} questions\n")
    write(f"build {built:.2f} s, memory {memory:.0f} MB (jieba's dictionary included)\n")
    write(f"{'':24}{'p50 ms':>8}{'p99 ms':>8}\n")
    for name, times in rows:
        write(f"{name:24}{times[len(times) // 2]:8.3f}{times[int(len(times) * 0.99)]:8.3f}\n")
    write(f"{'ratio':24}{ours[len(ours) // 2] / plain[len(plain) // 2]:8.2f}\n")


if __name__ == "__main__":
    main()
