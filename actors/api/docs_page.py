"""The page at ``/schema``: every operation of the OpenAPI document as plain HTML, without anything from another host.

Litestar's own pages load their scripts from public servers, and a NOC's network often reaches none.
"""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from litestar import Request
from litestar.openapi.plugins import OpenAPIRenderPlugin

from actors.api.openapi_document import for_clients

_STYLE = """
:root{color-scheme:light dark;--line:#8885;--dim:#888}
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
code,.m{font-family:ui-monospace,monospace;font-size:.93em}
details{border:1px solid var(--line);border-radius:6px;margin:.4rem 0;padding:.4rem .8rem}
summary{cursor:pointer}.m{display:inline-block;min-width:4.2em;font-weight:700}
table{border-collapse:collapse;width:100%;margin:.5rem 0}td,th{text-align:left;vertical-align:top;
border-top:1px solid var(--line);padding:.2rem .6rem .2rem 0}.dim{color:var(--dim)}h2{margin-top:2rem}
"""
_METHODS = ("get", "post", "put", "patch", "delete")


class PlainPage(OpenAPIRenderPlugin):
    """Litestar's hook for a documentation page."""

    def __init__(self) -> None:
        super().__init__(path="/", favicon="", style="")

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return page(for_clients(openapi_schema)).encode()


def page(document: Mapping[str, Any]) -> str:
    """An OpenAPI 3.1 document as one HTML page."""
    info = document["info"]
    groups: dict[str, list[str]] = {}
    for path, item in document["paths"].items():
        for method in _METHODS:
            if operation := item.get(method):
                tag = (operation.get("tags") or ["other"])[0]
                groups.setdefault(tag, []).append(_operation(method, path, operation))
    schemas = document.get("components", {}).get("schemas", {})
    body = "".join(f"<h2>{escape(tag)}</h2>{''.join(entries)}" for tag, entries in groups.items())
    models = "".join(_model(name, schema) for name, schema in sorted(schemas.items()))
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{escape(info['title'])}</title><style>{_STYLE}</style><h1>{escape(info['title'])} "
        f"<span class=dim>{escape(info['version'])}</span></h1><p>{escape(info.get('description') or '')}</p>"
        f"<p>The same for programs: <a href='/schema/openapi.json'>openapi.json</a></p>{body}<h2>Bodies</h2>{models}</html>"
    )


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> str:
    parts = [f"<p>{escape(operation.get('description') or '')}</p>"]
    if parameters := operation.get("parameters"):
        rows = (
            (parameter["name"], parameter["in"], _type(parameter.get("schema") or {}), parameter.get("description") or "")
            for parameter in parameters
        )
        parts.append(_table(("parameter", "in", "type", ""), rows))
    for schema in _contents(operation.get("requestBody") or {}):
        parts.append(f"<p>Body: {_type(schema)}</p>")
    rows = (
        (status, " ".join(_type(schema) for schema in _contents(answer)), "", answer.get("description") or "")
        for status, answer in (operation.get("responses") or {}).items()
    )
    parts.append(_table(("status", "body", "", ""), rows))
    return (
        f"<details><summary><span class=m>{method.upper()}</span> <code>{escape(path)}</code> "
        f"<span class=dim>{escape(operation.get('summary') or '')}</span></summary>{''.join(parts)}</details>"
    )


def _model(name: str, schema: Mapping[str, Any]) -> str:
    required = set(schema.get("required") or ())
    rows = (
        (field, _type(kind), "required" if field in required else "", kind.get("description") or "")
        for field, kind in (schema.get("properties") or {}).items()
    )
    text = escape(schema.get("description") or "") + (_type(schema) if "enum" in schema else "")
    table = _table(("field", "type", "", ""), rows)
    return f"<details id='{escape(name)}'><summary><code>{escape(name)}</code></summary><p>{text}</p>{table}</details>"


def _contents(holder: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    for content in (holder.get("content") or {}).values():
        yield content.get("schema") or {}


def _type(schema: Mapping[str, Any]) -> str:
    """A schema in a few words of HTML."""
    if reference := schema.get("$ref"):
        name = escape(reference.rsplit("/", 1)[-1])
        return f"<a href='#{name}'>{name}</a>"
    for word in ("oneOf", "anyOf", "allOf"):
        if options := schema.get(word):
            return " or ".join(_type(option) for option in options)
    if values := schema.get("enum"):
        return " | ".join(f"<code>{escape(str(value))}</code>" for value in values)
    if "const" in schema:
        return f"<code>{escape(str(schema['const']))}</code>"
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items') or {})}"
    kind = schema.get("type") or "any"
    names = " or ".join(kind) if isinstance(kind, list) else str(kind)
    return escape(f"{names} ({schema['format']})" if schema.get("format") else names)


def _table(head: tuple[str, str, str, str], rows: Iterable[tuple[str, str, str, str]]) -> str:
    cells = "".join(
        f"<tr><td><code>{escape(first)}</code><td>{second}<td>{third}<td>{escape(last)}" for first, second, third, last in rows
    )
    return f"<table><tr>{''.join(f'<th>{word}' for word in head)}{cells}</table>" if cells else ""
