"""Reports of one device, and each time that it was down by event time."""

from vocabulary.world import World, moment

Step = tuple[str, float, float | None]
"""What is reported, when it is received, and its own time; in seconds."""

CASES: list[tuple[list[Step], list[tuple[float, float | None]]]] = [
    ([("down", 0, None)], [(0, None)]),
    ([("down", 0, None), ("up", 60, None)], [(0, 60)]),
    # the reporter's own time goes before the receipt
    ([("down", 30, 0), ("up", 100, 90)], [(0, 90)]),
    # a late clear ends it when it ended
    ([("down", 0, 0), ("up", 4000, 300)], [(0, 300)]),
    # a time in the future is a wrong clock
    ([("down", 0, 0), ("up", 60, 500)], [(0, 60)]),
    # repeats move neither begin nor end
    ([("down", 0, 0), ("down", 20, 19), ("down", 30, 5), ("up", 60, 59)], [(0, 59)]),
    # re-opened
    ([("down", 0, 0), ("up", 60, 60), ("down", 90, 80), ("up", 120, 110)], [(0, 60), (80, 110)]),
    ([("down", 0, 0), ("up", 60, 60), ("down", 90, 80), ("down", 95, 95)], [(0, 60), (80, None)]),
    # not before its clear
    ([("down", 0, 0), ("up", 60, 60), ("down", 100, 50)], [(0, 60), (60, None)]),
    # a clear is not before the last begin
    ([("down", 0, 0), ("up", 60, 60), ("down", 100, 100), ("up", 200, 80)], [(0, 60), (100, 100)]),
    ([("down", 10, None), ("up", 20, 5)], [(10, 10)]),
    # three times
    (
        [("down", 0, 0), ("up", 10, 9), ("down", 20, 19), ("up", 30, 29), ("down", 40, 39), ("up", 50, 49)],
        [(0, 9), (19, 29), (39, 49)],
    ),
    # the raise that was sent first arrives second
    ([("down", 4, 4), ("down", 5, 2), ("up", 60, 60)], [(2, 60)]),
    # a clear that was sent before the raise ends nothing
    ([("down", 10, 10), ("up", 11, 9)], [(10, None)]),
    # the clear overtakes its raise: a new alarm, a cleared one, and one whose clear covers the raise
    ([("up", 10, 9), ("down", 11, 7)], [(7, 9)]),
    ([("down", 0, 0), ("up", 60, 60), ("up", 100, 99), ("down", 101, 97)], [(0, 60), (97, 99)]),
    ([("down", 0, 0), ("up", 60, 60), ("down", 61, 58)], [(0, 60)]),
    ([("down", 0, 0), ("up", 60, 60), ("up", 62, 61.5), ("down", 63, 59)], [(0, 60), (60, 61.5)]),
    # after the control time it is another alarm
    ([("down", 0, 0), ("up", 60, 60), ("down", 20_000, 20_000)], [(0, 60), (20_000, None)]),
]
"""The reports, and begin and end of each time; a time of no length is one where the reports leave none."""


def play(world: World, steps: list[Step]) -> None:
    for what, received, dated in steps:
        world.at(received).network(f"device.{what}", at=None if dated is None else moment(dated))
