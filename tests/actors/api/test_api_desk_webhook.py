"""The webhook of the desk: a ticket that changed there, by whoever has the secret, once."""

import json
from typing import Any

import httpx
import pytest
from vocabulary.api import DESK_KEY, RunningApi

from protocols.webhook_signature import signature

BODY = b'{"type": "ticket.changed", "data": {"key": "17"}}'


async def call(
    lab: RunningApi, body: bytes = BODY, *, key: bytes = DESK_KEY, late: int = 0, call_id: str = "c1", **headers: str
) -> httpx.Response:
    seconds = int(lab.now.timestamp()) + late
    signed = {
        "webhook-id": call_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": "v1,AAAA " + signature(call_id, seconds, body, key),
    }
    async with lab.client(None) as client:
        return await client.post(f"{lab.FAULTS}/tickets/webhook", content=body, headers=signed | headers)


async def test_a_signed_call_rings_once_without_a_token(lab: RunningApi) -> None:
    async with lab.serve():
        answer = await call(lab)
        assert (answer.status_code, answer.json()) == (202, {"key": "17", "known": True})
        assert (await call(lab, b'{"key": 5}', call_id="c2")).json() == {"key": "5", "known": False}
        assert (await call(lab, key=DESK_KEY[::-1] + b"former", call_id="c3")).status_code == 202
        replayed = await call(lab)
    assert (replayed.status_code, replayed.json()["type"]) == (409, "urn:faultd:problem:webhook_replayed")
    assert lab.desk.rang == ["17", "5", "17"]


@pytest.mark.parametrize(
    ("changes", "status", "kind"),
    [
        ({"key": b"another secret of 24 octets"}, 401, "webhook_forged"),
        ({"webhook-signature": "v1,AAAA"}, 401, "webhook_forged"),
        ({"webhook-signature": ""}, 401, "webhook_unsigned"),
        ({"webhook-id": "another"}, 401, "webhook_forged"),
        ({"webhook-id": "x" * 300}, 401, "webhook_unsigned"),
        ({"webhook-timestamp": "now"}, 401, "webhook_unsigned"),
        ({"late": -301}, 401, "webhook_stale"),
        ({"late": 301}, 401, "webhook_stale"),
        ({"body": b"key=17"}, 422, "webhook_malformed"),
        ({"body": b"[]"}, 422, "webhook_malformed"),
        ({"body": json.dumps({"key": "x" * 101}).encode()}, 422, "webhook_malformed"),
        ({"body": b'{"key": true}'}, 422, "webhook_malformed"),
        ({"body": b'{"key": "' + b"7" * 70_000 + b'"}'}, 413, "body_too_large"),
    ],
)
async def test_any_other_call_is_refused_and_says_why(lab: RunningApi, changes: dict[str, Any], status: int, kind: str) -> None:
    async with lab.serve():
        answer = await call(lab, **changes)
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:faultd:problem:{kind}"), answer.text
    assert lab.desk.rang == []
