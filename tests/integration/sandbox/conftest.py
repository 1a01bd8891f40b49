import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.serving import make_server

from citizen_bot.dialogue.model import Incoming
from citizen_bot.dialogue.turns import Outcome
from citizen_bot.platform.clock import SystemClock
from citizen_bot.sandbox import register
from citizen_bot.settings import Settings
from webhooks.wechat.routes import WeChatDoor, create_wechat_blueprint


class Memory:
    """Stands where the turns stand: answers each key once, from what came in."""

    def __init__(self) -> None:
        self.seen: dict[str, Outcome] = {}
        self.incoming: list[Incoming] = []

    def receive(self, incoming: Incoming) -> Outcome:
        self.incoming.append(incoming)
        if incoming.key not in self.seen:
            said = incoming.text or incoming.place or incoming.event_key or incoming.event or incoming.kind
            text = None if incoming.event == "unsubscribe" else f"第{len(self.seen) + 1}个：{said}"
            self.seen[incoming.key] = Outcome(text, incoming.received_at - timedelta(seconds=len(self.seen)))
        return self.seen[incoming.key]


@dataclass(frozen=True)
class Running:
    url: str
    settings: Settings
    memory: Memory


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """The sandbox and the WeChat door on a real socket of this machine."""
    app = Flask("minimal", static_folder=None)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    settings = Settings.from_environment({"CITIZEN_BOT_HOME": str(tmp_path), "PORT": str(server.server_port)})
    memory = Memory()
    app.config["MAX_CONTENT_LENGTH"] = settings.wechat_max_body
    app.register_blueprint(
        create_wechat_blueprint(receive=memory.receive, config=WeChatDoor.of(settings), clock=SystemClock())
    )
    register(app, settings, SystemClock())
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield Running(f"http://127.0.0.1:{server.server_port}", settings, memory)
    server.shutdown()
    thread.join(5)
    server.server_close()
