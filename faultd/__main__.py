"""``python -m faultd``."""

from faultd.cli import main

main()
