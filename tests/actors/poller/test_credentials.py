"""Credentials: files read once, secrets in no text, sessions by name."""

from pathlib import Path

import pytest

from actors.poller.credentials import CredentialTable, UnknownCredentials, with_secrets
from actors.poller.settings import PollerCredentials, PollerSettings, problems
from actors.secret_files import SecretError
from protocols.snmp.manager.request_pdu import get_request
from protocols.snmp.usm.ciphers import SaltCounter
from protocols.snmp.usm.engine_clocks import EngineClocks

SECRET = "s3cret-phrase"
V2C = PollerCredentials(name="core", community=SECRET)
V3 = PollerCredentials(name="noc", version="3", user="noc", auth="SHA-256", auth_key=SECRET, priv="AES", priv_key=SECRET)


def table(*credentials: PollerCredentials) -> CredentialTable:
    return CredentialTable(credentials, EngineClocks(), SaltCounter(0))


def test_no_text_shows_a_secret() -> None:
    settings = PollerSettings(credentials=(V2C, V3))
    assert not problems(settings)
    assert SECRET not in repr(settings) + str(settings) + repr(table(V2C, V3))
    wrong = PollerSettings(
        credentials=(
            PollerCredentials(name="a", community=SECRET, community_file="f", auth_key=SECRET),
            PollerCredentials(name="a", version="3", user=SECRET * 4, auth_key=SECRET, priv="AES", priv_key="short"),
        )
    )
    told = problems(wrong)
    assert [key for key, _ in told] == [
        "credentials[0].community",
        "credentials[0].auth_key",
        "credentials[1].name",
        "credentials[1].user",
        "credentials[1].priv",
        "credentials[1].auth_key",
        "credentials[1].priv_key",
    ]
    assert not any(SECRET in text for key, text in told if not key.endswith(".user"))


def test_secrets_are_read_from_their_files(tmp_path: Path) -> None:
    community, key = tmp_path / "community", tmp_path / "key"
    community.write_text(f"{SECRET}\n")
    key.write_text(f" {SECRET} \r\n")
    assert with_secrets(PollerCredentials(name="core", community_file=str(community))) == V2C
    v3 = PollerCredentials(
        name="noc", version="3", user="noc", auth="SHA", auth_key_file=str(key), priv="DES", priv_key_file=str(key)
    )
    read = with_secrets(v3)
    assert (read.auth_key, read.priv_key, read.auth_key_file) == (f" {SECRET} ", f" {SECRET} ", "")
    assert with_secrets(V3) is V3


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (None, "No such file or directory"),
        (b"", "is empty"),
        (b"one\ntwo\n", "has 2 lines, one is expected"),
        (b"s3cret\xff", "not UTF-8 at byte 6"),
    ],
)
def test_a_file_without_a_usable_community_names_the_setting_and_the_file(
    tmp_path: Path, octets: bytes | None, text: str
) -> None:
    file = tmp_path / "community"
    if octets is not None:
        file.write_bytes(octets)
    with pytest.raises(SecretError) as caught:
        with_secrets(PollerCredentials(name="core", community_file=str(file)))
    assert str(caught.value) == f"poller.credentials.community_file: {file}: {text}"


def test_a_session_is_made_by_the_name() -> None:
    both = table(V2C, V3)
    assert list(both.names) == ["core", "noc"]
    pdu = get_request([bytes.fromhex("2b06010201010300")])
    session = both.session("core")
    assert session.version == "2c"
    assert SECRET.encode() in session.message(pdu, 0.0)
    assert both.session("noc").version == "3"
    assert both.session("core").next_number() != both.session("core").next_number(), "nobody can guess the numbers"
    with pytest.raises(UnknownCredentials, match="no credentials are named 'edge'"):
        both.session("edge")


def test_credentials_that_differ_are_found() -> None:
    before = table(V2C, V3)
    after = table(PollerCredentials(name="core", community="another"), V3)
    assert (before.differs(after, "core"), before.differs(after, "noc")) == (True, False)
    assert before.differs(table(V2C), "noc")
    assert not before.differs(table(V2C), "edge")
