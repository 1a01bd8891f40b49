"""What balancers and dashboards ask: /healthz (alive), /readyz (may residents be sent here), /metrics."""

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillRunning

import structlog
from flask import Blueprint, Response, jsonify
from prometheus_client.registry import Collector

from citizen_bot.platform.telemetry import metrics

CHECK_TIMEOUT_S = 1.0

Check = Callable[[], str | None]

log = structlog.get_logger(__name__)


def create_health_blueprint(
    checks: Mapping[str, Check],
    warnings: Mapping[str, Check] | None = None,
    collectors: Iterable[Collector] = (),
) -> Blueprint:
    """All three pages are public and tell no more than names and the sentences given here.

    A check says None when all is well, else in a few words that anybody may read what is wrong; one that raises or
    takes longer than a second counts as failed, and why goes to the log only. `warnings` are the same but leave the
    service ready. `collectors` add to /metrics what is read when it is asked for.
    """
    blueprint = Blueprint("health", __name__)
    guarded = {name: _Guarded(name, check) for name, check in checks.items()}
    warned = {name: _Guarded(name, check) for name, check in (warnings or {}).items()}
    collected = tuple(collectors)

    @blueprint.get("/healthz")
    def alive() -> Response:
        return jsonify(status="alive")

    @blueprint.get("/readyz")
    def ready() -> tuple[Response, int]:
        missing = _run(guarded)
        told = {"warnings": found} if (found := _run(warned)) else {}
        if missing:
            return jsonify(status="not ready", missing=missing, **told), 503
        return jsonify(status="ready", **told), 200

    @blueprint.get("/metrics")
    def scrape() -> Response:
        return Response(metrics.exposition(collected), content_type=metrics.CONTENT_TYPE)

    return blueprint


def _run(checks: Mapping[str, "_Guarded"]) -> dict[str, str]:
    futures = {name: check.start() for name, check in checks.items()}
    return {name: said for name, future in futures.items() if (said := checks[name].answer(future))}


class _Guarded:
    """A check that never hangs its caller. At most one run of it is under way, however often it is asked for."""

    def __init__(self, name: str, check: Check) -> None:
        self._name = name
        self._check = check
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"check-{name}")
        self._lock = threading.Lock()
        self._running: Future[str | None] | None = None

    def start(self) -> Future[str | None]:
        with self._lock:
            if self._running is None or self._running.done():
                self._running = self._pool.submit(self._check)
            return self._running

    def answer(self, future: Future[str | None]) -> str | None:
        try:
            return future.result(CHECK_TIMEOUT_S)
        except StillRunning:
            log.warning("check takes too long", check=self._name)
            return "does not answer"
        except Exception as error:
            log.warning("check failed", check=self._name, error=type(error).__name__)
            return "does not work"
