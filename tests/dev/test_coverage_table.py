"""The table of coverage by folder."""

from dev.coverage_table import rows, table


def file(lines: int, covered: int, branches: int, taken: int) -> dict[str, dict[str, int]]:
    return {
        "summary": {
            "num_statements": lines,
            "covered_lines": covered,
            "num_branches": branches,
            "covered_branches": taken,
        }
    }


REPORT = {
    "files": {
        "actors/ledger/actor.py": file(100, 90, 20, 10),
        "actors/ledger/deep/down.py": file(10, 10, 0, 0),
        "faultd/app.py": file(2000, 2000, 2, 1),
        "faultd/empty.py": file(0, 0, 0, 0),
    }
}


def test_files_are_summed_by_folder_and_in_total() -> None:
    found = {row.folder: row for row in rows(REPORT)}
    assert list(found) == ["actors/ledger", "faultd", "total"]
    assert (found["actors/ledger"].lines_covered, found["actors/ledger"].branches_covered) == (100, 10)
    assert found["actors/ledger"].percent == 100 * 110 / 130
    assert found["total"].lines == 2110


def test_what_is_not_whole_is_never_shown_as_a_hundred_percent() -> None:
    lines = table(rows(REPORT)).splitlines()
    assert lines[0].split() == ["folder", "lines", "branches", "covered"]
    assert lines[2].split() == ["faultd", "2000/2000", "1/2", "99.9", "%"]


def test_nothing_measured_is_no_error() -> None:
    (total,) = rows({"files": {}})
    assert total.percent == 0
