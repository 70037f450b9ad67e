"""Origin of a rule or a topology node: a file of the configuration, or the REST API."""

from typing import Literal

Origin = Literal["file", "api"]
