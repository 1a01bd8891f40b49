"""The fake WeChat and WeCom over HTTP: strict as the real ones, with faults on request.

WeChat's addresses are /cgi-bin/…, /sns/…, /wxa/… and /connect/…, WeCom's are the same under /wecom. A developer sets
faults with POST /__fake__/faults (see faults.parse) and takes them away with DELETE.
"""

import io
import re
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import requests
from flask import Blueprint, Flask, Response, request
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from citizen_bot.platform.clock import Clock, SystemClock
from citizen_bot.sandbox import faults
from citizen_bot.sandbox.api import ENDPOINTS
from citizen_bot.sandbox.api.core import Answer, Endpoint, Refusal, Request, Upload
from citizen_bot.sandbox.api.tokens import check, kill_all
from citizen_bot.sandbox.state import Call, FakeState, Fault, Store, Token

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
JSON_TYPE = "application/json; encoding=utf-8"
ESCAPED = re.compile(rb"\\u[0-9a-fA-F]{4}")
NOBODY = Token(app="", kind="", expires=0.0)
LOGGED_TEXT = 2000
LARGEST_BODY = 24 * 2**20


def create_fake_blueprint(store: Store, clock: Clock, sleep: Callable[[float], None] = time.sleep) -> Blueprint:
    """The fake's addresses, to be mounted under any prefix."""
    blueprint = Blueprint("fake", __name__)

    @blueprint.route("/__fake__/faults", methods=["POST"])
    def add_fault() -> Response:
        given = request.get_json(silent=True)
        try:
            fault = faults.parse(given if isinstance(given, dict) else {})
        except ValueError as error:
            return _response(Answer({"error": str(error)}, status=400))
        with store.open() as state:
            state.faults.append(fault)
            return _response(Answer({"faults": state.faults}))

    @blueprint.route("/__fake__/faults", methods=["DELETE"])
    def clear_faults() -> Response:
        with store.open() as state:
            state.faults.clear()
        return _response(Answer({"faults": []}))

    @blueprint.route("/<path:path>", methods=METHODS)
    def call(path: str) -> Response:
        # Uploads are larger than what the application takes elsewhere.
        request.max_content_length = LARGEST_BODY
        name = f"/{path}"
        with store.open() as state:
            fault = faults.take(state, name)
            at = clock.now().timestamp()
            answer = _faulty(fault) or _served(state, name, fault, at)
            state.record(_call(name, answer, at))
        return _spoiled(answer, fault, sleep)

    return blueprint


def create_fake(store: Store | None = None, clock: Clock | None = None) -> Flask:
    """An application that is nothing but the fake, at the root; without arguments new and empty, on the real time."""
    app = Flask("fake_wechat", static_folder=None)
    app.register_blueprint(create_fake_blueprint(store or FakeState(), clock or SystemClock()))
    return app


class AppAdapter(HTTPAdapter):
    """Lets a requests session talk to a Flask application without sockets.

    `session.mount("http://fake", AppAdapter(app))`. Delays do not become time-outs here: those need a real socket.
    """

    def __init__(self, app: Flask) -> None:
        super().__init__()
        self.app = app

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        body = request.body.encode() if isinstance(request.body, str) else request.body
        headers = [(name, str(value)) for name, value in request.headers.items()]
        try:
            answer = self.app.test_client().open(
                request.url, method=request.method, headers=headers, data=body, buffered=True
            )
        except ConnectionAbortedError as error:
            raise requests.ConnectionError("the fake dropped the connection", request=request) from error
        raw = HTTPResponse(
            body=io.BytesIO(answer.data),
            headers=dict(answer.headers),
            status=answer.status_code,
            preload_content=False,
        )
        return self.build_response(request, raw)


def _call(path: str, answer: Answer, at: float) -> Call:
    given = request.get_json(silent=True) if request.method == "POST" and not request.files else None
    code = answer.json.get("errcode", 0) if answer.json is not None and answer.status == 200 else None
    return Call(
        method=request.method,
        path=path,
        query=dict(request.args),
        json=_short(given),
        files=[f"{name}: {file.filename}" for name, file in request.files.items()],
        at=at,
        status=answer.status,
        errcode=code,
    )


def _short(value: Any) -> Any:
    """The same without long texts: a picture in Base64 has no place in a log."""
    if isinstance(value, dict):
        return {name: _short(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_short(item) for item in value]
    return f"{value[:LOGGED_TEXT]}…" if isinstance(value, str) and len(value) > LOGGED_TEXT else value


def _served(state: FakeState, path: str, fault: Fault | None, at: float) -> Answer:
    endpoint = ENDPOINTS.get(path)
    if endpoint is None:
        return Answer({"error": f"no such address: {path}"}, status=404)
    if fault and fault["kind"] == "token_rotates":
        kill_all(state, at)
    try:
        given = endpoint.do(state, _read(state, path, endpoint, at))
    except Refusal as refusal:
        given = _refused(refusal.code, refusal.detail, state.next_number())
    answer = given if isinstance(given, Answer) else Answer(given)
    if answer.json is not None and endpoint.plain_text:
        return Answer(answer.json, headers={"Content-Type": "text/plain"})
    return answer


def _read(state: FakeState, path: str, endpoint: Endpoint, at: float) -> Request:
    """Checks method, access token and body in the order in which Tencent does."""
    if request.method != endpoint.method:
        raise Refusal(43001 if endpoint.method == "GET" else 43002)
    token = NOBODY
    if endpoint.guard != "none":
        token = check(state, request.args.get("access_token"), endpoint.guard, at)
    given: Any = {}
    uploads: dict[str, Upload] = {}
    if endpoint.method == "POST" and endpoint.takes == "json":
        given = request.get_json(force=True, silent=True)
        if not isinstance(given, dict):
            raise Refusal(47001)
        if ESCAPED.search(request.get_data()):
            state.warnings.append(f"{path}：中文写成了 \\uXXXX，居民可能看到乱码")
    elif endpoint.takes == "file":
        uploads = {name: Upload(file.filename or "", file.read()) for name, file in request.files.items()}
    return Request(
        at=at,
        root=f"{request.host_url.rstrip('/')}{request.path.removesuffix(path)}",
        query=dict(request.args),
        query_names=tuple(request.args),
        json=given,
        files=uploads,
        token=token,
    )


def _refused(code: int, detail: str, number: int) -> Answer:
    rid = f"{number:08x}-{number * 2654435761 % 2**32:08x}-{number * 40503 % 2**32:08x}"
    return Answer({"errcode": code, "errmsg": f"{detail} rid: {rid}"})


def _faulty(fault: Fault | None) -> Answer | None:
    """The answer of a fault that keeps the effect from happening."""
    if fault is None:
        return None
    detail = fault["detail"]
    if fault["kind"] in ("errcode", "quota"):
        code = detail.get("code", 45009)
        return _refused(code, Refusal(code).detail, 0)
    if fault["kind"] == "http":
        return Answer(body=detail["body"].encode(), status=detail["status"], headers={"Content-Type": "text/html"})
    return Answer(status=502) if fault["kind"] == "drop_before" else None


def _spoiled(answer: Answer, fault: Fault | None, sleep: Callable[[float], None]) -> Response:
    """The response, with what a fault does to it on its way."""
    response = _response(answer)
    detail = fault["detail"] if fault else {}
    match fault["kind"] if fault else "":
        case "delay":
            sleep(detail["seconds"])
        case "drop_before" | "drop_after":
            return Response(_broken(request.environ.get("werkzeug.socket")))
        case "truncate":
            response.set_data(response.get_data()[: detail["length"]])
        case "garbage":
            response.set_data(bytes(range(128, 256)))
        case "huge":
            return Response((b" " * 65536 for _ in range(-(-detail["length"] // 65536))), mimetype="application/json")
    return response


def _broken(connection: socket.socket | None) -> Iterator[bytes]:
    """A body that ends the connection instead of beginning.

    Granian does not hand its connection out: there the answer ends without a body.
    """
    yield from ()
    if connection is not None:
        connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError


def _response(answer: Answer) -> Response:
    response = Response(answer.content, answer.status)
    if answer.json is not None:
        response.headers["Content-Type"] = JSON_TYPE
    response.headers.update(answer.headers)
    return response
