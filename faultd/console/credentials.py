"""The token that a person's command takes along: from a file, the environment, or asked for; it never waits unsaid."""

import getpass
import select
import sys
from collections.abc import Mapping
from pathlib import Path

TOKEN, TOKEN_FILE = "FAULTD_TOKEN", "FAULTD_TOKEN_FILE"
STDIN_SECONDS = 5.0
"""Seconds to wait for a token on a pipe."""


class NoToken(Exception):
    """No token was found or given, or its file cannot be read; the text says where one is looked for."""


def default_file(environ: Mapping[str, str]) -> Path:
    """``~/.config/faultd/token``, or what the environment says of that folder."""
    folder = environ.get("XDG_CONFIG_HOME") or str(Path(environ.get("HOME") or "~").expanduser() / ".config")
    return Path(folder) / "faultd" / "token"


def find(file: Path | None, environ: Mapping[str, str]) -> str:
    """The token in ``file`` (``-``: standard input), in the environment, in the default file, from a pipe or a redirected file,
    or asked for on the terminal; the first of these that there is. Raises NoToken."""
    if file is not None:
        return _piped() if str(file) == "-" else _read(file)
    if token := environ.get(TOKEN, "").strip():
        return _plausible(token, TOKEN)
    if named := environ.get(TOKEN_FILE, ""):
        return _read(Path(named))
    usual = default_file(environ)
    if usual.exists():
        return _read(usual)
    return _asked(usual) if sys.stdin.isatty() else _piped(usual)


def _read(file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise NoToken(f"{file}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise NoToken(f"{file}: holds no token") from error
    return _plausible(text.strip(), str(file))


def _asked(usual: Path) -> str:
    try:
        token = getpass.getpass(f"token (or keep it in {usual}): ", sys.stderr)
    except EOFError:
        token = ""
    return _plausible(token.strip(), "the answer")


def _piped(usual: Path | None = None) -> str:
    try:
        ready, _, _ = select.select([sys.stdin], [], [], STDIN_SECONDS)
        text = sys.stdin.readline().strip() if ready else ""
    except (OSError, ValueError, UnicodeDecodeError):
        text = ""
    if not text:
        where = f"--token-file, {TOKEN}, {TOKEN_FILE}" + (f", {usual}" if usual is not None else "")
        raise NoToken(f"no token: none in {where} or on standard input; make one with `faultd token create`")
    return _plausible(text, "standard input")


def _plausible(token: str, where: str) -> str:
    """A token goes into a header, where nothing but ASCII without spaces can stand. Raises NoToken."""
    if not token.isascii() or not token.isprintable() or " " in token or not token:
        raise NoToken(f"{where}: holds no token")
    return token
