"""The fold's inputs from files: read, checked and turned into Events, so that a replay has the same inputs."""

from collections.abc import Callable, Container, Iterator, Mapping
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec
import structlog

from actors.correlator.memories import TablesMemory
from actors.correlator.plant.difference import from_file
from actors.correlator.profiles import ProfileErrors, load_profiles, undeclared_types
from actors.correlator.profiles.alarm_types import DECLARATIONS
from actors.correlator.profiles.undeclared import undeclared
from actors.correlator.rules.loading import load_rules
from actors.correlator.rules.plugin_process import Bounds
from actors.correlator.rules.plugins import Host, PluginLimits, install, installed, load_plugins
from actors.correlator.rules.rule_registry import loaded_rules
from actors.correlator.state import State
from actors.dispatcher.people.addresses import configured
from actors.dispatcher.policies.files import addresses_of, load_policies
from actors.dispatcher.settings import DispatcherSettings, DispatchInputs
from actors.dispatcher.state import DispatchState
from actors.notifier.settings import lane_names
from actors.notifier.templates import MessageTemplate, TemplateErrors, load_templates
from actors.poller.settings import PollerCredentials
from actors.sla_clock.credit_files import CreditFileErrors, load_credit_files
from actors.trap_listener.settings import User
from faultd.channels import check_channels, check_desks
from faultd.config import Config, ConfigError, ConfigErrors, ConfigMistake
from faultd.places import shipped_config
from faultd.security import check_communities, read_credentials, read_database_url, read_users
from faultd.settings import RuleSettings
from protocols.event import (
    FROM_FILE,
    CountAlarms,
    DispatchLoaded,
    Event,
    PolicyLoaded,
    ProfilesLoaded,
    RulesLoaded,
    SeedTables,
    TopologyChanged,
    TopologyLoaded,
)
from protocols.profile import Profile
from protocols.rest_body import fields_for
from protocols.sla.credit_models import CreditTerms
from protocols.table_files import TableFileErrors
from protocols.topology import TopologyError, shared_serials
from protocols.topology_csv import decode_csv, parse_csv

_encode = msgspec.msgpack.Encoder().encode
_log = structlog.get_logger()
_Found = TypeVar("_Found")


NO_POLICIES = DispatchLoaded("", (), _encode(DispatchInputs()))


class Inputs(NamedTuple):
    """Profiles, topology, settings, rules and notification policies, each with its content."""

    profiles: ProfilesLoaded
    topology: TopologyLoaded
    policy: PolicyLoaded
    rules: RulesLoaded = RulesLoaded("", ())
    credit_models: Mapping[str, CreditTerms] = {}
    """By the names of their files without ``.toml``. No Event has them: a definition takes a copy."""
    dispatch: DispatchLoaded = NO_POLICIES
    templates: Mapping[str, MessageTemplate] = {}
    """Of messages, by the names of their files without ``.toml``. No Event has them: the notifier renders."""


def read_inputs(config: Config, *, without_plugins: bool = False) -> Inputs:
    """Profiles, plant, policy and rules by content. Raises :class:`ConfigError` with every mistake in every file that the
    configuration names; those of secrets are read only to see whether they can be.

    ``without_plugins``: a plugin that cannot be loaded is reported by the alarm ``rule.failed`` instead. At a start traps count
    for more than a plugin.
    """
    inputs, errors = look_into_files(config, without_plugins=without_plugins)
    if errors:
        raise ConfigErrors(errors)
    return inputs


def look_into_files(
    config: Config, without: Container[str] = (), *, without_plugins: bool = False
) -> tuple[Inputs, list[ConfigError]]:
    """The inputs, and all their mistakes, in the order in which the daemon reads them. ``without``: tables whose settings are
    wrong, so that the files that they name are unknown."""
    errors: list[ConfigError] = []

    def look(table: str, reader: Callable[[Config], _Found], nothing: _Found) -> _Found:
        if table in without:
            return nothing
        try:
            return reader(config)
        except ConfigError as error:
            errors.append(error)
            return nothing

    profiles: tuple[Profile, ...] = look("profiles", read_profiles, ())
    topology = look("topology", read_topology, TopologyLoaded("", ()))
    rules = look("rules", partial(read_rules, without_plugins=without_plugins), RulesLoaded("", ()))
    users: tuple[User, ...] = ()
    look("traps", read_users, users)
    look("traps", partial(check_communities, profiles=profiles), None)
    credentials: tuple[PollerCredentials, ...] = ()
    look("poller", read_credentials, credentials)
    look("database", read_database_url, "")
    look("notifier", check_channels, None)
    look("ticketer", check_desks, None)
    no_templates: Mapping[str, MessageTemplate] = {}
    templates = look("notifier", read_templates, no_templates)
    no_models: Mapping[str, CreditTerms] = {}
    credit_models = look("sla", read_credit_models, no_models)
    dispatch = look("dispatcher", read_dispatch, NO_POLICIES)
    policy = _encode(config.correlator)
    inputs = Inputs(
        ProfilesLoaded(_digest(_encode(profiles)), profiles),
        topology,
        PolicyLoaded(_digest(policy), policy),
        rules,
        credit_models,
        dispatch,
        templates,
    )
    return inputs, errors


def changed_inputs(
    state: State,
    inputs: Inputs | tuple[ProfilesLoaded, TopologyLoaded, PolicyLoaded],
    dispatch: DispatchState | None = None,
) -> Iterator[Event]:
    """Events for those ``inputs`` that differ from the state; first, where needed, the Event that begins counting alarms.
    ``dispatch``: the state of the dispatcher; without it the Events have no notification policies."""
    profiles, topology, policy, rules, _, policies, _ = Inputs(*inputs)
    if state.counted is None:
        yield CountAlarms()
    if not state.memory(TablesMemory).seeded:
        yield SeedTables()
    if state.policy is None or state.policy.digest != policy.digest:
        yield policy
    if state.topology_digest != topology.digest:
        for text in warnings_of(topology)[:20]:
            _log.warning("topology file", mistake=text)
    if state.topology_digest is None:
        yield topology
    elif state.topology_digest != topology.digest:
        yield changed_file(state, topology)
    if state.profiles is None or state.profiles.digest != profiles.digest:
        without = undeclared(profiles.profiles)
        for field in DECLARATIONS:
            if types := [each.alarm_type for each in without if each.field == field]:
                _log.warning(f"alarm types of the access network declare no {field}", types=types[:20])
        yield profiles
    if loaded_rules(state) != rules.digest:
        yield rules
    if dispatch is not None and dispatch.digest != policies.digest:
        yield policies


def warnings_of(topology: TopologyLoaded) -> list[str]:
    """Mistakes of a topology that do not prevent its use."""
    return [
        f"serial {serial} belongs to {', '.join(map(repr, ids[:20]))}: a trap that names it names none of them"
        for serial, ids in shared_serials(topology.nodes)
    ]


def changed_file(state: State, file: TopologyLoaded) -> TopologyChanged:
    """The difference between the plant and another topology file."""
    difference = from_file(state.plant, list(state.api_nodes), file.nodes)
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
    texts = _texts("profiles", settings.directory, settings.extra)
    try:
        profiles = load_profiles(texts)
    except ProfileErrors as error:
        raise ConfigError(
            "profiles", [ConfigMistake(0, f"{e.file}:{e.line or 0}", f"{e.key}: {e.message}") for e in error.errors]
        ) from error
    unknown = sorted(set(settings.disabled) - {profile.name for profile in profiles})
    if unknown:
        raise ConfigError("profiles", [ConfigMistake(0, "disabled", f"no profile is named {name!r}") for name in unknown])
    return tuple(profile for profile in profiles if profile.name not in settings.disabled)


def profile_warnings(config: Config) -> list[str]:
    """Doubtful entries of the profiles, which do not prevent their use, each with its file and line. The profiles are without
    mistakes. Raises :class:`ConfigError` for files that cannot be read."""
    texts = _texts("profiles", config.profiles.directory, config.profiles.extra)
    used = [each for each in load_profiles(texts) if each.name not in config.profiles.disabled]
    return [str(each) for each in undeclared_types(texts, used)]


def read_rules(config: Config, *, without_plugins: bool = False) -> RulesLoaded:
    """The shipped rules (or those of ``rules.directory``), the operator's rules, and the plugins to call."""
    settings = config.rules
    try:
        rules = load_rules(_texts("rules", settings.directory, settings.extra))
    except TableFileErrors as error:
        raise _of_tables("rules", error) from error
    unknown = sorted(set(settings.disabled) - {rule.name for rule in rules})
    if unknown:
        raise ConfigError("rules", [ConfigMistake(0, "disabled", f"no rule is named {name!r}") for name in unknown])
    rules = tuple(rule for rule in rules if rule.name not in settings.disabled)
    plugins = installed_plugins(settings, without=without_plugins)
    return RulesLoaded(_digest(_encode((rules, plugins))), rules, plugins)


def read_dispatch(config: Config) -> DispatchLoaded:
    """The shipped notification policies (or those of ``dispatcher.directory``), the operator's own, and the settings that the
    dispatcher folds by."""
    settings = config.dispatcher
    try:
        policies = load_policies(_texts("policies", settings.directory, settings.extra), template_names(config))
    except TableFileErrors as error:
        raise _of_tables("policies", error) from error
    unknown = sorted(set(settings.disabled) - {policy.name for policy in policies})
    if unknown:
        raise ConfigError(
            "policies",
            [ConfigMistake(0, "dispatcher.disabled", f"no notification policy is named {name!r}") for name in unknown],
        )
    policies = tuple(policy for policy in policies if policy.name not in settings.disabled)
    inputs = _encode(dispatch_inputs(config))
    return DispatchLoaded(_digest(_encode((policies, inputs))), policies, inputs)


def read_templates(config: Config) -> Mapping[str, MessageTemplate]:
    """The operator's templates of messages, checked as far as their grammar goes. Raises :class:`ConfigError`."""
    folder = config.notifier.templates
    if not folder:
        return {}
    try:
        return load_templates(_texts("notifier.templates", folder, ()))
    except TemplateErrors as error:
        mistakes = [ConfigMistake(each.line, f"{each.file}: {each.key}".rstrip(": "), each.message) for each in error.mistakes]
        raise ConfigError("notifier.templates", mistakes) from error


def template_names(config: Config) -> tuple[str, ...] | None:
    """The names of the operator's templates, also of those with mistakes; None when there is no such directory."""
    folder = config.notifier.templates
    if not folder:
        return ()
    return tuple(sorted(file.stem for file in Path(folder).glob("*.toml"))) if Path(folder).is_dir() else None


def dispatch_inputs(config: Config) -> DispatchInputs:
    """The parts of the configuration that the dispatcher folds by."""
    return DispatchInputs(
        settings=DispatcherSettings(**fields_for(DispatcherSettings, config.dispatcher)),
        desk=config.ticketer.desk,
        channels=lane_names(config.notifier),
        templates=template_names(config),
    )


def unconfigured_channels(config: Config, loaded: DispatchLoaded) -> dict[str, list[str]]:
    """Channels, and webhooks as ``webhook NAME``, that the configuration lacks, each with the names of the enabled policies of
    the files that name it."""
    channels = lane_names(config.notifier)
    found: dict[str, list[str]] = {}
    for policy in loaded.policies:
        for to, channel in addresses_of(policy) if policy.enabled else ():
            if not configured(channels, channel, to):
                names = found.setdefault(f"webhook {to}" if channel == "webhook" else channel, [])
                if policy.name not in names:
                    names.append(policy.name)
    return found


def log_unconfigured(config: Config, loaded: DispatchLoaded) -> None:
    """Say once what no note of a cause says: which channels the policies of the files name in vain."""
    if lacking := unconfigured_channels(config, loaded):
        _log.info("policies name channels that are not configured: contacts are told by other methods", channels=lacking)


def _of_tables(what: str, errors: TableFileErrors) -> ConfigError:
    """Mistakes in files of tables as those of the configuration."""
    mistakes = [
        ConfigMistake(0, each.place, f"{each.key}: {each.message}" if each.key else each.message) for each in errors.mistakes
    ]
    return ConfigError(what, mistakes)


def read_credit_models(config: Config) -> dict[str, CreditTerms]:
    """The shipped credit models (or those of ``sla.directory``) and the operator's own, by the names of their files. Raises
    :class:`ConfigError` for files with mistakes, also where a worked case does not come out."""
    try:
        files = load_credit_files(_texts("sla", config.sla.directory, config.sla.extra))
    except CreditFileErrors as error:
        raise ConfigError(
            "sla",
            [ConfigMistake(0, e.place, f"{e.key}: {e.message}" if e.key else e.message) for e in error.mistakes],
        ) from error
    return {Path(name).stem: file.model for name, file in files.items()}


def installed_plugins(settings: RuleSettings, *, without: bool = False) -> dict[str, str]:
    """The plugins named in the settings, by name and version. They are loaded once in a process: another set, or other limits,
    make another host. Raises :class:`ConfigError` for those that cannot be loaded; ``without`` reports them and goes on."""
    bounds = Bounds(settings.plugin_stop_seconds, settings.plugin_megabytes)
    limits = PluginLimits(settings.plugin_seconds, settings.plugin_overruns, bounds)
    before = installed()
    if tuple(before.plugins) == tuple(sorted(set(settings.plugins))) and before.limits == limits:
        return before.versions()
    plugins, missing = load_plugins(dict.fromkeys(settings.plugins), bounds)
    host = Host(plugins, limits, missing)
    if missing and not without:
        host.close()
        raise ConfigError("rules", [ConfigMistake(0, "rules.plugins", why) for why in missing.values()])
    before.close()
    return install(host).versions()


def _texts(what: str, directory: str, extra: tuple[str, ...]) -> dict[str, str]:
    """The TOML files of a folder (empty: the shipped one) and of the further ones, by path. Raises :class:`ConfigError`."""
    folders = [Path(directory) if directory else shipped_config() / what, *map(Path, extra)]
    texts: dict[str, str] = {}
    mistakes: list[ConfigMistake] = []
    for folder in folders:
        try:
            if not folder.is_dir():
                mistakes.append(ConfigMistake(0, what, f"{folder} is no directory"))
            files = sorted(folder.glob("*.toml"))
        except OSError as error:
            mistakes.append(ConfigMistake(0, what, str(error)))
            continue
        for file in files:
            try:
                texts[str(file)] = file.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                mistakes.append(ConfigMistake(0, str(file), str(error)))
    if mistakes:
        raise ConfigError(what, mistakes)
    return texts


def read_topology(config: Config) -> TopologyLoaded:
    """The plant, empty when no file is named."""
    file = config.topology.file
    if not file:
        return TopologyLoaded(_digest(b""), ())
    try:
        octets = Path(file).read_bytes()
        nodes = parse_csv(decode_csv(octets))
    except OSError as error:
        raise ConfigError(file, [ConfigMistake(0, "topology.file", error.strerror or str(error))]) from error
    except TopologyError as error:
        raise ConfigError(file, [_at_line(problem) for problem in error.problems]) from error
    return TopologyLoaded(_digest(octets), nodes)


def _at_line(problem: str) -> ConfigMistake:
    """``line 7: what`` as a mistake of line 7."""
    where, _, what = problem.partition(": ")
    return ConfigMistake(int(where.removeprefix("line ")), "", what)


def _digest(octets: bytes) -> str:
    return blake2b(octets, digest_size=16).hexdigest()
