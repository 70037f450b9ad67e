"""What an installation from the locks has, and has not: docs/decisions/0065-without-faker.md."""

import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LEFT_OUT = {"polyfactory"}
"""Required by litestar 2 for examples that faultd does not ask for; it requires faker."""


@pytest.mark.parametrize("file", sorted(ROOT.glob("requirements*.lock")), ids=lambda file: file.name)
def test_no_lock_has_faker(file: Path) -> None:
    pinned = set(re.findall(r"^([a-z0-9-]+)==", file.read_text(), re.MULTILINE))
    assert pinned
    assert not pinned & {"faker", "polyfactory"}


def test_all_else_that_faultd_requires_is_installed_and_of_a_version_that_is_accepted() -> None:
    """Installing with ``--no-deps`` would not say that a lock has a gap."""
    wanted, wrong = ["faultd"], []
    seen: set[str] = set()
    while wanted:
        name = wanted.pop()
        for text in distribution(name).requires or ():
            requirement = Requirement(text)
            if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
                continue
            required = canonicalize_name(requirement.name)
            if required in seen | LEFT_OUT:
                continue
            seen.add(required)
            try:
                version = distribution(required).version
            except PackageNotFoundError:
                wrong.append(f"{name} requires {required}, which is not installed")
                continue
            if not requirement.specifier.contains(version, prereleases=True):
                wrong.append(f"{name} requires {requirement}, {version} is installed")
            wanted.append(required)
    assert wrong == []
    assert len(seen) > 30


def test_the_daemon_is_put_together_without_it() -> None:
    without = "import sys; sys.modules |= dict.fromkeys(['faker', 'polyfactory']); import faultd.app, faultd.cli"
    done = subprocess.run([sys.executable, "-c", without], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
