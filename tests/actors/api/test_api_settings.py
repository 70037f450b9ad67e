"""Settings that cannot work are refused by name."""

from typing import Any

import msgspec
import pytest

from actors.api.settings import ApiSettings
from protocols.address import split_bind


@pytest.mark.parametrize(
    ("bind", "parts"),
    [("127.0.0.1:8162", ("127.0.0.1", 8162)), ("[::1]:0", ("::1", 0)), ("noc.example:80", ("noc.example", 80))],
)
def test_binds(bind: str, parts: tuple[str, int]) -> None:
    assert split_bind(bind) == parts


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        *[({"bind": bind}, "bind") for bind in ("", "8162", ":8162", "::1:8162", "x:", "x:65536", "x:-1", "x:٣")],
        *[({name: 0}, name) for name in ("max_body_bytes", "answer_seconds", "max_connections", "header_seconds")],
        *[({name: -1}, name) for name in ("drain_seconds", "read_your_writes_seconds")],
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_cannot_work_is_named(settings: dict[str, Any], field: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=field):
        msgspec.convert(settings, ApiSettings)


async def test_it_listens_on_ipv6(make_lab: Any) -> None:
    lab = make_lab(bind="[::1]:0")
    async with lab.serve(), lab.client() as client:
        assert lab.address.startswith("[::1]:")
        assert (await client.get("/healthz")).status_code == 200
