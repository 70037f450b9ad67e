"""Parts of the OpenAPI document that Litestar does not derive: query parameters from Structs, and errors as problems."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from litestar.openapi import ResponseSpec
from litestar.openapi.spec import Components, OpenAPIMediaType, OpenAPIResponse, Operation, Parameter, Reference, SecurityScheme
from litestar.openapi.spec.enums import OpenAPIType
from litestar.openapi.spec.schema import Schema
from litestar.params import BodyKwarg
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition

from actors.api.problems import MEDIA_TYPE
from protocols.rest_problem import ProblemDocument

if TYPE_CHECKING:
    from litestar._openapi.schema_generation import SchemaCreator

_ERRORS = {
    "400": "Malformed: what is wrong is named",
    "401": "No token, or one that is unknown, revoked or expired",
    "403": "The token's role or tenant does not allow this",
    "431": "The request line and headers are too large",
    "503": "Not now, see Retry-After: the database that reads need is away, or the ledger takes nothing",
}
_FURTHER = {
    "404": "No such thing, or not one of this token's tenant",
    "409": "The alarm's state does not allow this",
    "412": "The resource does not have the revision that If-Match names, or has one that If-None-Match excludes (the answer "
    "has the present one); or nothing here has a revision",
    "413": "The body is too large",
    "415": "The body is not of a type that is taken",
    "422": "JSON, but not what is asked for: the field is named",
}


@dataclass
class ApiOperation(Operation):
    """An operation under /api whose errors are problems."""

    def take(self, parameters: Iterable[Parameter]) -> None:
        """Add parameters that no handler's signature names."""
        self.parameters = [*(self.parameters or []), *parameters]

    def __post_init__(self) -> None:
        errors = dict(_ERRORS)
        path = any(isinstance(one, Parameter) and one.param_in == "path" for one in self.parameters or ())
        for status, text in _FURTHER.items():
            if (
                status in (self.responses or {})
                or (status == "404" and path)
                or (status == "409" and path and self.request_body)
                or (status in ("413", "415", "422") and self.request_body)
            ):
                errors[status] = text
        responses = {status: answer for status, answer in (self.responses or {}).items() if status < "400"}
        for status, text in sorted(errors.items()):
            responses[status] = _refusal(text)
        self.responses = responses


def name_failed_conditions(paths: Mapping[str, Mapping[str, dict[str, Any]]]) -> None:
    """Add the 412 to every write under /api in the ``paths`` of a document: each may fail by a condition, also one that takes
    none and has no body. An operation does not know its own method when it is made."""
    for path, item in paths.items():
        for method, operation in item.items():
            if path.startswith("/api/") and method != "get":
                responses = operation["responses"] | {"412": _refusal(_FURTHER["412"]).to_schema()}
                operation["responses"] = dict(sorted(responses.items()))


def _refusal(text: str) -> OpenAPIResponse:
    schema = Reference(ref="#/components/schemas/Problem")
    return OpenAPIResponse(description=text, content={MEDIA_TYPE: OpenAPIMediaType(schema=schema)})


def documented(query: type[msgspec.Struct], also: str = "", kind: type[ApiOperation] = ApiOperation) -> type[Operation]:
    """An operation with the fields of ``query`` as its query parameters; ``also`` is a second type that it answers in."""
    parameters = list(_parameters(query))

    @dataclass
    class DocumentedOperation(kind):  # type: ignore[misc, valid-type]
        def __post_init__(self) -> None:
            self.take(parameters)
            super().__post_init__()
            found = (self.responses or {}).get("200")
            if also and isinstance(found, OpenAPIResponse) and found.content is not None:
                found.content[also] = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING))

    return DocumentedOperation


@dataclass
class ConditionalOperation(ApiOperation):
    """A write on one resource, which takes ``If-Match`` and ``If-None-Match``."""

    def __post_init__(self) -> None:
        self.take([IF_MATCH, UNLESS])
        super().__post_init__()


@dataclass
class TaggedOperation(ApiOperation):
    """A read of one resource, whose answer has an ``ETag``: it takes ``If-None-Match`` and ``If-Match``."""

    def __post_init__(self) -> None:
        self.take([IF_NONE_MATCH, IF_MATCH])
        not_modified = OpenAPIResponse(description="The representation is one of those that If-None-Match names")
        self.responses = {**(self.responses or {}), "304": not_modified, "412": OpenAPIResponse(description="")}
        super().__post_init__()


class Tuples(OpenAPISchemaPlugin):
    """``Annotated[tuple[X, ...], Meta]`` is an array of X: Litestar takes the dots for a second type that an item may have."""

    def is_plugin_supported_field(self, field_definition: FieldDefinition) -> bool:
        return field_definition.origin is tuple and field_definition.args[1:] == (Ellipsis,)

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: "SchemaCreator") -> Schema:
        limits = field_definition.kwarg_definition
        return Schema(
            type=OpenAPIType.ARRAY,
            items=schema_creator.not_generating_examples.for_field_definition(field_definition.inner_types[0]),
            min_items=getattr(limits, "min_items", None),
            max_items=getattr(limits, "max_items", None),
        )


def _parameters(kind: type[msgspec.Struct]) -> Iterable[Parameter]:
    _, components = msgspec.json.schema_components([kind], ref_template="{name}")
    properties: dict[str, dict[str, Any]] = components[kind.__name__]["properties"]
    for name, schema in properties.items():
        yield Parameter(
            name=name,
            param_in="query",
            description=schema.pop("description", None),
            schema=schema_of(schema),
            required=False,
            explode=True if schema.get("type") == "array" else None,
        )


_SAME = {"type": "type", "enum": "enum", "minimum": "minimum", "maximum": "maximum", "format": "format", "default": "default"}
_RENAMED = {"minLength": "min_length", "maxLength": "max_length", "description": "description", "required": "required"}


def schema_of(schema: Mapping[str, Any]) -> Schema | Reference:
    """A JSON schema by msgspec, of the few kinds that occur in queries and problems, as Litestar's type. None is left out of
    a union: a query parameter that is None is not given at all."""
    if "$ref" in schema:
        return Reference(ref=schema["$ref"])
    if "anyOf" in schema:
        return schema_of(next(option for option in schema["anyOf"] if option.get("type") != "null"))
    known = {new: schema[old] for old, new in (_SAME | _RENAMED).items() if schema.get(old) is not None}
    if "items" in schema:
        known["items"] = schema_of(schema["items"])
    if "properties" in schema:
        known["properties"] = {name: schema_of(inner) for name, inner in schema["properties"].items()}
    return Schema(**known)


IF_MATCH = Parameter(
    name="If-Match",
    param_in="header",
    required=False,
    description="Only if the resource has this revision: the ETag of an earlier answer, several of them, or `*`",
    schema=Schema(type=OpenAPIType.STRING),
)
IF_NONE_MATCH = Parameter(
    name="If-None-Match",
    param_in="header",
    required=False,
    description="Only if the representation is another one: the ETag of an earlier answer, several of them, or `*`",
    schema=Schema(type=OpenAPIType.STRING),
)
UNLESS = Parameter(
    name="If-None-Match",
    param_in="header",
    required=False,
    description="Only if the resource does not have this revision: the ETag of an earlier answer, several of them, or `*`",
    schema=Schema(type=OpenAPIType.STRING),
)
COMPONENTS = Components(security_schemes={"bearer": SecurityScheme(type="http", scheme="bearer", description="A faultd token")})
DONE = ResponseSpec(None, generate_examples=False, description="Done; PostgreSQL is away, which has the alarm as it is now")
_PROBLEM: Any = Annotated[ProblemDocument, BodyKwarg(schema_component_key="Problem")]
PROBLEM = ResponseSpec(_PROBLEM, media_type=MEDIA_TYPE, generate_examples=False)
"""Given to one handler, it has Litestar put the schema of Problem among the components, to which every error refers."""
