"""What the fold depends on, read from files and turned into Events, so that a replay sees what the fold saw."""

import csv
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

import msgspec
import structlog

from actors.correlator.plant.difference import from_file
from actors.correlator.profiles import ProfileErrors, load_profiles
from actors.correlator.state import State
from faultd.config import Config, ConfigError, Mistake
from faultd.places import shipped_config
from protocols.event import FROM_FILE, Event, PolicyLoaded, ProfilesLoaded, TopologyChanged, TopologyLoaded
from protocols.profile import Profile
from protocols.topology import TopologyError, parse_csv

_encode = msgspec.msgpack.Encoder().encode
_log = structlog.get_logger()


def read_inputs(config: Config) -> tuple[ProfilesLoaded, TopologyLoaded, PolicyLoaded]:
    """Profiles, plant and policy by content. Raises :class:`ConfigError` with every mistake in every file."""
    mistakes: list[ConfigError] = []
    profiles: tuple[Profile, ...] = ()
    nodes: TopologyLoaded | None = None
    try:
        profiles = read_profiles(config)
    except ConfigError as error:
        mistakes.append(error)
    try:
        nodes = read_topology(config)
    except ConfigError as error:
        mistakes.append(error)
    if mistakes or nodes is None:
        raise ConfigErrors(mistakes)
    policy = _encode(config.correlator)
    return ProfilesLoaded(_digest(_encode(profiles)), profiles), nodes, PolicyLoaded(_digest(policy), policy)


class ConfigErrors(ConfigError):
    """The mistakes of several files at once."""

    def __init__(self, errors: list[ConfigError]) -> None:
        self.origin = ", ".join(error.origin for error in errors)
        self.mistakes = [mistake for error in errors for mistake in error.mistakes]
        ValueError.__init__(self, "\n".join(str(error) for error in errors))


def news(state: State, inputs: tuple[ProfilesLoaded, TopologyLoaded, PolicyLoaded]) -> Iterator[Event]:
    """Those of ``inputs`` that the state does not hold already."""
    profiles, topology, policy = inputs
    if state.policy is None or state.policy.digest != policy.digest:
        yield policy
    if state.topology_digest is None:
        yield topology
    elif state.topology_digest != topology.digest:
        yield changed_file(state, topology)
    if state.profiles is None or state.profiles.digest != profiles.digest:
        yield profiles


def changed_file(state: State, file: TopologyLoaded) -> TopologyChanged:
    """What another topology file changes in the plant as it is."""
    difference = from_file(state.plant, list(state.by_hand), file.nodes)
    for node_id, address in difference.moved_address:
        _log.warning("the topology file gives a node's address to another", node=node_id, address=address)
    if difference.kept:
        _log.warning("no longer in the topology file, and kept for what hangs below", nodes=difference.kept[:20])
    return TopologyChanged(
        puts=difference.puts,
        removes=difference.removes,
        by=FROM_FILE,
        digest=file.digest,
        kept=difference.kept,
        on=state.topology_at,
    )


def read_profiles(config: Config) -> tuple[Profile, ...]:
    """The shipped profiles (or those of ``profiles.directory``) and the operator's own, in the order of their files."""
    settings = config.profiles
    folders = [Path(settings.directory) if settings.directory else shipped_config() / "profiles"]
    folders += [Path(extra) for extra in settings.extra]
    texts: dict[str, str] = {}
    mistakes: list[Mistake] = []
    for folder in folders:
        try:
            if not folder.is_dir():
                mistakes.append(Mistake(0, "profiles", f"{folder} is no directory"))
            files = sorted(folder.glob("*.toml"))
        except OSError as error:
            mistakes.append(Mistake(0, "profiles", str(error)))
            continue
        for file in files:
            try:
                texts[str(file)] = file.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                mistakes.append(Mistake(0, str(file), str(error)))
    if mistakes:
        raise ConfigError("profiles", mistakes)
    try:
        profiles = load_profiles(texts)
    except ProfileErrors as error:
        raise ConfigError(
            "profiles", [Mistake(0, f"{e.file}:{e.line or 0}", f"{e.key}: {e.message}") for e in error.errors]
        ) from error
    unknown = sorted(set(settings.disabled) - {profile.name for profile in profiles})
    if unknown:
        raise ConfigError("profiles", [Mistake(0, "disabled", f"no profile is named {name!r}") for name in unknown])
    return tuple(profile for profile in profiles if profile.name not in settings.disabled)


def read_topology(config: Config) -> TopologyLoaded:
    """The plant, empty when no file is named."""
    file = config.topology.file
    if not file:
        return TopologyLoaded(_digest(b""), ())
    try:
        octets = Path(file).read_bytes()
        nodes = parse_csv(octets.decode("utf-8"))
    except OSError as error:
        raise ConfigError(file, [Mistake(0, "topology.file", error.strerror or str(error))]) from error
    except UnicodeDecodeError as error:
        raise ConfigError(file, [Mistake(0, "topology.file", f"not UTF-8 at byte {error.start}")]) from error
    except TopologyError as error:
        raise ConfigError(file, [_at_line(problem) for problem in error.problems]) from error
    except csv.Error as error:
        raise ConfigError(file, [Mistake(0, "topology.file", f"not CSV: {error}")]) from error
    return TopologyLoaded(_digest(octets), nodes)


def _at_line(problem: str) -> Mistake:
    """``line 7: what`` as a mistake of line 7."""
    where, _, what = problem.partition(": ")
    return Mistake(int(where.removeprefix("line ")), "", what)


def _digest(octets: bytes) -> str:
    return blake2b(octets, digest_size=16).hexdigest()
