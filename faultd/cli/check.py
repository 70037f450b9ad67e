"""``faultd check``: is this configuration right, in every file that it names?"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from faultd.cli.common import configuration, refuse
from faultd.config import ConfigError
from faultd.inputs import read_inputs


def check(file: Annotated[Path, typer.Argument(help="The configuration (TOML).", metavar="FILE")]) -> None:
    """Check a configuration with the profiles and the topology that it names; changes nothing.

    Exit 78 with every mistake, each with file, line and key.
    """
    config = configuration(file)
    try:
        profiles, topology, _policy = read_inputs(config)
    except ConfigError as error:
        refuse(error)
    enabled = sum(profile.enabled for profile in profiles.profiles)
    sys.stdout.write(
        f"{file}: no mistakes; {enabled} profiles ({len(profiles.profiles) - enabled} more are disabled), "
        f"{len(topology.nodes)} topology nodes\n"
    )
