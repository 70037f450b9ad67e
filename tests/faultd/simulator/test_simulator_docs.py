"""docs/simulator.md names every scenario with its help text, and every option."""

from pathlib import Path

import pytest
from msgspec.structs import fields

from faultd.simulator.agents.variants import VARIANTS, AgentVariant
from faultd.simulator.plan import Options
from faultd.simulator.plant import MAKERS, PlantSpec
from faultd.simulator.scenarios import SCENARIOS

TEXT = (Path(__file__).parents[3] / "docs" / "simulator.md").read_text()


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_is_documented_in_its_own_words(name: str) -> None:
    assert f"| `{name}` | {SCENARIOS[name].help} |" in TEXT


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_of_an_agent_is_documented_in_its_own_words(name: AgentVariant) -> None:
    assert f"| `{name}` | {VARIANTS[name]} |" in TEXT


@pytest.mark.parametrize("name", [*(each.name for each in (*fields(PlantSpec), *fields(Options))), *MAKERS])
def test_an_option_is_documented(name: str) -> None:
    assert f"`{name}`" in TEXT
