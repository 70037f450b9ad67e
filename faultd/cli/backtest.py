"""``faultd backtest``: new rules and notification policies on what really happened."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from shutil import get_terminal_size
from typing import Annotated, TypeVar

import msgspec
import typer

from actors.correlator.rules.loading import load_rules
from actors.dispatcher.policies.files import load_policies
from actors.ledger.errors import LedgerError
from actors.stage import StageFailed
from faultd.backtest.period import BadPeriod
from faultd.backtest.report import words
from faultd.backtest.run import Trial, backtest, tried_parts
from faultd.cli.common import DEFAULT_CONFIG, EX_CANTCREAT, EX_CONFIG, EX_NOINPUT, EX_USAGE, ConfigFile, configuration, fail
from faultd.cli.explain import fitted
from protocols.dispatch.channel import CHANNELS, Channel
from protocols.printable import counted, printable
from protocols.rule import Rule
from protocols.table_files import TableFileErrors

T = TypeVar("T")
_trial = msgspec.json.Decoder(Trial)


def try_on_ledger(
    config: ConfigFile = DEFAULT_CONFIG,
    rules: Annotated[
        Path | None, typer.Option(help="The new rules: a file, or a folder of *.toml.", metavar="FILE_OR_DIR")
    ] = None,
    policies: Annotated[
        Path | None,
        typer.Option(help="The new notification policies: a file, or a folder of *.toml.", metavar="FILE_OR_DIR"),
    ] = None,
    add: Annotated[bool, typer.Option("--add", help="Keep what is in files now; that of the same name is replaced.")] = False,
    policy: Annotated[Path | None, typer.Option(help="A configuration whose [correlator] is tried.", metavar="FILE")] = None,
    since: Annotated[str, typer.Option(help="How far back: 30m, 12h, 7d, or a time such as 2026-03-01T03:00:00Z.")] = "7d",
    person: Annotated[str, typer.Option(help="List every message to this person: a name or an address.", metavar="NAME")] = "",
    wakes: Annotated[
        list[str] | None,
        typer.Option(
            "--wakes", help="A channel that wakes people at night; may be repeated. Without it: sms.", metavar="CHANNEL"
        ),
    ] = None,
    ledger: Annotated[Path | None, typer.Option("--ledger", help="A ledger file, instead of the configured one.")] = None,
    most: Annotated[int, typer.Option(help="Differences to list; all are counted.", min=0)] = 100,
    json: Annotated[
        Path | None, typer.Option("--json", help="Write the whole result here as JSON; - is standard output.")
    ] = None,
    trial: Annotated[
        bool, typer.Option("--stdin", help="Read what is tried from standard input, as JSON.", hidden=True)
    ] = False,
) -> None:
    """Fold the ledger's real Events twice, side by side: as it is today, and with new rules or notification policies. Shows
    what alarms become, who is told, who is woken, and which tickets are opened. Writes nothing and sends nothing.

    The new rules and policies take the place of those from files, all of them without --add; those written through the API
    stay, but for policies of the same name. Works beside a running daemon. Starts from the newest snapshot before the time
    asked for; where the ledger does not go back so far, from its oldest.

    Alarms, people, rotas and acknowledgements are as they were. A message that was never sent is taken as delivered at once,
    a task of a ticket as done at once.
    """
    files: dict[str, str] = {}
    if trial:
        os.nice(10)  # for the daemon that asked for it: traps come first
        tried = _trial.decode(sys.stdin.buffer.read())
    else:
        settings = configuration(policy).correlator if policy is not None else None
        texts = _texts(policies) if policies is not None else {}
        tried = Trial(
            rules=read(rules) if rules is not None else None,
            added=add,
            settings=settings,
            policies=_tables("policies", load_policies, texts) if policies is not None else None,
            wakes=_channels(wakes or ["sms"]),
            person=person,
        )
        files = {each.name: name for name, text in texts.items() for each in load_policies({name: text})}
    if not tried_parts(tried):
        fail("nothing to try: name --rules, --policies or --policy", EX_USAGE)
    loaded = configuration(config) if ledger is None else None
    file = ledger or (loaded.ledger.path(loaded.path()) if loaded is not None else Path())
    try:
        result = backtest(file, since, tried, most=most, go_on=_progress)
    except BadPeriod as error:
        fail(str(error), EX_USAGE)
    except (LedgerError, StageFailed, FileNotFoundError) as error:
        fail(str(error), EX_NOINPUT)
    finally:
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")
    warnings = result.dispatch.warnings
    result.dispatch.warnings = [
        f"{files[name]}: {each}" if (name := each.partition(": ")[0]) in files else each for each in warnings
    ]
    if json is not None:
        octets = msgspec.json.encode(result) + b"\n"
        if str(json) == "-":
            sys.stdout.buffer.write(octets)
            return
        try:
            json.write_bytes(octets)
        except OSError as error:
            fail(str(error), EX_CANTCREAT)
    width = get_terminal_size().columns if sys.stdout.isatty() else None
    for line in words(result):
        for shown in fitted(printable(line), width):
            sys.stdout.write(f"{shown}\n")


def read(place: Path) -> tuple[Rule, ...]:
    """The rules of a file or a folder; with a mistake in them each is shown and the exit code is 78."""
    return _tables("rules", load_rules, _texts(place))


def _texts(place: Path) -> dict[str, str]:
    try:
        files = sorted(place.glob("*.toml")) if place.is_dir() else [place]
        texts = {str(file): file.read_text(encoding="utf-8") for file in files}
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{place}: {error}", EX_NOINPUT)
    if not texts:
        fail(f"{place}: has no *.toml", EX_NOINPUT)
    return texts


def _tables(noun: str, load: Callable[[Mapping[str, str]], tuple[T, ...]], texts: Mapping[str, str]) -> tuple[T, ...]:
    try:
        return load(texts)
    except TableFileErrors as errors:
        fail(f"{counted(len(errors.mistakes), 'mistake')} in the {noun}\n{errors}", EX_CONFIG)


def _channels(names: list[str]) -> tuple[Channel, ...]:
    unknown = [name for name in names if name not in CHANNELS]
    if unknown:
        fail(f"--wakes {unknown[0]}: expected {', '.join(CHANNELS)}", EX_USAGE)
    return tuple(name for name in CHANNELS if name in names)


def _progress(done: int, of: int) -> bool:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{done}/{of} Events")
        sys.stderr.flush()
    return True
