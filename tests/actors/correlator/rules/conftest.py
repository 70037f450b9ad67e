"""A fold with rules."""

import pytest
from vocabulary.rules import RuleWorld


@pytest.fixture
def ruled() -> RuleWorld:
    return RuleWorld()


@pytest.fixture
def bare() -> RuleWorld:
    """Without a topology."""
    return RuleWorld(nodes=())


@pytest.fixture(scope="session")
def new_ruled() -> type[RuleWorld]:
    """To make several of."""
    return RuleWorld
