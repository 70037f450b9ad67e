"""The command line with every command, for the docs and for tests."""

from faultd.cli import command_line

app = command_line()
