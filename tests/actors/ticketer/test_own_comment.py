"""A comment of faultd that comes back is known, whatever the desk made of it; one of a person is theirs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vocabulary.ticketing import MARK, task

from actors.ticketer.own_comment import is_of_task, is_own, signature, signed

OURS = signed("Over: it has cleared <b>\n2 circuits", MARK, task(4))
LINE = f"[faultd {MARK}.4]"
QUOTED = "\n".join(f"> {line}" for line in OURS.splitlines())


@pytest.mark.parametrize(
    "text",
    [
        OURS,
        OURS.replace("\n", "\r\n"),
        "  " + " ".join(OURS.split()) + "\n\n",
        OURS.replace(LINE, f"[faultd\n{MARK}.4 ]"),
        f"<p>Over: it has cleared</p><p>[faultd&nbsp;<b>{MARK}.4</b>]</p>",
        f"Over\n\n\\[faultd {MARK.replace('-', chr(92) + '-')}.4\\]",
        f"{OURS}\n\n-- \nSent by the service desk of Example",
        QUOTED,
        f"On Monday faultd wrote:\n{QUOTED}",
        f"<blockquote>Over <p>{LINE}</p></blockquote>",
        f"On Monday faultd wrote:<br><blockquote>{LINE}",
        "Comment of another faultd\n\n[faultd ffffffff-TK1-2.9]",
        "Of an earlier version\n\n[faultd ffffffff-TK1.2.9]",
    ],
)
def test_what_a_desk_makes_of_it_is_still_ours(text: str) -> None:
    assert is_own(text)


@pytest.mark.parametrize(
    "text",
    [
        "Splice done",
        "See faultd 17",
        "[faultd] is wrong",
        f"Splice done\n\n{QUOTED}",
        f"{QUOTED}\nSplice done",
        f"<p>Splice done</p><blockquote>{LINE}</blockquote>",
        f"Splice done\n\nOn Monday faultd wrote:\n{QUOTED}",
    ],
)
def test_what_a_person_says_is_theirs_although_they_quote_ours(text: str) -> None:
    assert not is_own(text)


def test_the_comment_of_a_task_is_that_of_no_other() -> None:
    changed = OURS.replace("\n\n", "\r\n \r\n").replace(LINE, f"[faultd  {MARK}.4]")
    assert is_of_task(changed, MARK, task(4))
    assert not is_of_task(changed, MARK, task(40))
    assert not is_of_task(OURS.replace(".4]", ".44]"), MARK, task(4))
    assert not is_of_task(changed, MARK + "7", task(4))


@given(st.text(max_size=300), st.integers(1, 99), st.text(max_size=50))
def test_every_signed_comment_is_ours(text: str, number: int, footer: str) -> None:
    written = signed(text, MARK, task(number))
    assert written.endswith(signature(MARK, task(number)))
    assert is_own(written)
    is_own(footer + written + footer)
