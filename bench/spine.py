"""``faultd`` without any strategy of correlation: what the rest of it costs. Only the bench runs it."""

from actors.correlator import ponder
from faultd.cli import main

if __name__ == "__main__":
    vars(ponder).update(STRATEGIES=(), _DUE={})
    main()
