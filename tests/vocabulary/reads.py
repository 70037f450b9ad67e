"""Reads of a device by the poller, as Events for a World."""

from collections.abc import Iterable, Mapping
from itertools import groupby

from msgspec.structs import replace

from protocols.poll.states import DownCause, PartKind, PartStates, PolledStates, ReadReason, Span
from vocabulary.world import World, moment


def spans(numbers: Iterable[int]) -> tuple[Span, ...]:
    """Numbers as spans, in rising order."""
    groups = groupby(enumerate(sorted(numbers)), lambda pair: pair[1] - pair[0])
    found = [[number for _, number in group] for _, group in groups]
    return tuple((each[0], each[-1]) for each in found)


def parts(
    kind: PartKind,
    under: str,
    up: Iterable[int] = (),
    down: Mapping[int, DownCause] | None = None,
    unknown: Iterable[int] = (),
) -> PartStates:
    """The states of the parts below ``under``; ``down`` by number."""
    fallen = tuple((number, number, cause) for number, cause in sorted((down or {}).items()))
    return PartStates(kind=kind, under=under, up=spans(up), down=fallen, unknown=spans(unknown))


def read_of(
    world: World, *states: PartStates, reason: ReadReason = "daily", took: float = 1.0, **fields: object
) -> PolledStates:
    """A read of ``olt`` that ended just now. It is whole for the kinds of its states, unless ``whole`` says otherwise."""
    kinds = tuple(dict.fromkeys(each.kind for each in states))
    begun, ended = moment(world.seconds - took), moment(world.seconds)
    event = PolledStates(device="olt", reason=reason, begun=begun, ended=ended, whole=kinds, states=states)
    return replace(event, **fields)
