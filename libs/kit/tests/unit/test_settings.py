"""Unsafe or wrong settings stop the start with one line that names the variable."""

import pytest
from pydantic import Field

from patchbay_kit.db.engine import create_engine
from patchbay_kit.errors import ConfigurationError
from patchbay_kit.settings import (
    BaseServiceSettings,
    Environment,
    MailSecretKey,
    load_settings,
)

KEY = "kept-by-nobody-but-this-installation"
SAFE = {
    "DATABASE_URL": "postgresql+asyncpg://desk:9f2c@db/desk",
    "BUS_URL": "amqp://desk:77aa@broker/patchbay",
    "SECRET_KEY": KEY,
}


class ListSettings(BaseServiceSettings):
    addresses: list[str] = Field(default_factory=list)


class MailingSettings(BaseServiceSettings):
    mail_secret_key: MailSecretKey = None


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SAFE.items():
        monkeypatch.setenv(f"PATCHBAY_{name}", value)
    monkeypatch.delenv("PATCHBAY_ENV", raising=False)


def test_safe_settings_start_and_production_is_the_default() -> None:
    settings = load_settings(BaseServiceSettings)
    assert settings.env is Environment.PRODUCTION
    assert KEY not in repr(settings)


UNSAFE = [
    ("SECRET_KEY", ""),
    ("SECRET_KEY", "s3cret-too-short"),
    ("BUS_URL", "amqp://guest:guest@broker/patchbay"),
    ("BUS_URL", "amqp://guest:%67uest@broker/patchbay"),
    ("BUS_URL", "amqp://guest@broker/patchbay"),
    ("BUS_URL", "amqp://broker/patchbay"),
    ("BUS_URL", "amqp://s3cret:s3cret@broker/patchbay"),
    ("DATABASE_URL", "postgresql+asyncpg://s3cret:s3cret@db/desk"),
]
WRONG = [
    ("ENV", "staging"),
    ("HTTP_PORT", "s3cret"),
    ("HTTP_PORT", "70000"),
    ("BUS_URL", "amqp://desk:s3cret@broker:port/patchbay"),
    ("DATABASE_URL", "postgresql+asyncpg://desk:s3cret@[db/desk"),
    ("DATABASE_POOL", "1"),
    ("LOG_LEVEL", "s3cret"),
    ("LOG_FORMAT", "s3cret"),
    ("SHUTDOWN_GRACE", "0"),
    ("SHUTDOWN_GRACE", "inf"),
    ("BATCH_SIZE", "0"),
    ("TRUSTED_PROXIES", "*"),
    ("TRUSTED_PROXIES", "192.0.2.1, proxy.example"),
    ("TRUSTED_PROXIES", "192.0.2.1/24"),
]


@pytest.mark.parametrize(("name", "value"), UNSAFE + WRONG)
def test_an_unsafe_or_wrong_setting_is_named_in_one_line_without_its_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"PATCHBAY_{name}", value)
    with pytest.raises(ConfigurationError) as caught:
        load_settings(BaseServiceSettings)
    line = str(caught.value)
    assert line.startswith(f"PATCHBAY_{name}: ")
    assert "\n" not in line
    assert "s3cret" not in line
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(("name", "value"), UNSAFE)
def test_development_takes_unsafe_values(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv("PATCHBAY_ENV", "development")
    monkeypatch.setenv(f"PATCHBAY_{name}", value)
    load_settings(BaseServiceSettings)


def test_a_missing_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PATCHBAY_BUS_URL")
    with pytest.raises(ConfigurationError, match=r"^PATCHBAY_BUS_URL: Field required$"):
        load_settings(BaseServiceSettings)


def test_a_list_that_is_no_json_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATCHBAY_ADDRESSES", "s3cret@desk.example, other@desk.example")
    with pytest.raises(ConfigurationError, match=r"^PATCHBAY_ADDRESSES: must be written as JSON$"):
        load_settings(ListSettings)


@pytest.mark.parametrize(
    "url",
    [
        "s3cret",
        "mysql://desk:s3cret@db/desk",
        "postgresql+asyncpg://desk:s3cret@db",
        "sqlite+aiosqlite://",
        "sqlite+aiosqlite:///:memory:",
    ],
)
def test_a_database_address_that_cannot_work_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^PATCHBAY_DATABASE_URL: ") as caught:
        create_engine(url, pool_size=2, application_name="test")
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_trusted_proxies_are_addresses_and_networks_and_nobody_by_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for value, expected in (
        ("", ()),
        (" 192.0.2.1 ,2001:db8::/32,", ("192.0.2.1", "2001:db8::/32")),
    ):
        monkeypatch.setenv("PATCHBAY_TRUSTED_PROXIES", value)
        assert load_settings(BaseServiceSettings).trusted_proxies == expected
    monkeypatch.delenv("PATCHBAY_TRUSTED_PROXIES")
    assert load_settings(BaseServiceSettings).trusted_proxies == ()


def test_a_mail_secret_key_is_long_enough_or_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    for value, usable in (("", False), ("k" * 32, True)):
        monkeypatch.setenv("PATCHBAY_MAIL_SECRET_KEY", value)
        assert (load_settings(MailingSettings).mail_secret_key is not None) is usable
    monkeypatch.setenv("PATCHBAY_MAIL_SECRET_KEY", "s3cret")
    with pytest.raises(ConfigurationError, match=r"^PATCHBAY_MAIL_SECRET_KEY: ") as caught:
        load_settings(MailingSettings)
    assert "s3cret" not in str(caught.value)
