"""Puts the sandbox into the application."""

from pathlib import Path

from flask import Flask, redirect, url_for

from citizen_bot.notifications.templates import load_templates
from citizen_bot.platform.clock import Clock
from citizen_bot.sandbox.pusher import Account
from citizen_bot.sandbox.residents import RESIDENTS
from citizen_bot.sandbox.server import create_fake_blueprint
from citizen_bot.sandbox.simulator import create_simulator_blueprint
from citizen_bot.sandbox.state import FakeState, SqliteStore
from citizen_bot.settings import Settings

ORIGINAL_ID = "gh_sandbox00001"
CALLBACK = "/webhooks/wechat"
CORP, CORP_AGENT, CORP_SECRET = "ww0123456789abcdef", "1000002", "development-only-corp-secret"


def register(app: Flask, settings: Settings, clock: Clock) -> None:
    """Adds /fake (the APIs) and /simulator to `app`; all that they remember is in the home's folder sandbox.

    Raises ValueError when the settings have the sandbox off: it has no place beside real residents.
    """
    if not settings.sandbox:
        raise ValueError("the sandbox is off")

    templates = {name: list(template.fields) for name, template in load_templates(Path(__file__).parent).all().items()}

    def prepare(state: FakeState) -> None:
        state.apps[settings.wechat_app_id] = settings.wechat_app_secret
        state.corps.setdefault(CORP, {})[CORP_AGENT] = CORP_SECRET
        if settings.wecom_robot_key:
            state.robots.setdefault(settings.wecom_robot_key, [])
        state.templates.update(templates)
        for resident in RESIDENTS:
            state.meet(resident.openid, settings.wechat_app_id, resident.name)

    store = SqliteStore(settings.home / "sandbox" / "state.sqlite3", prepare)
    account = Account(ORIGINAL_ID, settings.wechat_app_id, settings.wechat_token, settings.wechat_encoding_aes_key)
    callback = f"http://127.0.0.1:{settings.port}{CALLBACK}"
    app.register_blueprint(create_fake_blueprint(store, clock), url_prefix="/fake")
    app.add_url_rule("/fake", "sandbox", lambda: redirect(url_for("simulator.outbox")), strict_slashes=False)
    app.register_blueprint(
        create_simulator_blueprint(store, clock, account, callback, settings.wechat_mode), url_prefix="/simulator"
    )
