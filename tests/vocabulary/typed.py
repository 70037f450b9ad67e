"""Narrowing for tests that know of which kind a thing is."""

from typing import TypeVar

T = TypeVar("T")


def of_kind(kind: type[T], thing: object) -> T:
    """``thing``, which has to be a ``kind``."""
    assert isinstance(thing, kind), thing
    return thing
