"""Keys find their lines."""

import pytest

from protocols.toml_lines import Path, dotted, line_of, lines_of

TEXT = """\
state_dir = "x"

[traps]
listen = [
  "a = b",
]
# allow = []
  community . "a.b" = 1

[[traps.users]]
name = "one"
[[traps.users]]
name = "two"
[traps.users.keys]
auth = "k"
[http]   # the API
bind = "y"
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("state_dir",), 1),
        (("traps",), 3),
        (("traps", "listen"), 4),
        (("traps", "community", "a.b"), 8),
        (("traps", "users", 0), 10),
        (("traps", "users", 0, "name"), 11),
        (("traps", "users", 1, "name"), 13),
        (("traps", "users", 1, "keys", "auth"), 15),
        (("http", "bind"), 17),
        (("http", "missing"), 16),
        (("traps", "listen", 0), 4),
        (("nowhere",), None),
    ],
)
def test_the_line_of_a_key_or_of_the_table_around_it(path: Path, line: int | None) -> None:
    assert line_of(lines_of(TEXT), path) == line


def test_a_path_reads_as_people_write_it() -> None:
    assert dotted(("traps", "users", 0, "name")) == "traps.users[0].name"
