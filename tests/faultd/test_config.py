"""The configuration: what is refused and in which words, what the environment may override, and the file that we ship."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import fields

from faultd.config import Config, ConfigError, load, parse
from faultd.places import shipped_config

BROKEN = sorted(Path(__file__).with_name("broken").glob("*.toml"))


@pytest.mark.parametrize("file", BROKEN, ids=lambda file: file.stem)
def test_each_broken_file_is_refused_in_the_words_that_it_announces(file: Path) -> None:
    expected = [line.removeprefix("#! ") for line in file.read_text().splitlines() if line.startswith("#! ")]
    with pytest.raises(ConfigError) as caught:
        load(file, {})
    assert str(caught.value).replace(str(file), "FILE").splitlines() == expected


def test_there_is_a_broken_file_for_every_kind_of_mistake() -> None:
    assert len(BROKEN) >= 15


def test_the_shipped_configuration_is_right_and_says_the_defaults() -> None:
    file = shipped_config() / "faultd.toml"
    assert load(file, {}) == Config()


def test_the_environment_overrides_the_file() -> None:
    config = parse(
        '[database]\nurl = "postgresql://a"\n',
        environ={
            "FAULTD_DATABASE__URL": "postgresql://b",
            "FAULTD_STATE_DIR": "/tmp/x",
            "FAULTD_TRAPS__LISTEN": '["127.0.0.1:1162"]',
            "FAULTD_CORRELATOR__REOPEN_WITHIN_SECONDS": "7",
            "FAULTD_HTTP__METRICS_NEED_TOKEN": "true",
            "OTHER": "ignored",
        },
    )
    assert (config.database.url, config.state_dir) == ("postgresql://b", "/tmp/x")
    assert config.traps.listen == ("127.0.0.1:1162",)
    assert (config.correlator.reopen_within_seconds, config.http.metrics_need_token) == (7, True)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("FAULTD_DATABASE__URI", "x", "configuration: FAULTD_DATABASE__URI: names no setting"),
        ("FAULTD_NOWHERE", "x", "configuration: FAULTD_NOWHERE: names no setting"),
        (
            "FAULTD_CORRELATOR__REOPEN_WITHIN_SECONDS",
            "soon",
            "configuration: correlator.reopen_within_seconds (FAULTD_CORRELATOR__REOPEN_WITHIN_SECONDS): "
            "expected a number, got 'soon'",
        ),
    ],
)
def test_a_mistake_in_the_environment_names_the_variable(name: str, value: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse("", environ={name: value})
    assert str(caught.value) == told


@pytest.mark.parametrize(
    "url",
    [
        "",
        "postgresql://u:p@ss@db.example.net:5432/faultd",
        "postgres://u@[::1]:5432/x",
        "postgresql://a:1,b:2/x",
        "postgresql://postgres@/faultd?host=/run/postgresql",
        "postgresql://db/x?sslmode=verify-full&target_session_attrs=read-write&sslrootcert=/x",
    ],
)
def test_a_database_url_is_taken(url: str) -> None:
    assert parse("", environ={"FAULTD_DATABASE__URL": url}).database.url == url


@pytest.mark.parametrize(
    "text",
    [
        '[database]\nurl = "mysql://u:letmein1@db/x"',
        '[database]\nurl = "postgresql://u:letmein1@db:port/x"',
        '[database]\nurl = "postgresql://u:letmein1@db:99999/x"',
        '[database]\nurl = "postgresql://u:letmein1@db:0/x"',
        '[database]\nurl = "postgresql://u:letmein1@db/x?sslmode=letmein1"',
        '[database]\nurl = "postgresql://u:letmein1@db/x?target_session_attrs=letmein1"',
        '[database]\nurl = "postgresql://u:letmein1@[::1/x"',
        '[database]\nurl = "postgresql://u:letmein1@\u2100/x"',
        '[database]\nurl = ["letmein1"]',
        '[traps]\ncommunities = "letmein1"',
        '[[traps.users]]\nname = "n"\nauth = "SHA"\nauth_key = ["letmein1"]',
    ],
)
def test_a_mistake_in_a_secret_does_not_repeat_it(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    assert ":2: " in str(caught.value) or ":4: " in str(caught.value)
    assert "letmein1" not in str(caught.value)


def test_a_drain_lasts_no_less_than_nothing() -> None:
    with pytest.raises(ConfigError, match="drain_seconds"):
        parse("drain_seconds = -1")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load(tmp_path / "none.toml", {})


def test_a_file_that_is_not_text_is_told(tmp_path: Path) -> None:
    file = tmp_path / "latin.toml"
    file.write_bytes(b'state_dir = "\xff"')
    with pytest.raises(ConfigError, match="not UTF-8 at byte 13"):
        load(file, {})


def settings_of(kind: type[Struct], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for field in fields(kind):
        name = f"{prefix}{field.encode_name}"
        yield name, field
        if isinstance(field.type, type) and issubclass(field.type, Struct):
            yield from settings_of(field.type, f"{name}.")


def test_every_setting_has_a_default() -> None:
    assert [name for name, field in settings_of(Config) if field.required] == []
