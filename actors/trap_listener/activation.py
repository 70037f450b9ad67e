"""Sockets that systemd hands over: the environment of sd_listen_fds(3)."""

from collections.abc import Mapping

from msgspec import Struct

FIRST_DESCRIPTOR = 3


class Inherited(Struct, frozen=True):
    """One descriptor that was passed, with its name (``FileDescriptorName=``, ``unknown`` when not named)."""

    descriptor: int
    name: str


def inherited(environment: Mapping[str, str], pid: int) -> tuple[Inherited, ...]:
    """The descriptors meant for process ``pid``. Nothing when the variables are absent, meant for another, or malformed."""
    try:
        if int(environment["LISTEN_PID"]) != pid:
            return ()
        count = int(environment["LISTEN_FDS"])
    except (KeyError, ValueError):
        return ()
    names = environment.get("LISTEN_FDNAMES", "").split(":")
    return tuple(
        Inherited(FIRST_DESCRIPTOR + number, names[number] if number < len(names) and names[number] else "unknown")
        for number in range(count)
    )
