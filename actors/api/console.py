"""The console's page and its files, for a browser. The page has no data: it reads the API with the operator's token.

Nothing that is not in the folder can run in the page: the policy allows scripts and styles of this origin alone, and with
Trusted Types no text becomes markup (CSP level 3; W3C Trusted Types).
"""

from typing import Annotated

from litestar import Response, Router, get
from litestar.params import PathParameter
from litestar.response import Redirect

from actors.api.access import allow
from actors.api.console_files import PAGE, ConsoleFile, ConsoleFiles
from actors.api.console_settings import ConsoleSettings
from actors.api.entity_tags import revision_tag
from actors.api.openapi import PROBLEM, ApiOperation
from actors.api.problems import ProblemError
from actors.api.routes import By, Given, pages, resource
from protocols.rest_console import ConsoleStart
from protocols.rest_daemon import Me

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # An address may name a customer or a token.
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
FileName = Annotated[str, PathParameter(description="Path of a file of the console", max_length=200)]


@get("/", summary="The console", tags=["daemon"], security=[], opt=allow("nothing", page=True))
async def get_root(console: Given[ConsoleFiles | None]) -> Response[bytes] | Redirect:
    """The page for operators; without a console it leads to `/schema`."""
    page = console.get(PAGE) if console is not None else None
    return Redirect("/schema", status_code=303) if page is None else _answer(page)


@get("/console/{name:path}", summary="A file of the console", tags=["daemon"], security=[], opt=allow("nothing"))
async def get_console_file(name: FileName, console: Given[ConsoleFiles | None]) -> Response[bytes]:
    """A script, a style sheet or the words of a language."""
    wanted = name.removeprefix("/")
    file = console.get(wanted) if console is not None else None
    if file is None:
        raise ProblemError(404, "no_such_path", f"nothing is at /console/{wanted}")
    return _answer(file)


@get("/stream", summary="The alarm stream on this port", tags=["daemon"], security=[], opt=allow("nothing", page=True))
async def get_stream() -> None:
    """The server hands a request to upgrade to the stream before it is read here: this answers all others."""
    text = "this path speaks WebSocket (docs/stream.md); open it with a connection of its own"
    raise ProblemError(426, "upgrade_required", text, headers={"Upgrade": "websocket"})


@get(
    "/console",
    summary="What the console needs to begin",
    operation_class=ApiOperation,
    responses={401: PROBLEM},
    opt=allow("viewer"),
)
async def get_console(by: By, settings: Given[ConsoleSettings]) -> ConsoleStart:
    """The caller, the title of this installation, and the views that every operator finds."""
    return ConsoleStart(Me(by.name, by.role, by.tenant), settings.title, settings.views)


def _answer(file: ConsoleFile) -> Response[bytes]:
    """The file with the tag of its only revision: the digest of its octets distinguishes what an upgrade brings."""
    return Response(file.content, media_type=file.media_type, headers={**_HEADERS, "ETag": revision_tag(1)})


def routes(settings: ConsoleSettings, files: ConsoleFiles | None) -> list[Router]:
    """``files`` None: there is no console, and `GET /` leads to the description of the API."""
    return [
        pages([get_root, get_console_file, get_stream], console=files),
        resource("access", [get_console], settings=settings),
    ]
