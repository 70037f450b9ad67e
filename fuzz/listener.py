"""Fuzz a datagram's whole way: checks of the listener, SNMPv3 (messages signed and encrypted around the input as well), the
ledger's encoding, the fold with the shipped profiles. See ``common``."""

import atheris
import structlog
import trio
from common import run

with atheris.instrument_imports(include=["protocols", "actors.trap_listener", "actors.correlator"]):
    from fuzzing.corpus import datagrams, scoped_pdus
    from fuzzing.entry import Way
    from vocabulary.lives import PROFILES


def seeds() -> list[bytes]:
    """The first octet says what the rest is: see ``Way.take``."""
    prefixed = [b"\x00" + datagram for datagram in datagrams()]
    return prefixed + [bytes((1 + number % 3,)) + pdu for number, pdu in enumerate(scoped_pdus())]


async def main() -> None:
    """The listener reads trio's clock, so that all of it runs inside of trio."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    way = Way(PROFILES)

    def one(data: bytes) -> None:
        way.take(data)

    run("listener", seeds, one, prefix=1)


if __name__ == "__main__":
    trio.run(main)
