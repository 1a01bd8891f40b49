"""Every setting, read once from the environment, typed and checked. Documented in docs/settings.md."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from cryptography.fernet import Fernet

# Known to everybody who reads this file: good for development only, refused in production.
DEVELOPMENT_SECRET_KEY = "development-only-secret-key"  # noqa: S105
DEVELOPMENT_PRIVACY_KEY = "ZGV2ZWxvcG1lbnQtb25seS1wcml2YWN5LWtleS0wMDE="
DEVELOPMENT_WECHAT_TOKEN = "citizenBotDevelopment"  # noqa: S105
DEVELOPMENT_AES_KEY = "developmentOnlyEncodingAesKey0123456789abcd"
DEVELOPMENT_APP_ID = "wx0123456789abcdef"
DEVELOPMENT_APP_SECRET = "0123456789abcdef0123456789abcdef"  # noqa: S105
DEVELOPMENT_WECOM = ("ww0123456789abcdef", 1000002, "development-only-corp-secret")

PACKAGE = Path(__file__).resolve().parent


class SettingsError(Exception):
    """One or more settings are wrong. `faults` has a sentence for each, starting with the setting's name."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Settings:
    """See docs/settings.md for what each one means. `database_url` and `redis_url` are None for embedded engines."""

    app_env: Literal["development", "production"]
    home: Path
    database_url: str | None
    redis_url: str | None
    secret_key: str = field(repr=False)
    privacy_keys: tuple[str, ...] = field(repr=False)
    wechat_mode: Literal["plain", "compatible", "safe"]
    wechat_app_id: str
    wechat_app_secret: str = field(repr=False)
    wechat_token: str = field(repr=False)
    wechat_encoding_aes_key: str = field(repr=False)
    wechat_api_base: str
    wechat_max_skew: int
    wechat_max_body: int
    wecom_api_base: str
    wecom_robot_key: str | None = field(repr=False)
    wecom_corp_id: str | None
    wecom_agent_id: int | None
    wecom_secret: str | None = field(repr=False)
    public_url: str
    port: int
    web_workers: int
    web_threads: int
    worker_concurrency: int
    guides_dir: Path
    intents_dir: Path
    log_level: str
    sandbox: bool
    warnings: tuple[str, ...] = ()

    @property
    def production(self) -> bool:
        return self.app_env == "production"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Reads all settings.

        Raises SettingsError with every fault found, not only the first.
        """
        return _Reader(environment).settings()


def data_folder(name: str) -> Path:
    """The folder `guides` or `intents`: inside an installed wheel, or beside the package in a checkout."""
    inside = PACKAGE / name
    return inside if inside.is_dir() else PACKAGE.parent / name


class _Reader:
    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self.faults: list[str] = []
        self.warnings: list[str] = []

    def text(self, name: str, default: str = "") -> str:
        return self.environment.get(name, "").strip() or default

    def fault(self, name: str, message: str) -> None:
        self.faults.append(f"{name}: {message}")

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        value = self.text(name, default)
        if value not in allowed:
            self.fault(name, f"is {value!r}, must be one of {', '.join(allowed)}")
            return default
        return value

    def number(self, name: str, default: int, low: int, high: int) -> int:
        value = self.text(name, str(default))
        if not re.fullmatch(r"[0-9]{1,9}", value) or not low <= int(value) <= high:
            self.fault(name, f"is {value!r}, must be a whole number from {low} to {high}")
            return default
        return int(value)

    def url(self, name: str, default: str | None, schemes: tuple[str, ...]) -> str | None:
        value = self.text(name) or default
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in schemes or not (parts.netloc or parts.path):
            self.fault(name, f"must be an address that starts with {' or '.join(s + '://' for s in schemes)}")
        return value.rstrip("/")

    def matching(self, name: str, default: str, pattern: str, expected: str) -> str:
        value = self.text(name, default)
        if not re.fullmatch(pattern, value):
            self.fault(name, f"must be {expected}")
        return value

    def privacy_keys(self) -> tuple[str, ...]:
        keys = tuple(k.strip() for k in self.text("PRIVACY_KEYS", DEVELOPMENT_PRIVACY_KEY).split(",") if k.strip())
        for position, key in enumerate(keys, 1):
            try:
                Fernet(key)
            except (ValueError, binascii.Error):
                self.fault("PRIVACY_KEYS", f"key {position} must be 32 bytes in URL-safe base64")
        return keys

    def wecom_application(self, production: bool) -> tuple[str, int, str] | tuple[None, None, None]:
        corp_id, agent_id, secret = self.text("WECOM_CORP_ID"), self.text("WECOM_AGENT_ID"), self.text("WECOM_SECRET")
        if not corp_id and not agent_id and not secret:
            return (None, None, None) if production else DEVELOPMENT_WECOM
        together = "WECOM_CORP_ID, WECOM_AGENT_ID and WECOM_SECRET are set together or not at all"
        if not corp_id:
            self.fault("WECOM_CORP_ID", together)
        if not secret:
            self.fault("WECOM_SECRET", together)
        if not re.fullmatch(r"[0-9]{1,9}", agent_id):
            self.fault("WECOM_AGENT_ID", "must be the application's number" if agent_id else together)
            agent_id = "0"
        return corp_id, int(agent_id), secret

    def folder(self, name: str, default: Path) -> Path:
        path = Path(self.text(name, str(default))).resolve()
        if not path.is_dir():
            self.fault(name, f"the folder {path} does not exist")
        return path

    def settings(self) -> Settings:
        production = self.choice("APP_ENV", "development", ("development", "production")) == "production"
        aes_key = self.matching(
            "WECHAT_ENCODING_AES_KEY", DEVELOPMENT_AES_KEY, r"[A-Za-z0-9]{43}", "43 letters and digits"
        )
        try:
            base64.b64decode(aes_key + "=")
        except binascii.Error:
            self.fault("WECHAT_ENCODING_AES_KEY", "must be 43 letters and digits")
        port = self.number("PORT", 8000, 1, 65535)
        loopback = f"http://127.0.0.1:{port}"
        corp_id, agent_id, corp_secret = self.wecom_application(production)
        settings = Settings(
            app_env="production" if production else "development",
            home=Path(self.text("CITIZEN_BOT_HOME", "var")).resolve(),
            database_url=self.url("DATABASE_URL", None, ("postgresql", "postgres")),
            redis_url=self.url("REDIS_URL", None, ("redis", "rediss", "unix")),
            secret_key=self.text("SECRET_KEY", DEVELOPMENT_SECRET_KEY),
            privacy_keys=self.privacy_keys(),
            wechat_mode=self.choice(  # type: ignore[arg-type]
                "WECHAT_MODE", "safe" if production else "plain", ("plain", "compatible", "safe")
            ),
            wechat_app_id=self.matching("WECHAT_APP_ID", DEVELOPMENT_APP_ID, r"wx[0-9a-f]{16}", "wx and 16 hex digits"),
            wechat_app_secret=self.text("WECHAT_APP_SECRET", DEVELOPMENT_APP_SECRET),
            wechat_token=self.matching(
                "WECHAT_TOKEN", DEVELOPMENT_WECHAT_TOKEN, r"[A-Za-z0-9_]{3,32}", "3 to 32 letters and digits"
            ),
            wechat_encoding_aes_key=aes_key,
            wechat_api_base=self.base("WECHAT_API_BASE", production, "https://api.weixin.qq.com", f"{loopback}/fake"),
            wechat_max_skew=self.number("WECHAT_MAX_SKEW", 300, 0, 86400),
            wechat_max_body=self.number("WECHAT_MAX_BODY", 131072, 1024, 16 * 2**20),
            wecom_api_base=self.base(
                "WECOM_API_BASE", production, "https://qyapi.weixin.qq.com", f"{loopback}/fake/wecom"
            ),
            wecom_robot_key=self.text("WECOM_ROBOT_KEY") or (None if production else "development-robot"),
            wecom_corp_id=corp_id,
            wecom_agent_id=agent_id,
            wecom_secret=corp_secret,
            public_url=self.url("PUBLIC_URL", loopback, ("https",) if production else ("http", "https")) or loopback,
            port=port,
            web_workers=self.number("WEB_WORKERS", 2, 1, 64),
            web_threads=self.number("WEB_THREADS", 4, 1, 64),
            worker_concurrency=self.number("WORKER_CONCURRENCY", 4, 1, 64),
            guides_dir=self.folder("GUIDES_DIR", data_folder("guides")),
            intents_dir=self.folder("INTENTS_DIR", data_folder("intents")),
            log_level=self.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")),
            sandbox=self.choice("SANDBOX", "off" if production else "on", ("on", "off")) == "on",
        )
        if production:
            self.check_production(settings)
        if self.faults:
            raise SettingsError(self.faults)
        return _with_warnings(settings, tuple(self.warnings))

    def base(self, name: str, production: bool, real: str, fake: str) -> str:
        schemes = ("https",) if production else ("http", "https")
        return self.url(name, real if production else fake, schemes) or real

    def check_production(self, settings: Settings) -> None:
        """What is good enough for a desk is refused in front of residents."""
        rules: list[tuple[str, Callable[[], bool], str]] = [
            ("DATABASE_URL", lambda: settings.database_url is None, "production needs its own PostgreSQL"),
            ("REDIS_URL", lambda: settings.redis_url is None, "production needs its own Redis or Valkey"),
            ("SECRET_KEY", lambda: settings.secret_key == DEVELOPMENT_SECRET_KEY, "the default is known to everybody"),
            ("SECRET_KEY", lambda: len(settings.secret_key) < 32, "must have at least 32 characters in production"),
            (
                "PRIVACY_KEYS",
                lambda: DEVELOPMENT_PRIVACY_KEY in settings.privacy_keys,
                "the default is known to everybody",
            ),
            (
                "WECHAT_TOKEN",
                lambda: settings.wechat_token == DEVELOPMENT_WECHAT_TOKEN,
                "the default is known to everybody",
            ),
            ("WECHAT_APP_ID", lambda: settings.wechat_app_id == DEVELOPMENT_APP_ID, "is the development account's"),
            (
                "WECHAT_APP_SECRET",
                lambda: settings.wechat_app_secret == DEVELOPMENT_APP_SECRET,
                "the default is known to everybody",
            ),
            (
                "WECHAT_ENCODING_AES_KEY",
                lambda: settings.wechat_mode != "plain" and settings.wechat_encoding_aes_key == DEVELOPMENT_AES_KEY,
                "the default is known to everybody",
            ),
            (
                "WECOM_SECRET",
                lambda: settings.wecom_secret == DEVELOPMENT_WECOM[2],
                "the default is known to everybody",
            ),
            ("PUBLIC_URL", lambda: "127.0.0.1" in settings.public_url, "must be the address that residents open"),
            ("SANDBOX", lambda: settings.sandbox, "the sandbox is for development only"),
        ]
        for name, wrong, message in rules:
            if wrong():
                self.fault(name, message)
        if settings.wechat_mode == "plain":
            self.warnings.append("WECHAT_MODE: plain mode does not protect messages; use safe")


def _with_warnings(settings: Settings, warnings: tuple[str, ...]) -> Settings:
    from dataclasses import replace

    return replace(settings, warnings=warnings)
