"""Tokens: made once, kept hashed, seen and revoked across processes, refused whenever the file is in doubt."""

import multiprocessing
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from actors.tokens import TokenExists, TokenFile, TokenFileError, UnknownToken
from protocols.principal import Principal

NOW = datetime(2025, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def book(tmp_path: Path) -> TokenFile:
    return TokenFile(tmp_path / "tokens.json")


def test_a_created_token_names_its_principal(book: TokenFile) -> None:
    token = book.create("noc", "operator", "north", NOW)
    assert book.verify(token, NOW) == Principal(name="noc", role="operator", tenant="north")


def test_a_token_has_256_random_bits_in_base64url(book: TokenFile) -> None:
    first, second = book.create("a", "viewer", None, NOW), book.create("b", "viewer", None, NOW)
    assert first != second
    assert all(token.startswith("fd_") and len(token) == 46 for token in (first, second))


def test_the_file_holds_no_token_and_is_its_owners_alone(book: TokenFile) -> None:
    token = book.create("noc", "admin", None, NOW)
    content = book.path.read_text()
    assert token not in content
    assert token[3:] not in content
    assert stat.S_IMODE(book.path.stat().st_mode) == 0o600


@pytest.mark.parametrize("wrong", ["", "fd_", "x" * 46, "fd_" + "A" * 43, "fd_" + "é" * 43, "fd_" + "\udc80" * 43])
def test_an_unknown_token_is_nobody(book: TokenFile, wrong: str) -> None:
    book.create("noc", "admin", None, NOW)
    assert book.verify(wrong, NOW) is None


def test_a_missing_file_is_a_book_without_tokens(book: TokenFile) -> None:
    assert book.verify("fd_" + "A" * 43, NOW) is None
    assert book.list() == ()


def test_a_token_ends_at_its_expiry(book: TokenFile) -> None:
    token = book.create("noc", "viewer", None, NOW, expires=NOW + timedelta(hours=1))
    assert book.verify(token, NOW + timedelta(minutes=59)) is not None
    assert book.verify(token, NOW + timedelta(hours=1)) is None


def test_a_running_reader_sees_what_another_writer_does(book: TokenFile) -> None:
    reader = TokenFile(book.path)
    first = book.create("first", "viewer", None, NOW)
    assert reader.verify(first, NOW) is not None
    second = book.create("second", "viewer", None, NOW)
    assert reader.verify(second, NOW) is not None
    book.revoke("first")
    assert reader.verify(first, NOW) is None
    assert reader.verify(second, NOW) is not None


def test_a_name_is_free_again_once_revoked(book: TokenFile) -> None:
    old = book.create("noc", "viewer", None, NOW)
    with pytest.raises(TokenExists, match="'noc'"):
        book.create("noc", "admin", None, NOW)
    book.revoke("noc")
    new = book.create("noc", "admin", None, NOW)
    assert book.verify(old, NOW) is None
    assert book.verify(new, NOW) == Principal(name="noc", role="admin")
    assert [record.revoked for record in book.list()] == [True, False]


def test_revoking_what_is_not_there_says_so(book: TokenFile) -> None:
    with pytest.raises(UnknownToken, match="'nobody'"):
        book.revoke("nobody")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is not a token file"),
        (b'{"version":1,"tokens":[', "is not a token file"),
        (b'{"version":2,"tokens":[]}', "version 2"),
        (b'{"version":1,"tokens":[{"name":"x"}]}', "hash"),
        (b'{"version":1,"extra":1}', "extra"),
        (
            b'{"version":1,"tokens":[{"name":"x","hash":"00","role":"admin","created_at":"2025-01-01T00:00:00"}]}',
            "without an offset",
        ),
    ],
)
def test_a_corrupt_file_accepts_nobody_and_says_why(book: TokenFile, content: bytes, problem: str) -> None:
    token = book.create("noc", "admin", None, NOW)
    assert book.verify(token, NOW) is not None
    book.path.write_bytes(content)
    for _ in range(2):
        with pytest.raises(TokenFileError, match=problem):
            book.verify(token, NOW)


def test_an_unreadable_file_accepts_nobody_and_says_why(tmp_path: Path) -> None:
    (tmp_path / "tokens.json").mkdir()
    with pytest.raises(TokenFileError, match="cannot be read"):
        TokenFile(tmp_path / "tokens.json").verify("fd_" + "A" * 43, NOW)


@pytest.mark.parametrize(
    ("name", "role", "tenant", "expires", "field"),
    [
        ("", "viewer", None, None, "name"),
        ("a\nb", "viewer", None, None, "name"),
        ("a", "root", None, None, "role"),
        ("a", "viewer", "", None, "tenant"),
        ("a", "viewer", None, NOW, "expires"),
    ],
)
def test_a_bad_argument_is_named(
    book: TokenFile, name: str, role: str, tenant: str | None, expires: datetime | None, field: str
) -> None:
    with pytest.raises(ValueError, match=f"^{field}"):
        book.create(name, role, tenant, NOW, expires)  # type: ignore[arg-type]


def _create_many(path: Path, prefix: str, count: int) -> None:
    for number in range(count):
        TokenFile(path).create(f"{prefix}{number}", "viewer", None, NOW)


def test_writers_in_several_processes_lose_nothing(book: TokenFile) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_create_many, args=(book.path, prefix, 10)) for prefix in "abc"]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(record.name for record in book.list()) == sorted(f"{p}{n}" for p in "abc" for n in range(10))
    assert sorted(os.listdir(book.path.parent)) == [".tokens.json.lock", "tokens.json"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_token_that_root_makes_leaves_every_file_to_the_folders_owner(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    os.chown(folder, 12_345, 12_346)
    TokenFile(folder / "tokens.json").create("noc", "operator", None, NOW)
    owners = {file.name: (file.stat().st_uid, file.stat().st_gid) for file in folder.iterdir()}
    assert owners == dict.fromkeys((".tokens.json.lock", "tokens.json"), (12_345, 12_346))


def test_a_link_in_place_of_the_lock_is_not_followed(tmp_path: Path) -> None:
    book, elsewhere = TokenFile(tmp_path / "tokens.json"), tmp_path / "elsewhere"
    elsewhere.touch()
    (tmp_path / ".tokens.json.lock").symlink_to(elsewhere)
    with pytest.raises(TokenFileError, match="cannot be locked"):
        book.create("noc", "operator", None, NOW)
