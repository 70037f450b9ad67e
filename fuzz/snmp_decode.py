"""Fuzz the SNMP codec: every way in answers with a message or a SnmpRefusal, whatever the octets. See ``common``."""

import atheris
from common import run

with atheris.instrument_imports(include=["protocols"]):
    from fuzzing.corpus import datagrams, scoped_pdus
    from fuzzing.entry import decode_everything


def one(data: bytes) -> None:
    decode_everything(data)


if __name__ == "__main__":
    run("snmp_decode", lambda: [*datagrams(), *scoped_pdus()], one)
