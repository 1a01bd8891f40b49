import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from citizen_bot.sandbox import mount
from citizen_bot.settings import Settings, SettingsError

PRODUCTION = {
    "APP_ENV": "production",
    "DATABASE_URL": "postgresql://db/citizen",
    "REDIS_URL": "redis://cache/0",
    "SECRET_KEY": "s" * 40,
    "PRIVACY_KEYS": Fernet.generate_key().decode(),
    "WECHAT_APP_ID": "wx00000000000000aa",
    "WECHAT_APP_SECRET": "real",
    "WECHAT_TOKEN": "realToken",
    "WECHAT_ENCODING_AES_KEY": "A" * 43,
    "PUBLIC_URL": "https://bianmin.example.cn",
}


def test_development_needs_no_settings() -> None:
    settings = Settings.from_environment({})
    assert settings.app_env == "development"
    assert settings.sandbox
    assert settings.database_url is None


def test_all_faults_are_told_at_once_by_name() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment(
            {"PORT": "eighty", "WECHAT_MODE": "open", "WECHAT_TOKEN": "!", "PRIVACY_KEYS": "short"}
        )
    told = sorted(fault.split(":")[0] for fault in caught.value.faults)
    assert told == ["PORT", "PRIVACY_KEYS", "WECHAT_MODE", "WECHAT_TOKEN"]


def test_production_starts_in_safe_mode_without_the_sandbox() -> None:
    settings = Settings.from_environment(PRODUCTION)
    assert settings.wechat_mode == "safe"
    assert not settings.sandbox
    assert settings.wechat_api_base == "https://api.weixin.qq.com"
    assert settings.warnings == ()


@pytest.mark.parametrize(
    "name", ["DATABASE_URL", "REDIS_URL", "SECRET_KEY", "PRIVACY_KEYS", "WECHAT_TOKEN", "WECHAT_ENCODING_AES_KEY"]
)
def test_production_refuses_what_is_good_for_development_only(name: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({k: v for k, v in PRODUCTION.items() if k != name})
    assert any(fault.startswith(f"{name}:") for fault in caught.value.faults)


def test_the_wecom_application_is_the_sandboxs_in_development_and_none_in_production() -> None:
    development = Settings.from_environment({})
    found = (development.wecom_corp_id, str(development.wecom_agent_id), development.wecom_secret)
    assert found == (mount.CORP, mount.CORP_AGENT, mount.CORP_SECRET)
    production = Settings.from_environment(PRODUCTION)
    assert (production.wecom_corp_id, production.wecom_agent_id, production.wecom_secret) == (None, None, None)


WECOM = {"WECOM_CORP_ID": "ww1", "WECOM_AGENT_ID": "1000007", "WECOM_SECRET": "corp-secret"}


@pytest.mark.parametrize("name", WECOM)
def test_the_wecom_application_is_set_as_a_whole(name: str) -> None:
    assert Settings.from_environment(PRODUCTION | WECOM).wecom_agent_id == 1000007
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({**PRODUCTION, **WECOM, name: ""})
    assert [fault.split(":")[0] for fault in caught.value.faults] == [name]


@pytest.mark.parametrize(
    ("name", "value"), [("WECOM_AGENT_ID", "the card"), ("WECOM_SECRET", mount.CORP_SECRET)], ids=["number", "known"]
)
def test_what_the_wecom_application_must_be(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment({**PRODUCTION, **WECOM, name: value})


def test_production_refuses_the_sandbox_and_warns_of_plain_mode() -> None:
    with pytest.raises(SettingsError, match="SANDBOX"):
        Settings.from_environment({**PRODUCTION, "SANDBOX": "on"})
    settings = Settings.from_environment({**PRODUCTION, "WECHAT_MODE": "plain"})
    assert any("WECHAT_MODE" in warning for warning in settings.warnings)


def test_secrets_do_not_show() -> None:
    shown = repr(Settings.from_environment(PRODUCTION | WECOM))
    assert WECOM["WECOM_SECRET"] not in shown
    for secret in ("SECRET_KEY", "PRIVACY_KEYS", "WECHAT_APP_SECRET", "WECHAT_TOKEN", "WECHAT_ENCODING_AES_KEY"):
        assert PRODUCTION[secret] not in shown


def test_an_operator_is_told_of_a_warning_at_the_start() -> None:
    environment = {**PRODUCTION, "WECHAT_MODE": "plain", "DATABASE_URL": "postgresql://127.0.0.1:1/none"}
    command = [Path(sys.executable).parent / "citizen-bot", "release"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "WECHAT_MODE: plain mode does not protect messages" in done.stderr
