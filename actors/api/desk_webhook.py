"""The webhook of the operator's ticket desk: a ticket has changed there. The signature is the permission."""

from typing import Any, Final

from litestar import Request, Router, post

from actors.api.access import allow
from actors.api.openapi import PROBLEM, ApiOperation
from actors.api.problems import ProblemError
from actors.api.routes import Given, resource
from protocols.dispatch.desk_call import DeskCall, DeskCallRefused, DeskCalls
from protocols.webhook_signature import WebhookFault

_STATUSES: Final[dict[WebhookFault, int]] = {
    "not_configured": 404,
    "unsigned": 401,
    "forged": 401,
    "stale": 401,
    "replayed": 409,
    "malformed": 422,
}


@post(
    "/tickets/webhook",
    summary="Webhook of the desk",
    status_code=202,
    security=[],
    operation_class=ApiOperation,
    responses={404: PROBLEM, 409: PROBLEM, 412: PROBLEM, 413: PROBLEM, 422: PROBLEM},
    opt=allow("nothing", body="max_desk_webhook_bytes"),
)
async def hear_of_ticket(request: Request[Any, Any, Any], desk_calls: Given[DeskCalls]) -> DeskCall:
    """A ticket has changed in the desk: faultd reads it there. The body is `{"key": "17"}`, or has that in `data`.

    Signed by Standard Webhooks with the secret of `[ticketer] webhook_secret_file`; no token is needed. A `webhook-id` is taken
    once.
    """
    headers = {name: value for name, value in request.headers.items() if name.startswith("webhook-")}
    try:
        return desk_calls.call(headers, await request.body())
    except DeskCallRefused as refused:
        raise ProblemError(_STATUSES[refused.fault], f"webhook_{refused.fault}", str(refused)) from refused


def routes(calls: DeskCalls) -> Router:
    """The webhook of the desk."""
    return resource("tickets", [hear_of_ticket], desk_calls=calls)
