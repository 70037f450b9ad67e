"""Whoever is on call in the demo: one person in the rota of the shipped policies, made by REST as an operator does."""

from datetime import UTC, datetime

import msgspec

from faultd.console.rest import Rest

ADDRESS = "night-shift@example.net"


def make_night_shift(rest: Rest) -> None:
    """Make a contact with a mailbox, and the rota ``on-call``, unless there is a rota already. Raises RestError."""
    if msgspec.json.decode(rest.get("/rotas"))["items"]:
        return
    methods = [{"channel": "email", "address": ADDRESS}]
    contact = msgspec.json.decode(rest.post("/contacts", {"name": "Night shift", "methods": methods}))
    layer = {"contacts": [contact["id"]], "start": f"{datetime.now(UTC):%Y-%m-%d}", "hand_over": "00:00"}
    rest.post("/rotas", {"name": "on-call", "layers": [layer]})
