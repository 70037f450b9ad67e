"""POST /notifications/preview: a template is tried, nothing is sent."""

import pytest
from vocabulary.api import RunningApi

PATH = f"{RunningApi.FAULTS}/notifications/preview"


async def test_a_message_by_a_template_by_parts_and_built_in(lab: RunningApi) -> None:
    async with lab.serve(), lab.client() as client:
        built_in = (await client.post(PATH, json={"kind": "recovered"})).json()
        loaded = (await client.post(PATH, json={"template": "short"})).json()
        parts = {"subject": "{{ to }}: {{ count }}", "html": "<b>{{ reason }}</b>"}
        tried = (await client.post(PATH, json={"parts": parts, "facts": {"count": 7, "causes": "odd"}})).json()
        sms = (await client.post(PATH, json={"channel": "sms"})).json()
    assert built_in["subject"] == "[CLEARED] Feeder fibre cut"
    assert "Do: Send a splicing crew" in built_in["text"]
    assert built_in["error"] == ""
    assert (loaded["subject"], loaded["text"], loaded["html"]) == ("[CRITICAL] Feeder fibre cut", "Feeder fibre cut\n", "")
    assert (tried["subject"], tried["html"]) == ("Ann: 7", "<b>open for 30 s</b>")
    assert sms["text"] == "[CRITICAL] Feeder fibre cut, OLT-1 PON 0/2, 32 customers, A17"
    assert lab.appended == []


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"template": "none"}, "no template is named 'none'"),
        ({"parts": {"text": "{{ causes.__class__ }}"}}, "text: SecurityError"),
        ({"parts": {"text": "{% for %}"}}, "text: TemplateSyntaxError"),
    ],
)
async def test_a_template_that_fails_is_shown_as_a_message_would_be_sent(
    lab: RunningApi, body: dict[str, object], error: str
) -> None:
    async with lab.serve(), lab.client() as client:
        answer = await client.post(PATH, json=body)
    assert answer.status_code == 200
    assert answer.json()["error"].startswith(error)
    assert answer.json()["subject"] == "[CRITICAL] Feeder fibre cut"


@pytest.mark.parametrize(
    "body", [{"template": "a", "parts": {}}, {"channel": "pigeon"}, {"words": "x"}, {"parts": {"body": "x"}}]
)
async def test_bodies_that_are_none(lab: RunningApi, body: dict[str, object]) -> None:
    async with lab.serve(), lab.client() as client:
        assert (await client.post(PATH, json=body)).status_code in (400, 422)


async def test_a_viewer_may_not_try_templates(lab: RunningApi) -> None:
    async with lab.serve(), lab.client("viewer") as client:
        assert (await client.post(PATH, json={})).status_code == 403
