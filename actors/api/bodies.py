"""Request bodies decoded strictly by msgspec (Litestar's own way would take "5" for 5), documented by Litestar."""

from collections.abc import Generator
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import msgspec
from litestar.dto import AbstractDTO
from litestar.dto.data_structures import DTOFieldDefinition
from litestar.openapi.spec import Reference, Schema
from litestar.typing import FieldDefinition

from actors.api.mistakes import in_one_line, mistakes_in
from actors.api.problems import ProblemError, field_error

if TYPE_CHECKING:
    from litestar._openapi.schema_generation import SchemaCreator
    from litestar.dto._backend import DTOBackend


MOST_EXPLAINED: Final = 131_072
"""Octets: of a larger body the first mistake is named, by msgspec. Looking for all of them takes longer, and traps wait."""


@cache
def _decoder(annotation: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(annotation)


def decode_body(content: bytes, annotation: Any) -> Any:
    """JSON as ``annotation``. Raises ProblemError: 400 for what is no JSON, 422 naming the field for what does not fit."""
    try:
        return _decoder(annotation).decode(content)
    except msgspec.ValidationError as error:
        # The type may be found wrong before the JSON is found broken; broken goes first.
        value = _json(content)
        found = mistakes_in(value, annotation, error) if len(content) <= MOST_EXPLAINED else [field_error(error)]
        raise ProblemError(422, "invalid_body", in_one_line(found), found) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _malformed(error) from error


def _json(content: bytes) -> Any:
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _malformed(error) from error


def _malformed(error: Exception) -> ProblemError:
    text = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
    return ProblemError(400, "malformed_json", f"the body is not JSON: {text}")


class StrictBody(AbstractDTO[Any]):
    """Litestar's hook for decoding ``data``: the handler's own annotation, by :func:`decode_body`."""

    def decode_bytes(self, value: bytes) -> Any:
        field = self.asgi_connection.route_handler.parsed_data_field
        return decode_body(value, field.annotation)

    def decode_builtins(self, value: Any) -> Any:
        raise ProblemError(415, "unsupported_media_type", "the body must be JSON (Content-Type: application/json)")

    @classmethod
    def create_for_field_definition(
        cls, field_definition: FieldDefinition, handler_id: str, backend_cls: "type[DTOBackend] | None" = None
    ) -> None:
        """No generated model: msgspec's Structs are the model."""

    @classmethod
    def create_openapi_schema(
        cls, field_definition: FieldDefinition, handler_id: str, schema_creator: "SchemaCreator"
    ) -> Reference | Schema:
        return schema_creator.for_field_definition(field_definition)

    @classmethod
    def generate_field_definitions(cls, model_type: type[Any]) -> Generator[DTOFieldDefinition, None, None]:
        yield from ()

    @classmethod
    def detect_nested_field(cls, field_definition: FieldDefinition) -> bool:
        return False
