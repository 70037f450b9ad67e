"""``faultd check``: everything that a start reads and needs, looked at without stopping at the first mistake.

The readers are the daemon's own, so order and words are its own too.
"""

from collections.abc import Mapping
from pathlib import Path

import trio
from msgspec import Struct

from actors.addresses import AddressError, listen
from actors.ledger.database import in_use
from actors.tokens import TokenFile, TokenFileError
from actors.trap_listener.sockets import LISTEN, TrapSocket, open_socket
from faultd import service, state_folder
from faultd.config import Config, ConfigError, ConfigErrors, examine, read
from faultd.inputs import Inputs, look_into_files, profile_warnings, warnings_of
from faultd.state_folder import StateFolderError
from faultd.unknown_polling import unknown_polling

_BUFFER = 4096
"""Receive buffer of a socket that is only tried."""
MOST_NOTES = 100
"""Notes of one kind that are written one by one."""


class Survey(Struct):
    """The findings. ``mistakes`` are in files; ``token_file``, ``state_dir`` and ``addresses`` are refusals of this machine for
    this account, at this moment."""

    config: Config | None = None
    tables: frozenset[str] = frozenset()
    """The configuration's tables with mistaken settings."""
    inputs: Inputs | None = None
    mistakes: list[ConfigError] = []
    token_file: TokenFileError | None = None
    state_dir: StateFolderError | None = None
    addresses: list[AddressError] = []
    notes: list[str] = []

    def lines(self) -> list[str]:
        """Every mistake on a line of its own."""
        found = [line for error in self.mistakes for line in str(error).splitlines()]
        return found + [str(error) for error in (self.state_dir, self.token_file, *self.addresses) if error is not None]


def of_files(file: Path, environ: Mapping[str, str]) -> Survey:
    """All mistakes in the configuration and in the files that it names."""
    found = Survey()
    try:
        examined = examine(read(file), str(file), environ)
    except ConfigError as error:
        found.mistakes.append(error)
        return found
    if examined.mistakes:
        found.mistakes.append(ConfigError(str(file), examined.mistakes))
    found.config, found.tables = examined.config, examined.tables
    found.inputs, errors = look_into_files(examined.config, examined.tables)
    for mistaken in errors:
        for each in mistaken.errors if isinstance(mistaken, ConfigErrors) else [mistaken]:
            if service.alone_reads(Path(each.origin)):
                found.notes.append(f"{each.origin}: not looked at, since only faultd.service is given it")
            else:
                found.mistakes.append(each)
    if "profiles" not in examined.tables and found.inputs.profiles.profiles:
        doubtful = profile_warnings(examined.config)
        found.notes += doubtful[:MOST_NOTES]
        if len(doubtful) > MOST_NOTES:
            found.notes.append(f"{len(doubtful) - MOST_NOTES} more alarm types leave out a symptom or a service effect")
    if "poller" not in examined.tables:
        lacking = unknown_polling(examined.config, found.inputs.profiles.profiles, found.inputs.topology)
        found.notes += [f"{examined.config.topology.file}: {text}" for text in lacking[:MOST_NOTES]]
    told = warnings_of(found.inputs.topology)
    found.notes += [f"{examined.config.topology.file}: {text}" for text in told[:MOST_NOTES]]
    if len(told) > MOST_NOTES:
        found.notes.append(f"{examined.config.topology.file}: {len(told) - MOST_NOTES} more serials belong to several nodes")
    return found


def of_machine(found: Survey) -> None:
    """Add to ``found`` what this machine would refuse to a start now. Where faultd runs already, its addresses are its own."""
    config = found.config
    if config is None:
        return
    if "state_dir" in found.tables:
        return
    try:
        state_folder.look(config.path())
    except StateFolderError as error:
        found.state_dir = error
    try:
        TokenFile(config.path("tokens.json")).list()
    except TokenFileError as error:
        found.token_file = error
    if in_use(config.ledger.path(config.path())):
        found.notes.append("faultd runs with this state_dir: addresses were not tried")
        return
    wanted = [(LISTEN, address) for address in config.traps.listen]
    if service.holds_sockets():
        found.notes.append("faultd.socket is active: traps come by its sockets, and traps.listen was not tried")
        wanted = []
    wanted += [("stream.bind", config.stream.bind), ("http.bind", config.http.bind)]
    known = [each for each in wanted if each[0].partition(".")[0] not in found.tables]
    found.addresses += trio.run(_try, known)


async def _try(wanted: list[tuple[str, str]]) -> list[AddressError]:
    """Addresses by their settings. All are held until the last was tried, since two of them can be in each other's way."""
    errors: list[AddressError] = []
    listeners: list[trio.SocketListener] = []
    sockets: list[TrapSocket] = []
    try:
        for setting, address in wanted:
            try:
                if setting == LISTEN:
                    sockets.append(open_socket(address, _BUFFER))
                else:
                    listeners += await listen(setting, address)
            except AddressError as error:
                errors.append(error)
    finally:
        for trap_socket in sockets:
            trap_socket.close()
        for listener in listeners:
            await listener.aclose()
    return errors
