"""docs/api.md and OpenAPI name every endpoint, parameter and kind of problem, and nothing else."""

import re
import sys
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute
from vocabulary.api import RunningApi

ROOT = Path(__file__).parents[3]
DOC = (ROOT / "docs" / "api.md").read_text()


def _endpoints(application: Litestar) -> set[str]:
    found = set()
    for route in application.routes:
        if isinstance(route, HTTPRoute) and not route.path.startswith("/schema"):
            path = re.sub(r":\w+}", "}", route.path)
            found |= {f"{method} {path}" for method in route.methods if method != "OPTIONS"}
    return found


def test_every_endpoint_is_documented_and_no_other(lab: RunningApi) -> None:
    documented = re.findall(r"^\| `((?:GET|POST|PATCH|PUT|DELETE) [^`]*)` \|", DOC, re.MULTILINE)
    assert sorted(documented) == sorted(_endpoints(lab.api.application))


async def test_openapi_has_every_endpoint_with_its_errors(lab: RunningApi, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("faker", "polyfactory"):  # an installation has neither
        monkeypatch.setitem(sys.modules, name, None)
    async with lab.serve(), lab.client() as client:
        document = (await client.get("/schema/openapi.json")).json()
    described = {f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item}
    assert described == _endpoints(lab.api.application)
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert operation["description"], (method, path)
            if path.startswith("/api"):
                for status in ("401", "403", "431", "503"):
                    content = operation["responses"][status]["content"]
                    assert content["application/problem+json"]["schema"]["$ref"] == "#/components/schemas/Problem"
    for path in ("alarms/{alarm_id}", "alarm-rules/{rule_id}", "maintenance-windows/{window_id}", "topology/nodes/{node_id}"):
        read = document["paths"][f"/api/v1/faults/{path}"]["get"]
        assert {"304", "412"} <= read["responses"].keys(), path
        assert "content" not in read["responses"]["304"]
        assert {"If-Match", "If-None-Match"} <= {parameter["name"] for parameter in read["parameters"]}
    for path, item in document["paths"].items():
        for method in item:
            if path.startswith("/api") and method != "get":
                assert "412" in item[method]["responses"], (method, path)
    assert "412" not in document["paths"]["/api/v1/faults/alarms"]["get"]["responses"]
    written = document["paths"]["/api/v1/faults/alarm-rules/{rule_id}"]["delete"]["parameters"]
    assert {"If-Match", "If-None-Match"} <= {parameter["name"] for parameter in written}
    assert {"Problem", "FieldError", "AlarmCreate", "Alarm"} <= document["components"]["schemas"].keys()
    parameters = document["paths"]["/api/v1/faults/alarms"]["get"]["parameters"]
    by_name = {parameter["name"]: parameter for parameter in parameters}
    assert by_name["severity"]["schema"]["items"]["$ref"] == "#/components/schemas/Severity"
    assert "critical" in document["components"]["schemas"]["Severity"]["enum"]
    assert by_name["limit"]["schema"]["maximum"] == 1000
    assert "last_occurrence" in document["components"]["schemas"]["AlarmSort"]["enum"]
    alarms = document["paths"]["/api/v1/faults/alarms"]["post"]["responses"]
    assert alarms["200"]["content"]["application/json"] == alarms["201"]["content"]["application/json"]
    assert "204" in document["paths"]["/api/v1/faults/alarms/{alarm_id}/clear"]["post"]["responses"]
    assert {"409", "422"} <= document["paths"]["/api/v1/faults/quarantine/{offset}/retry"]["post"]["responses"].keys()
    references = set(re.findall(r'"#/components/schemas/([^"]+)"', str(document).replace("'", '"')))
    assert references <= document["components"]["schemas"].keys()


async def test_openapi_says_of_every_item_what_it_is(lab: RunningApi) -> None:
    async with lab.serve(), lab.client() as client:
        document = (await client.get("/schema/openapi.json")).json()
    items: list[Any] = []

    def walk(part: Any) -> None:
        if isinstance(part, dict):
            if part.get("type") == "array":
                items.append(part.get("items"))
            part = list(part.values())
        if isinstance(part, list):
            for each in part:
                walk(each)

    walk(document)
    assert len(items) > 50
    for item in items:
        assert item
        assert {} not in item.get("oneOf", ())
    same = document["components"]["schemas"]["Conditions"]["properties"]["same"]
    assert (same["items"]["type"], same["maxItems"]) == ("string", 8)
    topology = document["paths"]["/api/v1/faults/topology"]
    assert {"application/json", "text/csv"} == topology["get"]["responses"]["200"]["content"].keys()
    assert "415" in topology["put"]["responses"]


async def test_operations_have_the_names_of_a_clients_functions(lab: RunningApi) -> None:
    async with lab.serve(), lab.client() as client:
        document = (await client.get("/schema/openapi.json")).json()
    names = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+(?:[A-Z][a-z]+)+", name) for name in names), names
    assert {"acknowledgeAlarm", "listAlarms", "getAlarm", "createMaintenanceWindow", "editRule", "removeNode"} <= set(names)


async def test_every_enum_is_a_component_with_one_name(lab: RunningApi) -> None:
    async with lab.serve(), lab.client() as client:
        document = (await client.get("/schema/openapi.json")).json()
    found: list[tuple[str, list[Any]]] = []

    def walk(place: str, part: Any) -> None:
        if isinstance(part, dict):
            if len(part.get("enum", ())) > 1:
                found.append((place, part["enum"]))
            for key, each in part.items():
                walk(f"{place}/{key}", each)
        elif isinstance(part, list):
            for number, each in enumerate(part):
                walk(f"{place}/{number}", each)

    walk("", document)
    assert [place for place, _ in found if not re.fullmatch(r"/components/schemas/\w+", place)] == []
    assert len({frozenset(values) for _, values in found}) == len(found) > 15
    schemas = document["components"]["schemas"]
    # Litestar tells two classes of one name apart by their modules: protocols_rest_Part.
    assert [name for name, schema in schemas.items() if "_" in name or schema["title"] != name] == []
    optional = document["paths"]["/api/v1/faults/alarms/{alarm_id}/acknowledge"]["post"]["requestBody"]
    assert optional["required"] is False


async def test_every_query_parameter_is_documented(lab: RunningApi) -> None:
    async with lab.serve(), lab.client() as client:
        document = (await client.get("/schema/openapi.json")).json()
    names = {
        parameter["name"]
        for item in document["paths"].values()
        for operation in item.values()
        for parameter in operation.get("parameters", ())
        if parameter["in"] in ("query", "header")
    }
    assert "severity" in names
    assert "Idempotency-Key" in names
    for name in names:
        assert re.search(rf"`{name}[`=:]", DOC), name


def test_every_kind_of_problem_is_documented() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "actors" / "api").glob("*.py"))
    kinds = set(re.findall(r'(?:ProblemError\(\s*|, )\d{3}, "(\w+)"', sources))
    kinds |= set(re.findall(r'unavailable\(\s*"(\w+)"', sources)) | set(re.findall(r'_URN \+ "(\w+)"', sources))
    kinds |= set(re.findall(r'ProblemError\(\s*\d{3},\s*"(\w+)"', sources)) | {"wrong_state", "invalid", "method_not_allowed"}
    assert len(kinds) > 20
    for kind in kinds:
        assert f"`{kind}`" in DOC, kind
