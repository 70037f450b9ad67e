"""The scripts of the console have the types that their comments say, by TypeScript."""

import subprocess
from pathlib import Path

from tools import tool

ROOT = Path(__file__).parents[2]
COMPILER = ROOT / ".make" / "typescript" / "node_modules" / ".bin"


def test_types_are_right() -> None:
    checked = subprocess.run([tool("tsc", str(COMPILER)), "-p", ROOT / "console"], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout) == (0, "")
