"""A fold with its own clock."""

from collections.abc import Callable

import pytest
from vocabulary.world import World

from actors.correlator.settings import CorrelatorSettings


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def make_world() -> Callable[[CorrelatorSettings], World]:
    return World
