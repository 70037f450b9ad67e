"""``faultd check``: is this configuration right, in every file that it names?"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from faultd.cli.common import configuration, refuse
from faultd.config import ConfigError
from faultd.inputs import read_inputs


def check(file: Annotated[Path, typer.Argument(help="The configuration (TOML).", metavar="FILE")]) -> None:
    """Check a configuration with the profiles, the rules and the topology that it names; changes nothing.

    Exit 78 with every mistake, each with file, line and key.
    """
    config = configuration(file)
    try:
        inputs = read_inputs(config)
    except ConfigError as error:
        refuse(error)
    profiles, topology, rules = inputs.profiles.profiles, inputs.topology, inputs.rules.rules
    enabled = sum(profile.enabled for profile in profiles)
    sys.stdout.write(
        f"{file}: no mistakes; {enabled} profiles ({len(profiles) - enabled} more are disabled), "
        f"{sum(rule.enabled for rule in rules)} rules, {len(topology.nodes)} topology nodes\n"
    )
