"""Which tests `make check` runs for a change."""

import pytest

from dev.selection import MOST_IMPORTERS, select

TESTS = {
    "tests/conftest.py": "import pytest",
    "tests/vocabulary/world.py": "from actors.correlator.fold import fold",
    "tests/actors/correlator/test_fold.py": "from actors.correlator.fold import fold\nfrom vocabulary.world import World",
    "tests/actors/correlator/test_fold_properties.py": "import actors.correlator.fold",
    "tests/actors/correlator/windows/test_windows_fold.py": "from actors.correlator.windows import strategy",
    "tests/actors/stream/test_stream_board.py": "from actors.stream.board import Board\nfrom protocols.event import Tick",
    "tests/actors/api/test_api_reads.py": "from actors.stream import board",
    "tests/acceptance/test_crash.py": "from actors.stream.board import Board",
    "tests/config/test_shipped_profiles.py": "",
}


@pytest.mark.parametrize(
    ("changed", "tests", "left_out"),
    [
        (["actors/correlator/fold.py"], ["test_fold", "test_fold_properties"], []),
        (["actors/correlator/windows/strategy.py"], ["test_windows_fold"], []),
        (["actors/stream/board.py"], ["test_api_reads", "test_stream_board"], ["test_crash"]),
        (["protocols/event.py"], ["test_stream_board"], []),
        (["tests/vocabulary/world.py"], ["test_fold"], []),
        (["tests/acceptance/test_crash.py"], ["test_crash"], []),
        (["config/profiles/zte.toml"], ["test_shipped_profiles"], []),
        (["LICENSE"], [], []),
    ],
)
def test_the_tests_for_a_change(changed: list[str], tests: list[str], left_out: list[str]) -> None:
    given = select(changed, TESTS)
    names = [path.rpartition("/")[2].removesuffix(".py") for path in given.tests]
    if changed == ["config/profiles/zte.toml"]:
        assert given.tests == ("tests/config/",), "a folder is run whole"
    else:
        assert names == tests
    assert [path.rpartition("/")[2].removesuffix(".py") for path in given.left_out] == left_out
    assert given.unmirrored == ()


def test_a_module_that_no_test_knows_is_named() -> None:
    assert select(["actors/clock/actor.py"], TESTS).unmirrored == ("actors/clock/actor.py",)


def test_of_many_that_import_a_module_the_nearest_are_run_and_the_others_named() -> None:
    far = {f"tests/faultd/test_{number:03}.py": "import protocols.event" for number in range(40)}
    given = select(["protocols/event.py"], {**far, "tests/protocols/test_serial.py": "import protocols.event"})
    assert len(given.tests) == MOST_IMPORTERS
    assert "tests/protocols/test_serial.py" in given.tests
    assert len(given.left_out) == 41 - MOST_IMPORTERS
