"""The configuration: TOML composed of each actor's settings, overridable by environment, every mistake in one error."""

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_origin

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import FieldInfo, fields

from actors.api.console_settings import ConsoleSettings
from actors.api.settings import ApiSettings
from actors.clock.settings import ClockSettings
from actors.correlator.settings import CorrelatorSettings
from actors.ledger.settings import LedgerSettings
from actors.notifier.settings import NotifierSettings
from actors.poller.settings import PollerSettings
from actors.poller.settings import problems as poller_problems
from actors.store.settings import StoreSettings
from actors.stream.settings import StreamSettings
from actors.ticketer.settings import TicketerSettings
from actors.trap_listener.settings import TrapSettings
from actors.trap_listener.settings import problems as trap_problems
from faultd.settings import (
    DatabaseSettings,
    DispatcherFiles,
    LogSettings,
    ProfileSettings,
    RuleSettings,
    SlaSettings,
    TopologySettings,
    url_problem,
)
from protocols.toml_lines import Path as KeyPath
from protocols.toml_lines import dotted, line_of, lines_of

PREFIX = "FAULTD_"
OF_COMMANDS = frozenset({"FAULTD_URL", "FAULTD_STREAM_URL", "FAULTD_TOKEN", "FAULTD_TOKEN_FILE"})
"""Variables that tell the command line where the daemon is. They are not settings of the daemon."""
SECRET = frozenset({"url", "communities", "community", "users", "auth", "auth_key", "priv", "priv_key"})
"""Keys whose values no message repeats: mistakes end up in logs, and a pass phrase also gets written behind ``auth``."""


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole of ``faultd.toml``."""

    state_dir: str = "/var/lib/faultd"
    """Folder of the ledger, the tokens, the engine id and, when no database is named, the embedded PostgreSQL."""
    drain_seconds: Annotated[float, Meta(ge=0)] = 30.0
    """After SIGTERM: how long what was received may take to reach PostgreSQL. What does not is in the ledger."""
    log: LogSettings = LogSettings()
    database: DatabaseSettings = DatabaseSettings()
    traps: TrapSettings = TrapSettings()
    http: ApiSettings = ApiSettings()
    console: ConsoleSettings = ConsoleSettings()
    stream: StreamSettings = StreamSettings()
    topology: TopologySettings = TopologySettings()
    profiles: ProfileSettings = ProfileSettings()
    rules: RuleSettings = RuleSettings()
    correlator: CorrelatorSettings = CorrelatorSettings()
    dispatcher: DispatcherFiles = DispatcherFiles()
    ledger: LedgerSettings = LedgerSettings()
    store: StoreSettings = StoreSettings()
    sla: SlaSettings = SlaSettings()
    clock: ClockSettings = ClockSettings()
    notifier: NotifierSettings = NotifierSettings()
    ticketer: TicketerSettings = TicketerSettings()
    poller: PollerSettings = PollerSettings()

    def path(self, *parts: str) -> Path:
        """A path below ``state_dir``."""
        return Path(self.state_dir, *parts)


class ConfigMistake(Struct, frozen=True, order=True):
    """One mistake: its line in the file (0 when it stands nowhere there), its key and what is wrong."""

    line: int
    key: str
    text: str


class ConfigError(ValueError):
    """A configuration that cannot be used; ``mistakes`` has all of them, in the file's order."""

    def __init__(self, origin: str, mistakes: list[ConfigMistake]) -> None:
        self.origin, self.mistakes = origin, sorted(mistakes)
        super().__init__("\n".join(self._line(mistake) for mistake in self.mistakes))

    def _line(self, mistake: ConfigMistake) -> str:
        where = f"{self.origin}:{mistake.line}" if mistake.line else self.origin
        return f"{where}: {mistake.key}: {mistake.text}" if mistake.key else f"{where}: {mistake.text}"


class ConfigErrors(ConfigError):
    """The mistakes of several files at once."""

    def __init__(self, errors: list[ConfigError]) -> None:
        self.errors = errors
        self.origin = ", ".join(error.origin for error in errors)
        self.mistakes = [mistake for error in errors for mistake in error.mistakes]
        ValueError.__init__(self, "\n".join(str(error) for error in errors))


class Examined(NamedTuple):
    """A configuration with all its mistakes; ``config`` has the default in the place of what is mistaken, and ``tables`` are
    the first keys of those."""

    config: Config
    mistakes: list[ConfigMistake]
    tables: frozenset[str]


def load(file: Path, environ: Mapping[str, str] = os.environ) -> Config:
    """Read ``file``. Raises :class:`ConfigError` with every mistake, also when the file cannot be read."""
    return parse(read(file), str(file), environ)


def read(file: Path) -> str:
    """The text of ``file``. Raises :class:`ConfigError`."""
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(str(file), [ConfigMistake(0, "", error.strerror or str(error))]) from error
    except UnicodeDecodeError as error:
        raise ConfigError(str(file), [ConfigMistake(0, "", f"not UTF-8 at byte {error.start}")]) from error


def parse(text: str, origin: str = "configuration", environ: Mapping[str, str] | None = None) -> Config:
    """The Config that ``text`` says, with ``FAULTD_TABLE__KEY`` of ``environ`` laid over it. Raises :class:`ConfigError`."""
    examined = examine(text, origin, environ)
    if examined.mistakes:
        raise ConfigError(origin, examined.mistakes)
    return examined.config


def examine(text: str, origin: str = "configuration", environ: Mapping[str, str] | None = None) -> Examined:
    """Like :func:`parse`, but collects every mistake. Raises :class:`ConfigError` for a text that is not TOML."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(origin, [ConfigMistake(_line_in(str(error)), "", str(error))]) from error
    lines = lines_of(text)
    mistakes: list[ConfigMistake] = []
    wrong: list[KeyPath] = []

    def mistake(path: KeyPath, what: str) -> None:
        name = environment.get(path)
        key = dotted(path) if name is None else f"{dotted(path)} ({name})"
        mistakes.append(ConfigMistake(0 if name else line_of(lines, path) or 0, key, what))
        wrong.append(path)

    environment = _overlay(data, environ or {}, mistakes)
    _check(Config, data, (), mistake)
    for path in wrong:
        _remove(data, path)
    config = _convert(data, mistake)
    for table, found in (("traps", trap_problems(config.traps)), ("poller", poller_problems(config.poller))):
        for path_text, what in found:
            mistake((table, *_split(path_text)), what)
    if problem := url_problem(config.database.url):
        mistake(("database", "url"), problem)
    return Examined(config, mistakes, frozenset(str(path[0]) for path in wrong if path))


def _remove(data: dict[str, Any], path: KeyPath) -> None:
    """Take away the setting (of a table, at any depth below it) that ``path`` is in, so that its default holds."""
    table = data.get(str(path[0])) if path else None
    if len(path) > 1 and isinstance(table, dict):
        table.pop(str(path[1]), None)
    elif path:
        data.pop(str(path[0]), None)


def _convert(data: dict[str, Any], mistake: Callable[[KeyPath, str], None]) -> Config:
    """The Config, with what its tables themselves refuse taken away. Each round takes one setting away, so there is an end."""
    while True:
        try:
            return msgspec.convert(data, Config)
        except msgspec.ValidationError as error:
            what, _, where = str(error).partition(" - at `$")
            path = _split(where.rstrip("`"))
            # What a table says of its own settings begins with the setting's name.
            named, _, said = what.partition(": ")
            table = data.get(str(path[0])) if path else None
            if len(path) == 1 and isinstance(table, dict) and named in table:
                path, what = (*path, named), said
            mistake(path, what)
            _remove(data, path)


def _check(kind: type[Struct], data: Any, path: KeyPath, mistake: Callable[[KeyPath, str], None]) -> None:
    """Check every key against its field separately, so that one mistake does not hide the next."""
    if not isinstance(data, dict):
        mistake(path, f"expected a table, got {_named(data)}")
        return
    known = {field.encode_name: field for field in fields(kind)}
    for key, value in data.items():
        field = known.get(key)
        if field is None:
            close = get_close_matches(key, known, 1)
            mistake((*path, key), "unknown key" + (f"; did you mean {close[0]}?" if close else ""))
        else:
            _check_value(field.type, value, (*path, key), mistake)
    for name, field in known.items():
        if name not in data and field.required:
            mistake((*path, name), "is required")


def _check_value(kind: Any, value: Any, path: KeyPath, mistake: Callable[[KeyPath, str], None]) -> None:
    if isinstance(kind, type) and issubclass(kind, Struct):
        _check(kind, value, path, mistake)
        return
    item = get_args(kind)[0] if get_origin(kind) in (list, tuple) and get_args(kind) else None
    if isinstance(item, type) and issubclass(item, Struct) and isinstance(value, list):
        for number, element in enumerate(value):
            _check(item, element, (*path, number), mistake)
        return
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        if get_origin(kind) is Literal:
            said = "expected one of " + ", ".join(each for each in get_args(kind) if each)
        else:
            said = _in_words(str(error))
        mistake(path, said if SECRET.intersection(map(str, path)) else f"{said}, got {_named(value)}")


_TYPES = {
    "array": "a list",
    "bool": "true or false",
    "float": "a number",
    "int": "a whole number",
    "object": "a table",
    "str": "text",
}


def _in_words(text: str) -> str:
    """msgspec's text about a wrong value, with its type names in plain words and without the type of the given value."""
    text = re.sub(r", got `\w+`", "", f"{text[0].lower()}{text[1:]}")
    return re.sub(r"`(\w+)`", lambda found: _TYPES.get(found[1], found[0]), text)


def _overlay(data: dict[str, Any], environ: Mapping[str, str], mistakes: list[ConfigMistake]) -> dict[KeyPath, str]:
    """Lay ``FAULTD_A__B=value`` over ``data``; which path came from which variable."""
    origin: dict[KeyPath, str] = {}
    for name, raw in sorted(environ.items()):
        if not name.startswith(PREFIX) or name == PREFIX or name in OF_COMMANDS:
            continue
        path = tuple(name.removeprefix(PREFIX).lower().split("__"))
        field = _field_at(path)
        if field is None:
            mistakes.append(ConfigMistake(0, name, "names no setting"))
            continue
        table = data
        for part in path[:-1]:
            inner = table.setdefault(part, {})
            table = inner if isinstance(inner, dict) else {}
        table[path[-1]] = _from_environment(field, raw)
        origin[path] = name
    return origin


def _field_at(path: tuple[str, ...]) -> FieldInfo | None:
    kind: Any = Config
    found: FieldInfo | None = None
    for part in path:
        if not (isinstance(kind, type) and issubclass(kind, Struct)):
            return None
        found = next((field for field in fields(kind) if field.encode_name == part), None)
        if found is None:
            return None
        kind = found.type
    return found


def _from_environment(field: FieldInfo, raw: str) -> Any:
    """A variable is text; a setting that takes no text is read as TOML writes it (``8``, ``true``, ``["a"]``)."""
    try:
        return msgspec.convert(raw, field.type)
    except msgspec.ValidationError:
        try:
            return tomllib.loads(f"value = {raw}")["value"]
        except tomllib.TOMLDecodeError:
            return raw


def _named(value: Any) -> str:
    if isinstance(value, dict):
        return "a table"
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."


def _line_in(message: str) -> int:
    _, found, rest = message.partition("at line ")
    digits = rest.split(",")[0].split(" ")[0]
    return int(digits) if found and digits.isdigit() else 0


def _split(path: str | KeyPath) -> KeyPath:
    if not isinstance(path, str):
        return path
    parts: list[str | int] = []
    for part in path.replace("[", ".").replace("]", "").split("."):
        parts.append(int(part) if part.isdigit() else part)
    return tuple(part for part in parts if part != "")
