"""Settings of the ticketer (section ``[ticketer]``)."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from actors.http_url import check_url
from actors.ticketer.places import known_places, unknown_places
from protocols.dispatch.policy import TicketPriority
from protocols.dispatch.ticket import Desk

TMF621: dict[str, str] = {
    "search": "/troubleTicket?externalId={mark}",
    "create": "/troubleTicket",
    "create_body": '{"externalId": "{mark}", "name": "{title}", "description": "{description}", "ticketType": "{category}", '
    '"severity": "{priority}", "priority": "{priority}", "relatedParty": [{"id": "{customer_id}", "role": "customer", '
    '"@referredType": "Customer"}]}',
    "ticket": "/troubleTicket/{key}",
    "change_body": '{"status": "{status}", "priority": "{priority}", "note": [{"text": "{comment}", "author": "faultd"}], '
    '"troubleTicketRelationship": [{"id": "{related}", "relationshipType": "relatedTo"}]}',
    "appends": "/note",
    "content_type": "application/merge-patch+json",
    "key": "/id",
    "link": "/href",
    "status": "/status",
    "notes": "/note",
    "note_id": "/id",
    "note_text": "/text",
    "note_author": "/author",
    "open_status": "inProgress",
    "closed_status": "resolved",
}
"""TM Forum's Trouble Ticket API, version 4."""
TMF621_V5: dict[str, str] = TMF621 | {
    "search": "/troubleTicket?externalIdentifier.id={mark}",
    "create_body": '{"@type": "TroubleTicket", "externalIdentifier": [{"@type": "ExternalIdentifier", "owner": "faultd", '
    '"externalIdentifierType": "ticket", "id": "{mark}"}], "name": "{title}", "description": "{description}", '
    '"ticketType": "{category}", "severity": "{priority}", "priority": "{priority}", '
    '"relatedParty": [{"@type": "RelatedPartyRefOrPartyRoleRef", "role": "customer", '
    '"partyOrPartyRole": {"@type": "PartyRef", "@referredType": "Customer", "id": "{customer_id}"}}]}',
    "change_body": '{"@type": "TroubleTicket", "status": "{status}", "priority": "{priority}", '
    '"note": [{"@type": "Note", "text": "{comment}", "author": "faultd"}], "troubleTicketRelationship": '
    '[{"@type": "TroubleTicketRelationship", "id": "{related}", "relationshipType": "relatedTo"}]}',
}
"""The same API, version 5: entities name their types, and an external id is an entity of its own."""
_PRESETS = {"": {}, "tmf621": TMF621, "tmf621v5": TMF621_V5}


class RestDeskSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[ticketer.rest]``"""

    preset: Literal["", "tmf621", "tmf621v5"] = ""
    """`tmf621`: TM Forum's Trouble Ticket API, version 4; `tmf621v5`: version 5. It gives every setting that you leave
    empty."""
    search: str = ""
    """Path behind `url` that finds a ticket, with `{mark}`: `/tickets?external={mark}`."""
    results: str = ""
    """JSON pointer to the list of tickets in its answer. Empty: the answer is the list."""
    create: str = ""
    """Path to which a new ticket is posted."""
    create_body: str = ""
    """Its JSON, with places in the texts, `{mark}` among them. A field whose text is one place takes the value as it is, and is
    left out where there is none."""
    ticket: str = ""
    """Path of one ticket, with `{key}`: read by GET, changed by `change_method`."""
    change_method: Literal["PATCH", "PUT", "POST"] = "PATCH"
    """Method of a change."""
    change_body: str = ""
    """JSON of a change, with `{comment}`, `{status}`, `{priority}` and `{related}` (the key of a ticket to link); a place
    without a value leaves its field out."""
    appends: str = ""
    """JSON pointer to a list in `change_body` whose entries are put behind those that the ticket has. Empty: none."""
    content_type: str = ""
    """Media type of a change. Empty: `application/json`."""
    key: str = ""
    """JSON pointer to the key, in a ticket."""
    link: str = ""
    """JSON pointer to the URL for people, in a ticket. Empty: none."""
    status: str = ""
    """JSON pointer to the status, in a ticket."""
    notes: str = ""
    """JSON pointer to the list of comments, in a ticket. Empty: comments are not read."""
    note_id: str = ""
    """JSON pointer to the desk's id, in a comment."""
    note_text: str = ""
    """JSON pointer to the text, in a comment."""
    note_author: str = ""
    """JSON pointer to the author, in a comment."""
    open_status: str = ""
    """`{status}` of a ticket that is opened again."""
    closed_status: str = ""
    """`{status}` of a ticket that is closed."""
    closed: tuple[str, ...] = ("resolved", "closed", "cancelled")
    """Statuses that are read as closed, in lower case."""

    def filled(self) -> "RestDeskSettings":
        """With what the preset gives. Raises ValueError for what is missing or wrong."""
        given = _PRESETS[self.preset]
        filled = msgspec.structs.replace(self, **{name: text for name, text in given.items() if not getattr(self, name)})
        for name in ("search", "create", "create_body", "ticket", "change_body", "key"):
            if not getattr(filled, name):
                raise ValueError(f"rest.{name}: is needed with the desk rest")
        for name in ("search", "create", "ticket", "create_body", "change_body"):
            if unknown := unknown_places(getattr(filled, name)):
                raise ValueError(f"rest.{name}: has no place {{{unknown[0]}}}; places are {', '.join(known_places())}")
        for name in ("create_body", "change_body"):
            if not isinstance(_json(name, getattr(filled, name)), dict):
                raise ValueError(f"rest.{name}: is no JSON object")
        for name, place in (("search", "{mark}"), ("create_body", "{mark}"), ("ticket", "{key}"), ("change_body", "{comment}")):
            if place not in getattr(filled, name):
                raise ValueError(f"rest.{name}: has no {place}")
        for name in ("results", "appends", "key", "link", "status", "notes", "note_id", "note_text", "note_author"):
            if (pointer := getattr(filled, name)) and not pointer.startswith("/"):
                raise ValueError(f"rest.{name}: a JSON pointer begins with /")
        return filled


class TicketerSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[ticketer]``"""

    desk: Desk = "embedded"
    """Where tickets are made: `embedded` (faultd itself), `rt` (Request Tracker 5), `roundup`, `rest` (a desk with REST)."""
    url: str = ""
    """The desk: `https://rt.example.net`, `https://roundup.example.net/noc`, the base of a REST API. Redirects are not
    followed."""
    user: str = ""
    """Account at the desk. Empty: the secret is sent as a token."""
    password_file: str = ""
    """File with the account's password, or with the token."""
    ca_file: str = ""
    """Certificates (PEM) that are trusted for `url`, beside those of the system."""
    queue: str = ""
    """Queue of Request Tracker (empty: `General`); the place `{queue}` of a REST desk."""
    priorities: dict[TicketPriority, str] = {}
    """The desk's words for `critical`, `high`, `medium`, `low`. One that is not given has the desk's usual word."""
    open_status: str = ""
    """Status of a ticket that is opened again. Empty: `open` in Request Tracker, `chatting` in Roundup."""
    closed_status: str = ""
    """Status of a ticket that is closed. Empty: `resolved`."""
    search_lag_seconds: Annotated[float, Meta(ge=0, le=3_600)] = 30.0
    """After an attempt to make a ticket of which it is not known what became: the desk is searched for as long before another
    one is made."""
    poll_seconds: Annotated[float, Meta(ge=0, le=86_400)] = 60.0
    """How often the desk is asked what people changed. 0: never."""
    webhook_secret_file: str = ""
    """File with the secret with which the desk signs `POST /tickets/webhook`; with two lines while it changes, the new one
    first. Empty: such calls are refused."""
    attempt_seconds: Annotated[float, Meta(gt=0, le=600)] = 30.0
    """Longest time of one attempt."""
    attempts: Annotated[int, Meta(ge=1, le=100_000)] = 300
    """Attempts after which a task is given up: about a day. Two are at most 5 minutes apart."""
    concurrency: Annotated[int, Meta(ge=1, le=32)] = 4
    """Tickets at a time."""
    rest: RestDeskSettings = RestDeskSettings()
    """See `[ticketer.rest]`."""

    def __post_init__(self) -> None:
        check_url(self.url)
        if self.desk != "embedded" and not self.url:
            raise ValueError(f"url: is needed with the desk {self.desk}")
        if self.user and not self.password_file:
            raise ValueError("password_file: is needed with user")
        if self.webhook_secret_file and self.desk == "embedded":
            raise ValueError("webhook_secret_file: the embedded desk sends no webhooks")
        if self.desk == "roundup" and not self.user:
            raise ValueError("user: is needed with the desk roundup")
        if self.desk == "rest":
            self.rest.filled()


def _json(name: str, text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise ValueError(f"rest.{name}: no JSON: {error}") from error
