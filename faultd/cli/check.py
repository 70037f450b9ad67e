"""``faultd check``: is this configuration right, in every file that it names, and could faultd start with it here?"""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from faultd import service
from faultd.cli.common import EX_CANTCREAT, EX_CONFIG, EX_UNAVAILABLE
from faultd.config import PREFIX
from faultd.inputs import unconfigured_channels
from faultd.survey import of_files, of_machine
from protocols.printable import counted, printable


def check(
    file: Annotated[Path, typer.Argument(help="The configuration (TOML).", metavar="FILE")],
    files_only: Annotated[
        bool, typer.Option("--files-only", help="Only what stands in files: neither addresses nor state_dir are tried.")
    ] = False,
) -> None:
    """Check a configuration with all that it names (profiles, topology, rules, files of secrets, the token file) and whether
    faultd could start with it here: state_dir and addresses; changes nothing.

    Shows every mistake, in the daemon's own order and words, each with file, line and key. Exit 78 when a file has a
    mistake; else 73 when state_dir or the token file, and 69 when an address cannot be used by this account now. Where faultd
    runs already with this state_dir, its addresses are not tried. The file of faultd.service is checked with the environment
    that its unit and drop-ins set.
    """
    environ = service.environment_for(file)
    found = of_files(file, {**environ, **os.environ})
    if given := sorted(name for name in environ if name.startswith(PREFIX)):
        found.notes.append(f"with the environment of {service.UNIT}: {', '.join(given)}")
    if not files_only:
        of_machine(found)
    for note in found.notes:
        sys.stderr.write(f"faultd: {note}\n")
    if lines := found.lines():
        where = " in the configuration" if found.mistakes else ""
        sys.stderr.write(
            f"faultd: {counted(len(lines), 'mistake')}{where}\n" + "".join(f"{printable(line)}\n" for line in lines)
        )
        unusable = found.state_dir is not None or found.token_file is not None
        raise typer.Exit(EX_CONFIG if found.mistakes else EX_CANTCREAT if unusable else EX_UNAVAILABLE)
    assert found.inputs is not None
    profiles, topology, rules = found.inputs.profiles.profiles, found.inputs.topology, found.inputs.rules.rules
    policies = found.inputs.dispatch.policies
    enabled = sum(profile.enabled for profile in profiles)
    sys.stdout.write(
        f"{file}: no mistakes; {enabled} profiles ({len(profiles) - enabled} more are disabled), "
        f"{sum(rule.enabled for rule in rules)} rules, {sum(policy.enabled for policy in policies)} notification policies, "
        f"{len(topology.nodes)} topology nodes\n"
    )
    assert found.config is not None
    for channel, names in unconfigured_channels(found.config, found.inputs.dispatch).items():
        sys.stdout.write(f"{printable(channel)} is not configured: named by {printable(', '.join(names))}\n")
