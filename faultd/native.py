"""Whether the trap path runs compiled (``make native``) or interpreted. The code is the same."""

from typing import Literal

from actors.correlator import fold

TRAP_PATH: Literal["compiled", "interpreted"] = "interpreted" if (fold.__file__ or "").endswith(".py") else "compiled"
