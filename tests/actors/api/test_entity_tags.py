"""Entity tags and content codings: what headers mean, by tables."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.api.content_coding import Coding, accepts_gzip
from actors.api.entity_tags import (
    Condition,
    EntityTag,
    condition_of,
    condition_of_write,
    expected,
    representation_tag,
    revision_tag,
)
from actors.api.problems import ProblemError

TAG = representation_tag(revision_tag(7), b"{}")


@pytest.mark.parametrize(
    ("lines", "tags"),
    [
        (['"7"'], [("7", False)]),
        (['W/"7"'], [("7", True)]),
        ([' "7" ,\t"8-x" '], [("7", False), ("8-x", False)]),
        (['"7"', '"8"'], [("7", False), ("8", False)]),
        ([',, "7",,'], [("7", False)]),
        (['"a,b"'], [("a,b", False)]),
        (['""'], [("", False)]),
        (['"\xe9"'], [("\xe9", False)]),
    ],
)
def test_lists_of_tags(lines: list[str], tags: list[tuple[str, bool]]) -> None:
    found = condition_of("If-Match", lines)
    assert found == Condition(tuple(EntityTag(value, weak) for value, weak in tags))


@pytest.mark.parametrize(
    "lines",
    [[""], [","], ["7"], ['"7'], ['7"'], ['"7" "8"'], ['w/"7"'], ['*, "7"'], ['"7"', "*"], ['"a b"'], ["\t" * 10_000 + "x"]],
)
def test_what_is_no_list_of_tags_is_refused(lines: list[str]) -> None:
    with pytest.raises(ProblemError) as caught:
        condition_of("If-Match", lines)
    assert (caught.value.problem.status, caught.value.problem.errors[0].field) == (400, "If-Match")


def test_no_header_is_no_condition_and_a_star_is_any() -> None:
    assert condition_of("If-Match", []) is None
    assert condition_of("If-Match", [" * "]) == Condition(any=True)


@pytest.mark.parametrize(
    ("value", "revision"),
    [
        ('"7"', 7),
        (f'"{TAG}"', 7),
        (f'"{TAG}-gzip"', 7),
        ('"0"', 0),
        ('W/"7"', None),
        ('"-7"', None),
        ('"7x"', None),
        ('"7-xyz"', None),
        ('"' + "9" * 19 + '"', None),
        ('"\xb2"', None),
        ('""', None),
    ],
)
def test_the_revision_that_a_tag_names(value: str, revision: int | None) -> None:
    condition = condition_of("If-Match", [value])
    assert condition is not None
    assert condition.tags[0].revision == revision


@pytest.mark.parametrize(
    ("value", "holds"),
    [
        (f'"{TAG}"', True),
        (f'W/"{TAG}"', True),
        (f'"{TAG}-gzip"', True),
        (f'"x", "{TAG}"', True),
        ("*", True),
        ('"7"', False),
        ('"8"', False),
    ],
)
def test_if_none_match_compares_weakly(value: str, holds: bool) -> None:
    condition = condition_of("If-None-Match", [value])
    assert condition is not None
    assert condition.weakly(TAG) is holds


@pytest.mark.parametrize(
    ("value", "current", "sent"),
    [
        (None, 7, {}),
        ("*", 7, {}),
        ('"7"', 7, {"A1": 7}),
        (f'"6", "{TAG}-gzip"', 7, {"A1": 7}),
        # No such resource for this caller: the command is answered like one without the header.
        ('"7"', None, {"A1": 7}),
        ('"x"', None, {"A1": -1}),
        ("*", None, {}),
    ],
)
def test_what_a_command_expects(value: str | None, current: int | None, sent: dict[str, int]) -> None:
    assert expected(condition_of("If-Match", [] if value is None else [value]), "A1", current) == sent


@pytest.mark.parametrize("value", ['"6"', 'W/"7"', '"x"', '"6", "8"'])
def test_another_revision_is_412_and_names_the_present_one(value: str) -> None:
    with pytest.raises(ProblemError) as caught:
        expected(condition_of("If-Match", [value]), "A1", 7)
    assert (caught.value.problem.status, caught.value.problem.revision, caught.value.headers) == (412, 7, {"ETag": '"7"'})


@given(st.text(st.characters(max_codepoint=255), max_size=60))
def test_any_header_is_a_condition_or_refused(text: str) -> None:
    with contextlib.suppress(ProblemError):
        condition = condition_of("If-Match", [text])
        assert condition is not None
        assert condition.any or condition.tags


@pytest.mark.parametrize(
    ("lines", "coding"),
    [
        ([], Coding(gzip=False, identity=True)),
        ([""], Coding(gzip=False, identity=True)),
        (["gzip"], Coding(gzip=True, identity=True)),
        (["GZIP, deflate, br"], Coding(gzip=True, identity=True)),
        (["x-gzip"], Coding(gzip=True, identity=True)),
        (["deflate, br"], Coding(gzip=False, identity=True)),
        (["*"], Coding(gzip=True, identity=True)),
        (["gzip;q=0"], Coding(gzip=False, identity=True)),
        (["gzip;q=0, *"], Coding(gzip=False, identity=True)),
        (["*;q=0"], Coding(gzip=False, identity=False)),
        (["gzip;q=0.5, identity;q=0.8"], Coding(gzip=False, identity=True)),
        (["gzip;q=0.8, identity;q=0.5"], Coding(gzip=True, identity=True)),
        (["gzip ; q=0.001"], Coding(gzip=True, identity=True)),
        (["gzip, identity;q=0"], Coding(gzip=True, identity=False)),
        (["gzip", "identity;q=0"], Coding(gzip=True, identity=False)),
        (["gzip;q=0, identity;q=0"], Coding(gzip=False, identity=False)),
        (["gzip;q=2"], Coding(gzip=False, identity=True)),
        (["gzip q=1"], Coding(gzip=False, identity=True)),
        (["gzip;level=9"], Coding(gzip=False, identity=True)),
    ],
)
def test_codings_by_their_weights(lines: list[str], coding: Coding) -> None:
    assert accepts_gzip(lines) == coding


@pytest.mark.parametrize(
    ("none_match", "excluded"),
    [
        ("*", True),
        ('"7"', True),
        ('W/"7"', True),
        (f'"x", "{TAG}-gzip"', True),
        ('"7-0000000000000000"', True),
        ('"6", "8"', False),
        ('"x"', False),
    ],
)
@pytest.mark.parametrize("match", [[], ["*"], ['"7"']])
def test_if_none_match_of_a_write_excludes_a_revision(match: list[str], none_match: str, excluded: bool) -> None:
    condition = condition_of_write(match, [none_match])
    if not excluded:
        assert expected(condition, "A1", 7) == ({"A1": 7} if match == ['"7"'] else {})
        return
    with pytest.raises(ProblemError) as caught:
        expected(condition, "A1", 7)
    assert (caught.value.problem.status, caught.value.problem.revision) == (412, 7)


def test_if_none_match_of_a_write_excludes_nothing_that_is_not_there() -> None:
    assert expected(condition_of_write([], ["*"]), "A1", None) == {}
    assert condition_of_write([], []) is None
