"""Fuzz what a manager receives: datagrams, and ScopedPDUs inside of authentic v3 messages. See ``common``."""

import atheris
from common import run

with atheris.instrument_imports(include=["protocols"]):
    from fuzzing.manager_entry import seeds, take


def one(data: bytes) -> None:
    take(data)


if __name__ == "__main__":
    run("manager", seeds, one, prefix=2)
