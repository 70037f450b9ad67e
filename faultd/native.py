"""Whether the way of a trap runs compiled (``make native``) or interpreted: the same code in one of two forms."""

from typing import Literal

from actors.correlator import fold

TRAP_PATH: Literal["compiled", "interpreted"] = "interpreted" if (fold.__file__ or "").endswith(".py") else "compiled"
