"""The simulator must not share the correlator's opinions: it imports nothing of the actors."""

import subprocess
import sys

_PROGRAM = """
import pkgutil, importlib, sys
import faultd.simulator
for module in pkgutil.walk_packages(faultd.simulator.__path__, "faultd.simulator."):
    importlib.import_module(module.name)
print(sorted(name for name in sys.modules if name.partition(".")[0] == "actors" or name == "protocols.profile"))
"""


def test_the_simulator_imports_no_actor_and_no_profile() -> None:
    ran = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.strip() == "[]"
