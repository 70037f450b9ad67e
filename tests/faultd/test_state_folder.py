"""``state_dir`` is closed to other accounts at a start, or refused when it is theirs."""

import os
import stat
from pathlib import Path

import pytest
import structlog

from faultd.state_folder import StateFolderError, look, make


def mode(path: Path) -> str:
    return f"{stat.S_IMODE(path.stat().st_mode):04o}"


def test_what_was_open_to_others_is_closed_and_told_in_one_line(tmp_path: Path) -> None:
    folder, tokens, ledger = tmp_path / "state", tmp_path / "state" / "tokens.json", tmp_path / "state" / "ledger.sqlite"
    make(folder)
    tokens.write_text("{}")
    ledger.write_text("")
    os.chmod(folder, 0o777)
    os.chmod(tokens, 0o666)
    os.chmod(ledger, 0o600)
    with structlog.testing.capture_logs() as logs:
        make(folder)
    assert (mode(folder), mode(tokens), mode(ledger)) == ("0775", "0640", "0600")
    (line,) = logs
    assert line["closed"] == [f"{folder} (0777 -> 0775)", f"{tokens} (0666 -> 0640)"]
    with structlog.testing.capture_logs() as logs:
        make(folder)
    assert logs == []


def test_a_folder_of_everybody_is_refused(tmp_path: Path) -> None:
    os.chmod(tmp_path, 0o1777)
    for looked_at in (make, look):
        with pytest.raises(StateFolderError, match="every account of this machine can write there"):
            looked_at(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_account_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tokens.json").write_text("{}")
    os.chown(tmp_path / "tokens.json", 12345, -1)
    for looked_at in (make, look):
        with pytest.raises(StateFolderError, match=r"tokens\.json belongs to user 12345"):
            looked_at(tmp_path)
    os.chown(tmp_path, 12345, -1)
    make(tmp_path)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    target = tmp_path / "elsewhere"
    target.write_text("")
    os.chmod(target, 0o666)
    (tmp_path / "state" / "link").symlink_to(target)
    make(tmp_path / "state")
    assert mode(target) == "0666"
