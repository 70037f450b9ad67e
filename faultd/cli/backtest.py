"""``faultd backtest``: new rules on what really happened."""

import os
import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from actors.correlator.rules.loading import load_rules
from actors.ledger.errors import LedgerError
from actors.stage import StageFailed
from faultd.backtest.period import BadPeriod
from faultd.backtest.report import words
from faultd.backtest.run import Trial, backtest
from faultd.cli.common import DEFAULT_CONFIG, EX_CANTCREAT, EX_CONFIG, EX_NOINPUT, EX_USAGE, ConfigFile, configuration, fail
from protocols.printable import printable
from protocols.rule import Rule
from protocols.table_files import TableFileErrors

_trial = msgspec.json.Decoder(Trial)


def backtest_rules(
    config: ConfigFile = DEFAULT_CONFIG,
    rules: Annotated[
        Path | None, typer.Option(help="The new rules: a file, or a folder of *.toml.", metavar="FILE_OR_DIR")
    ] = None,
    add: Annotated[bool, typer.Option("--add", help="Keep the rules from files; those of the same name are replaced.")] = False,
    policy: Annotated[Path | None, typer.Option(help="A configuration whose [correlator] is tried.", metavar="FILE")] = None,
    since: Annotated[str, typer.Option(help="How far back: 30m, 12h, 7d, or a time such as 2026-03-01T03:00:00Z.")] = "7d",
    ledger: Annotated[Path | None, typer.Option("--ledger", help="A ledger file, instead of the configured one.")] = None,
    most: Annotated[int, typer.Option(help="Differences to list; all are counted.", min=0)] = 100,
    json: Annotated[
        Path | None, typer.Option("--json", help="Write the whole result here as JSON; - is standard output.")
    ] = None,
    trial: Annotated[
        bool, typer.Option("--stdin", help="Read what is tried from standard input, as JSON.", hidden=True)
    ] = False,
) -> None:
    """Fold the ledger's real Events twice, side by side: with the rules in force today and with new ones; writes nothing.

    The new rules take the place of those from files, all of them without --add; rules written through the API
    stay. Works beside a running daemon. Starts from the newest snapshot before the time asked for; where the ledger does not
    go back so far, from its oldest.
    """
    if trial:
        os.nice(10)  # for the daemon that asked for it: traps come first
        tried = _trial.decode(sys.stdin.buffer.read())
    else:
        settings = configuration(policy).correlator if policy is not None else None
        tried = Trial(rules=read(rules) if rules is not None else None, added=add, settings=settings)
    if tried.rules is None and tried.settings is None:
        fail("nothing to try: name --rules or --policy", EX_USAGE)
    loaded = configuration(config) if ledger is None else None
    file = ledger or (loaded.ledger.path(loaded.path()) if loaded is not None else Path())
    try:
        result = backtest(file, since, tried, most=most, go_on=_progress)
    except BadPeriod as error:
        fail(str(error), EX_USAGE)
    except (LedgerError, StageFailed, FileNotFoundError) as error:
        fail(str(error), EX_NOINPUT)
    if json is not None:
        octets = msgspec.json.encode(result) + b"\n"
        if str(json) == "-":
            sys.stdout.buffer.write(octets)
            return
        try:
            json.write_bytes(octets)
        except OSError as error:
            fail(str(error), EX_CANTCREAT)
    for line in words(result):
        sys.stdout.write(f"{printable(line)}\n")


def read(place: Path) -> tuple[Rule, ...]:
    """The rules of a file or a folder; with a mistake in them each is shown and the exit code is 78."""
    try:
        files = sorted(place.glob("*.toml")) if place.is_dir() else [place]
        texts = {str(file): file.read_text(encoding="utf-8") for file in files}
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{place}: {error}", EX_NOINPUT)
    try:
        return load_rules(texts)
    except TableFileErrors as errors:
        count = len(errors.mistakes)
        fail(f"{count} mistake{'s' if count != 1 else ''} in the rules\n{errors}", EX_CONFIG)


def _progress(done: int, of: int) -> bool:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{done}/{of} Events")
        sys.stderr.flush()
    return True
