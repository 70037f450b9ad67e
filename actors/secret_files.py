"""Secrets, each in a file of its own (systemd's LoadCredential), and certificates to trust. No error repeats a secret."""

import base64
import binascii
import ssl
from pathlib import Path

from actors.secret_settings import LEAST_KEY

LONGEST = 65_536
STANDARD_PREFIX = "whsec_"


class SecretError(Exception):
    """A secret's file cannot be read or holds no usable secret; names the setting and the file."""

    def __init__(self, setting: str, path: str, reason: str) -> None:
        super().__init__(f"{setting}: {path}: {reason}")
        self.setting, self.path, self.reason = setting, path, reason


def read_text(setting: str, path: str) -> str:
    """The text of the file. Raises SecretError."""
    try:
        with Path(path).open("rb") as file:
            octets = file.read(LONGEST + 1)
    except OSError as error:
        raise SecretError(setting, path, error.strerror or str(error)) from error
    if len(octets) > LONGEST:
        raise SecretError(setting, path, f"is longer than {LONGEST} octets")
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError as error:
        # Not chained: its text shows octets of the secret.
        raise SecretError(setting, path, f"not UTF-8 at byte {error.start}") from None


def read_pass_phrase(setting: str, path: str) -> str:
    """The pass phrase in the file, without the line break at its end: spaces around it are part of it. Raises SecretError."""
    key = read_text(setting, path).rstrip("\r\n")
    if len(key) < LEAST_KEY:
        raise SecretError(setting, path, f"the key has {len(key)} characters, at least {LEAST_KEY} are needed")
    return key


def read_lines(setting: str, path: str) -> tuple[str, ...]:
    """The lines of the file that are not empty, at least one. Raises SecretError."""
    lines = tuple(line for line in (each.strip() for each in read_text(setting, path).splitlines()) if line)
    if not lines:
        raise SecretError(setting, path, "is empty")
    return lines


def read_secret(setting: str, path: str) -> str:
    """The one line of the file. Raises SecretError."""
    lines = read_lines(setting, path)
    if len(lines) > 1:
        raise SecretError(setting, path, f"has {len(lines)} lines, one is expected")
    return lines[0]


def read_signing_keys(setting: str, path: str) -> tuple[bytes, ...]:
    """One or two keys of Standard Webhooks, the current one first: ``whsec_`` and base64, else the octets of the line. Raises
    SecretError."""
    lines = read_lines(setting, path)
    if len(lines) > 2:
        raise SecretError(setting, path, f"has {len(lines)} lines, one or two are expected")
    keys = []
    for line in lines:
        key = line.encode()
        if line.startswith(STANDARD_PREFIX):
            try:
                key = base64.b64decode(line.removeprefix(STANDARD_PREFIX), validate=True)
            except (binascii.Error, ValueError):
                raise SecretError(setting, path, "the text behind whsec_ is not base64") from None
        if len(key) < 16:
            raise SecretError(setting, path, f"a key has {len(key)} octets, at least 16 are needed")
        keys.append(key)
    return tuple(keys)


def trusting(setting: str, path: str) -> ssl.SSLContext:
    """A context that trusts the certificates of the file beside those of the system; of "" those of the system alone. Raises
    SecretError."""
    tls = ssl.create_default_context()
    if path:
        try:
            tls.load_verify_locations(path)
        except (OSError, ssl.SSLError) as error:
            raise SecretError(setting, path, error.strerror or str(error)) from error
    return tls
