"""What a maintenance window would do to service level agreements, before it is planned. Answered from the fold."""

from collections.abc import Callable
from typing import Annotated

from litestar import Router, post
from litestar.params import JSONBody
from msgspec import Meta

from actors.api.access import allow
from actors.api.actions import tenant_of
from actors.api.maintenance import plan_of
from actors.api.openapi import ApiOperation
from actors.api.routes import By, Given, resource
from protocols.maintenance import WindowPlan
from protocols.rest_maintenance import WindowCreate
from protocols.rest_sla_preview import PreviewedWindow, previewed
from protocols.sla.preview import WindowPreview

Preview = Callable[[WindowPlan, str, str | None], WindowPreview]
"""Given the plan, the caller's name, and the tenant that the caller is of. Raises PlanError."""
