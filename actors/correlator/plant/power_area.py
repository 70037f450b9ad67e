"""Power areas as resources: ``area:NAME``, where NAME is the ``area`` of topology nodes."""

from typing import Final

AREA: Final = "area:"
"""How the id of a power area as a resource begins. The name of the area follows."""
