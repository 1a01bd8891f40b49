"""Development only: a simulator page, and fakes of WeChat's and WeCom's HTTP APIs. Never registered in production."""

from citizen_bot.sandbox.mount import register
from citizen_bot.sandbox.server import AppAdapter, create_fake, create_fake_blueprint

__all__ = ["AppAdapter", "create_fake", "create_fake_blueprint", "register"]
