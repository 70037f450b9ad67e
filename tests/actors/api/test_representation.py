"""The outermost steps of an answer, without a server."""

import trio

from actors.api.asgi import Message
from actors.api.representation import Representation


async def test_nothing_is_sent_behind_the_answer_to_head() -> None:
    """A body that is made in parts without a wait reaches its next part before the cancellation reaches it."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    answer = Representation({"headers": []}, "HEAD", send)
    with answer.head_sent:
        await answer.send({"type": "http.response.start", "status": 200, "headers": []})
        await answer.send({"type": "http.response.body", "body": b"a", "more_body": True})
        await answer.send({"type": "http.response.body", "body": b"b", "more_body": True})
        await trio.lowlevel.checkpoint()
        raise AssertionError("the rest of the body is made, and nobody reads it")
    assert [(each["type"], each.get("body"), each.get("more_body")) for each in sent] == [
        ("http.response.start", None, None),
        ("http.response.body", b"", False),
    ]
