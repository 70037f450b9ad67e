"""Other people's programs that tests run. A missing one skips, except where continuous integration demands it."""

import os
import shutil

import pytest


def tool(name: str) -> str:
    """Path of the program ``name``."""
    found = shutil.which(name)
    if found is None:
        if os.environ.get("REQUIRE_TOOLS"):
            pytest.fail(f"{name} is not installed, and REQUIRE_TOOLS is set")
        pytest.skip(f"{name} is not installed")
    return found
