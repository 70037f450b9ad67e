"""Request lines as strangers write them: the stream admits or refuses each, and raises nothing else."""

from datetime import UTC, datetime

from fuzzing.request_lines import PIECES
from hypothesis import example, given, settings
from hypothesis import strategies as st

from actors.stream.request import RefusedHandshake, admit
from protocols.principal import Principal

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TARGETS = st.one_of(st.lists(st.sampled_from(PIECES), max_size=12).map("".join), st.text(max_size=60))


class Tokens:
    """Knows one token."""

    def verify(self, token: str, now: datetime) -> Principal | None:
        return Principal("noc", "viewer") if token == "good" else None


@settings(max_examples=600, deadline=None)
@given(TARGETS, TARGETS, st.lists(TARGETS, max_size=3))
@example("//[", "", [])
@example("/alarms?token=good", "[", [])
def test_a_request_line_is_admitted_or_refused(target: str, host: str, subprotocols: list[str]) -> None:
    headers = [(b"origin", host.encode("utf-8", "surrogatepass"))]
    for prefix in ("", "/alarms?", "/alarms?token=good&"):
        try:
            token = admit(f"{prefix}{target}", headers, host, subprotocols, origins=("*",), tokens=Tokens(), now=NOW).token
            status = 101
        except RefusedHandshake as refused:
            token, status = "", refused.status
        assert status in ((101,) if token == "good" else (400, 401, 403, 404))
