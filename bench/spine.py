"""``faultd`` without any strategy of correlation: what the rest of it costs. Only the bench runs it."""

from actors.correlator.strategies import run_strategies
from faultd.cli import main

if __name__ == "__main__":
    vars(run_strategies).update(STRATEGIES=(), _DUE={})
    main()
