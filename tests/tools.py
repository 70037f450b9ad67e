"""Other people's programs that tests run. A missing one skips, except where continuous integration demands it."""

import os
import shutil

import pytest


def tool(name: str, folder: str | None = None) -> str:
    """Path of the program ``name``, in ``folder`` or on the path."""
    found = shutil.which(name, path=folder)
    if found is None:
        if os.environ.get("REQUIRE_TOOLS"):
            pytest.fail(f"{name} is not installed, and REQUIRE_TOOLS is set")
        pytest.skip(f"{name} is not installed")
    return found
