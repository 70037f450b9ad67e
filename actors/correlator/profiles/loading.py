"""Loads profiles from TOML texts, and names every mistake of every file at once."""

import difflib
import re
import tomllib
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec import Struct

from actors.correlator.profiles.errors import ProfileErrors
from actors.correlator.profiles.translator import compile
from actors.correlator.profiles.undeclared import undeclared
from protocols.file_mistake import FileMistake
from protocols.poll.plan.compile_plan import plan_mistakes
from protocols.profile import Profile

UNDECLARED = {
    "symptom": 'declares no symptom, so alarms of it take no part in correlation (if that is right, say symptom = "none")',
    "service_effect": "declares no service_effect, so alarms of it are no downtime of any service (if that is right, say "
    'service_effect = "none")',
}
"""The message for a type that leaves the field out."""
NO_COMMUNITY_FIELDS = "is missing: the profile reads community.NAME, and without it no community has fields"
MAX_FILE = 2_000_000
"""Characters of one file."""


def load_profiles(texts: Mapping[str, str]) -> tuple[Profile, ...]:
    """The profiles of ``texts`` (file name → TOML), in order of their names, checked together.

    Raises ProfileErrors with file, line, key and message of every mistake found: TOML syntax, unknown keys, wrong types,
    unknown names, impossible conditions, rules that can never match.
    """
    errors: list[FileMistake] = []
    profiles: list[Profile] = []
    source: dict[str, tuple[str, str]] = {}
    for file, written in texts.items():
        decoded, found = _decode(file, written)
        errors += found
        if decoded is None:
            continue
        if decoded.name in source:
            key_line = _line(written, ["name"])
            errors.append(FileMistake(file, key_line, "name", f"{source[decoded.name][0]} is also called {decoded.name!r}"))
            continue
        source[decoded.name] = (file, written)
        profiles.append(decoded)
    for profile in profiles:
        if not profile.community_fields and "community." in "".join(_texts(msgspec.to_builtins(profile))):
            file, written = source[profile.name]
            errors.append(FileMistake(file, _line(written, ["name"]), "community_fields", NO_COMMUNITY_FIELDS))
    profiles.sort(key=lambda profile: profile.name)
    try:
        compile(profiles)
    except ProfileErrors as refused:
        for error in refused.errors:
            file, written = source[error.file]
            errors.append(FileMistake(file, _line(written, key_parts(error.key)), error.key, error.message))
    for mistake in plan_mistakes(profiles):
        file, written = source[mistake.profile]
        errors.append(FileMistake(file, _line(written, key_parts(mistake.key)), mistake.key, mistake.message))
    if errors:
        raise ProfileErrors(tuple(sorted(set(errors))))
    return tuple(profiles)


def undeclared_types(texts: Mapping[str, str], profiles: Sequence[Profile]) -> list[FileMistake]:
    """The alarm types of the access network that leave out their symptom or service effect, by file and line. ``profiles`` are
    those of ``texts``."""
    files = {tomllib.loads(written)["name"]: file for file, written in texts.items()}
    found = []
    for profile, name, field in undeclared(profiles):
        file, key = files[profile], f'types."{name}"'
        found.append(FileMistake(file, _line(texts[file], key_parts(key)), key, UNDECLARED[field]))
    return found


def key_parts(key: str) -> list[str | int]:
    """``alarms[3].raise[0].trap`` as its steps; a quoted step is one (``types."ont.los"``)."""
    parts: list[str | int] = []
    for quoted, index, plain in re.findall(r'"([^"]*)"|\[(\d+)\]|([^.\[\]"]+)', key):
        parts.append(int(index) if index else quoted or plain)
    return parts


def _texts(value: Any) -> Iterator[str]:
    """Every text in a profile, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def _decode(file: str, written: str) -> tuple[Profile | None, list[FileMistake]]:
    if len(written) > MAX_FILE:
        return None, [FileMistake(file, 0, "", f"{len(written)} characters; at most {MAX_FILE}")]
    try:
        data = tomllib.loads(written)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"line (\d+)", str(error))
        line = int(place[1]) if place else written.count("\n") + 1
        return None, [FileMistake(file, line, "", f"not TOML: {error}")]
    found: list[tuple[str, str]] = []
    _search(data, Profile, "", found)
    if not found:
        try:
            return msgspec.convert(data, Profile, str_keys=True), []
        except msgspec.ValidationError as error:
            found.append(_split(error, ""))
    return None, [FileMistake(file, _line(written, key_parts(key)), key, message) for key, message in found]


def _search(value: Any, expected: Any, key: str, found: list[tuple[str, str]]) -> None:
    """Every mistake below ``key``: Structs field by field, tables and lists entry by entry, the rest by msgspec."""
    struct = _struct_of(expected, value)
    if struct is not None:
        known = {field.encode_name: field for field in msgspec.structs.fields(struct)}
        for name, inner in value.items():
            at = f"{key}.{_quoted(name)}" if key else _quoted(name)
            if name in known:
                _search(inner, known[name].type, at, found)
            else:
                found.append((at, f"unknown key; there are: {', '.join(sorted(known))}"))
        for name, field in known.items():
            if field.required and name not in value:
                found.append((key, f"{name} is missing"))
        return
    origin, arguments = get_origin(expected), get_args(expected)
    if origin is dict and isinstance(value, dict) and _holds_struct(arguments[1]):
        for name, inner in value.items():
            _search(inner, arguments[1], f"{key}.{_quoted(name)}", found)
        return
    if origin is tuple and isinstance(value, list) and _holds_struct(arguments[0]):
        for number, inner in enumerate(value):
            _search(inner, arguments[0], f"{key}[{number}]", found)
        return
    words = [word for option in _options(expected) if get_origin(option) is Literal for word in get_args(option)]
    if isinstance(value, str) and words and value not in words and str not in _options(expected):
        found.append((key, none_of(value, words)))
        return
    try:
        msgspec.convert(value, expected, str_keys=True)
    except msgspec.ValidationError as error:
        found.append(_split(error, key))


def none_of(value: str, words: Sequence[str]) -> str:
    """The message for a word that is not in ``words``: it lists them, and suggests the closest one."""
    close = difflib.get_close_matches(value, words, 1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"{value!r} is none of {', '.join(words)}{hint}"


def _struct_of(expected: Any, value: Any) -> type[Struct] | None:
    if not isinstance(value, dict):
        return None
    for option in _options(expected):
        if isinstance(option, type) and issubclass(option, Struct):
            return option
    return None


def _options(expected: Any) -> tuple[Any, ...]:
    return get_args(expected) if get_origin(expected) in (Union, types.UnionType) else (expected,)


def _holds_struct(expected: Any) -> bool:
    return any(isinstance(option, type) and issubclass(option, Struct) for option in _options(expected))


def _split(error: msgspec.ValidationError, key: str) -> tuple[str, str]:
    message, _, path = str(error).partition(" - at `$")
    inner = path.rstrip("`")
    return key + inner if key else inner.lstrip("."), message


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else f'"{name}"'


def _line(written: str, parts: list[str | int]) -> int:
    """The line of a key, or of the nearest table above it; 0 if there is none.

    Good enough for a message: it follows headers (``[a.b]``, ``[[alarms]]``) and the keys below them, not inline tables.
    """
    best, depth_found = 0, 0
    here: list[str | int] = []
    counts: dict[str, int] = {}
    for number, line in enumerate(written.splitlines(), 1):
        stripped = line.strip()
        header = re.fullmatch(r"(\[\[?)\s*(.+?)\s*\]\]?\s*(?:#.*)?", stripped)
        if header and "=" not in header[2]:
            here = key_parts(header[2])
            if header[1] == "[[":
                name = str(here[0])
                counts[name] = counts.get(name, -1) + 1
                here = [*here, counts[name]]
            elif here and str(here[0]) in counts and str(here[0]) in ("alarms", "families"):
                here = [here[0], counts[str(here[0])], *here[1:]]
            depth = _common(here, parts)
            if depth == len(here) and depth > depth_found:
                best, depth_found = number, depth
            continue
        assigned = re.match(r"""("[^"]*"|'[^']*'|[A-Za-z0-9_.-]+)\s*=""", stripped)
        if assigned:
            path = [*here, *key_parts(assigned[1].replace("'", '"'))]
            if _common(path, parts) == len(path) > depth_found:
                best, depth_found = number, len(path)
    return best


def _common(path: list[str | int], parts: list[str | int]) -> int:
    depth = 0
    for a, b in zip(path, parts, strict=False):
        if a != b:
            break
        depth += 1
    return depth
