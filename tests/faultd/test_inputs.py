"""Files that the fold depends on: each mistake is a ConfigError, which a reload survives."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from vocabulary.world import World

from actors.dispatcher.settings import DispatchInputs
from actors.dispatcher.state import DispatchState
from faultd.config import Config, ConfigError, parse
from faultd.inputs import (
    Inputs,
    changed_inputs,
    look_into_files,
    read_credit_models,
    read_dispatch,
    read_profiles,
    read_rules,
    read_topology,
)
from faultd.settings import DispatcherFiles, ProfileSettings, SlaSettings, TopologySettings
from protocols.event import DispatchLoaded


@pytest.mark.parametrize(
    ("octets", "says"),
    [
        (b"id,type\nolt-1\n", "2: type is empty"),
        (b"id,type\n\xff,olt\n", "not UTF-8 at byte 8"),
        (b'id,type,name\nolt-1,olt,"' + b"x" * 200_000, "not CSV: field larger than field limit"),
    ],
)
def test_a_topology_that_cannot_be_used_says_why(tmp_path: Path, octets: bytes, says: str) -> None:
    file = tmp_path / "plant.csv"
    file.write_bytes(octets)
    with pytest.raises(ConfigError) as caught:
        read_topology(Config(topology=TopologySettings(file=str(file))))
    assert str(caught.value).startswith(str(file))
    assert says in str(caught.value)


def test_a_folder_of_profiles_that_cannot_be_looked_into_is_a_mistake(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 300)
    with pytest.raises(ConfigError, match="File name too long"):
        read_profiles(Config(profiles=ProfileSettings(extra=(str(folder),))))


def test_a_topology_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"topology\.file: No such file"):
        read_topology(Config(topology=TopologySettings(file=str(tmp_path / "none.csv"))))


def test_a_community_with_the_fields_of_an_event_would_never_match(tmp_path: Path) -> None:
    settings = 'communities = ["public", "noc@site", "public@eventId=1"]'
    config = parse(f'state_dir = "{tmp_path}"\n[traps]\n{settings}\n', "faultd.toml", {})
    _, errors = look_into_files(config)
    assert [str(error) for error in errors] == [
        "configuration: traps.communities[2]: would never match: only the part before the @ is compared"
    ]


def test_credit_models_are_named_by_their_files_and_own_ones_take_the_place_of_shipped_ones(tmp_path: Path) -> None:
    shipped = read_credit_models(Config())
    assert sorted(shipped) == ["ofcom", "tiers", "tkg58"]
    text = Path("config/sla/tiers.toml").read_text(encoding="utf-8")
    for name in ("tiers", "own"):
        (tmp_path / f"{name}.toml").write_text(text.replace("Availability credit", "Our credit"), encoding="utf-8")
    found = read_credit_models(Config(sla=SlaSettings(extra=(str(tmp_path),))))
    assert sorted(found) == ["ofcom", "own", "tiers", "tkg58"]
    assert found["own"] == found["tiers"] != shipped["tiers"]


def test_a_credit_model_that_does_not_yield_its_cases_is_a_mistake(tmp_path: Path) -> None:
    text = Path("config/sla/tiers.toml").read_text(encoding="utf-8")
    (tmp_path / "wrong.toml").write_text(text.replace("total = 500", "total = 501"), encoding="utf-8")
    inputs, errors = look_into_files(Config(state_dir=str(tmp_path), sla=SlaSettings(extra=(str(tmp_path),))))
    assert inputs.credit_models == {}
    (error,) = errors
    assert f"{tmp_path}/wrong.toml:" in str(error)
    assert "total" in str(error)


POLICY = '[[policies]]\nname = "Night"\nactions = [{ channel = "email", to = "noc@example.net" }]\n'


def of_folder(folder: Path, **settings: object) -> Config:
    """A configuration with policies of this folder beside the shipped ones."""
    return Config(state_dir=str(folder), dispatcher=DispatcherFiles(extra=(str(folder),), **settings))  # type: ignore[arg-type]


def test_policies_are_the_shipped_ones_and_the_operators_own_without_those_left_out(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(POLICY, encoding="utf-8")
    shipped = [each.name for each in read_dispatch(Config()).policies]
    assert "Chat" in shipped
    found = read_dispatch(of_folder(tmp_path, disabled=("Chat",)))
    assert [each.name for each in found.policies] == [name for name in [*shipped, "Night"] if name != "Chat"]
    alone = read_dispatch(Config(dispatcher=DispatcherFiles(directory=str(tmp_path))))
    assert [each.name for each in alone.policies] == ["Night"]
    with pytest.raises(ConfigError, match=r"dispatcher\.disabled: no notification policy is named 'Chatter'"):
        read_dispatch(of_folder(tmp_path, disabled=("Chatter",)))


def test_a_mistake_in_a_policy_has_its_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(POLICY.replace("email", "mail"), encoding="utf-8")
    (tmp_path / "twice.toml").write_text(POLICY.replace("Night", "chat"), encoding="utf-8")
    inputs, errors = look_into_files(of_folder(tmp_path))
    assert inputs.dispatch.policies == ()
    (error,) = errors
    own, twice = str(error).splitlines()
    assert own.startswith(f"policies: {tmp_path}/own.toml:3: policies[0].actions[0].channel: Invalid enum value 'mail'")
    assert twice.startswith(f"policies: {tmp_path}/twice.toml:2: policies[0].name: ")
    assert twice.endswith("default.toml has one named 'chat' already")


def test_a_template_that_a_policy_names_has_to_be_there(tmp_path: Path) -> None:
    policies, templates = tmp_path / "policies", tmp_path / "templates"
    policies.mkdir()
    templates.mkdir()
    named = POLICY.replace('to = "noc', 'template = "short", to = "noc')
    step = '[[policies.routes]]\nactions = [{ escalate = [{ after_seconds = 9, to = "on-call", template = "night" }] }]\n'
    (policies / "own.toml").write_text(named + step, encoding="utf-8")
    config = of_folder(policies)
    (error,) = look_into_files(config)[1]
    assert str(error).splitlines() == [
        f"policies: {policies}/own.toml:3: policies[0].actions[0].template: 'short' is no template of the configuration; "
        "[notifier] templates has none",
        f"policies: {policies}/own.toml:5: policies[0].routes[0].actions[0].escalate[0].template: 'night' is no template of "
        "the configuration; [notifier] templates has none",
    ]
    config = replace(config, notifier=replace(config.notifier, templates=str(templates)))
    (templates / "short.toml").write_text('text = "{{ count }}"\n', encoding="utf-8")
    (error,) = look_into_files(config)[1]
    assert str(error).endswith("'night' is no template of the configuration; there are short")
    (templates / "night.toml").write_text('text = "{{"\n', encoding="utf-8")
    (error,) = look_into_files(config)[1]
    assert f"{templates}/night.toml: text" in str(error), "one mistake, not two"
    (templates / "night.toml").write_text('text = "{{ count }}"\n', encoding="utf-8")
    inputs, errors = look_into_files(config)
    assert errors == []
    assert msgspec.msgpack.decode(inputs.dispatch.inputs, type=DispatchInputs).templates == ("night", "short")


def test_policies_become_an_event_only_when_they_or_the_settings_changed(tmp_path: Path) -> None:
    world, dispatch = World(), DispatchState()

    def changed(config: Config) -> list[DispatchLoaded]:
        inputs, errors = look_into_files(config)
        assert not errors
        return [event for event in changed_inputs(world.state, inputs, dispatch) if isinstance(event, DispatchLoaded)]

    (loaded,) = changed(of_folder(tmp_path))
    dispatch.digest = loaded.digest
    assert changed(of_folder(tmp_path)) == []
    assert len(changed(of_folder(tmp_path, storm_mails=3))) == 1
    (tmp_path / "own.toml").write_text(POLICY, encoding="utf-8")
    (loaded,) = changed(of_folder(tmp_path))
    assert loaded.policies[-1].name == "Night"
    without, _ = look_into_files(of_folder(tmp_path))
    assert not any(isinstance(event, DispatchLoaded) for event in changed_inputs(world.state, Inputs(*without)))


@pytest.mark.parametrize(
    ("section", "read"),
    [("rules", read_rules), ("dispatcher", read_dispatch), ("sla", read_credit_models)],
    ids=["rules", "dispatcher", "sla"],
)
def test_a_mistake_whose_line_is_not_known_names_the_file_alone(
    tmp_path: Path, section: str, read: Callable[[Config], object]
) -> None:
    (tmp_path / "own.toml").write_text("broken = [")
    with pytest.raises(ConfigError, match=rf"{tmp_path}/own\.toml: not TOML"):
        read(parse(f'[{section}]\nextra = ["{tmp_path}"]\n'))
