"""Messages a second through the real door, beside a page of the same server that does nothing.

    python -m tests.bench.bench_turns

Starts `citizen-bot up` in a folder of its own, on this machine only.
"""

import itertools
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from tests.conftest import CLEAN_ENVIRONMENT, wait_until_ready
from webhooks.wechat.crypto import WeChatCrypto

CLIENTS = 8
SECONDS = 6.0
ROUNDS = 3
QUESTIONS = ["身份证丢了咋补", "那多少钱", "俺娘八十了 听说能领钱 要带啥", "低保怎么申请", "你好", "医保怎么交"]

Request = tuple[str, str, bytes]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            port = found.getsockname()[1]
        log = home / "log"
        process = subprocess.Popen(
            [Path(sys.executable).parent / "citizen-bot", "up"],
            env={**CLEAN_ENVIRONMENT, "CITIZEN_BOT_HOME": str(home), "PORT": str(port)},
            stdout=subprocess.DEVNULL,
            stderr=log.open("wb"),
        )
        try:
            ready = wait_until_ready(home, process, log)
            crypto = WeChatCrypto(ready["wechat_token"], ready["encoding_aes_key"], ready["app_id"])
            numbers = itertools.count(time.time_ns())
            _compare(urlsplit(ready["url"]).netloc, lambda client: _message(crypto, client, next(numbers)))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def _compare(address: str, message: Callable[[int], Request]) -> None:
    page: Request = ("GET", "/healthz", b"")
    _round(address, message, 2.0)
    turns, pages = [], []
    for _ in range(ROUNDS):
        pages.append(_round(address, lambda _: page, SECONDS / 2))
        turns.append(_round(address, message, SECONDS))
    print(f"{CLIENTS} clients, {os.cpu_count()} cores shared with them, medians of {ROUNDS} rounds")  # noqa: T201
    print(f"{'':12}{'per second':>12}{'p50 ms':>10}{'p99 ms':>10}{'errors':>8}")  # noqa: T201
    for name, rounds in (("messages", turns), ("empty page", pages)):
        rate, half, most, errors = (statistics.median(column) for column in zip(*rounds, strict=True))
        print(f"{name:12}{rate:12.0f}{half:10.1f}{most:10.1f}{errors:8.0f}")  # noqa: T201
    ratio = statistics.median(t[0] / p[0] for t, p in zip(turns, pages, strict=True))
    print(f"ratio       {ratio:12.3f}")  # noqa: T201


def _round(address: str, request: Callable[[int], Request], seconds: float) -> tuple[float, float, float, int]:
    """Requests a second, the median and 99th percentile in ms, and how many failed."""
    spent: list[float] = []
    failed: list[int] = []
    until = time.perf_counter() + seconds

    def work(client: int) -> None:
        connection = HTTPConnection(address, timeout=10)
        while time.perf_counter() < until:
            method, path, body = request(client)
            start = time.perf_counter()
            connection.request(method, path, body)
            answer = connection.getresponse()
            content = answer.read()
            spent.append((time.perf_counter() - start) * 1000)
            if answer.status != 200 or (body and b"<Content>" not in content):
                failed.append(answer.status)
        connection.close()

    start = time.perf_counter()
    threads = [threading.Thread(target=work, args=(client,)) for client in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent.sort()
    rate = len(spent) / (time.perf_counter() - start)
    return rate, spent[len(spent) // 2], spent[int(len(spent) * 0.99)], len(failed)


def _message(crypto: WeChatCrypto, client: int, number: int) -> Request:
    """A new message of one of 200 residents for each client."""
    timestamp, nonce = str(int(time.time())), str(number)
    query = {"timestamp": timestamp, "nonce": nonce, "signature": crypto.signature(timestamp, nonce)}
    openid = f"o{client:02}{number % 200:025}"
    body = (
        f"<xml><ToUserName>gh_bench</ToUserName><FromUserName>{openid}</FromUserName><CreateTime>{timestamp}"
        f"</CreateTime><MsgType>text</MsgType><Content>{QUESTIONS[number % len(QUESTIONS)]}</Content>"
        f"<MsgId>{number}</MsgId></xml>"
    ).encode()
    return "POST", f"/webhooks/wechat?{urlencode(query)}", body


if __name__ == "__main__":
    main()
