"""Service effects: the effect of an open alarm on the service of what depends on its resource.

The availability of a service is computed from them, never from the names, symptoms or severities of alarms. A type declares its
service effect in ``config/profiles/types.toml`` or in the profile that has it; see ``docs/profiles.md``.
"""

from typing import Final, Literal, get_args

ServiceEffect = Literal["outage", "degraded", "unknown", "none"]
SERVICE_EFFECTS: Final[tuple[ServiceEffect, ...]] = get_args(ServiceEffect)

SERVICE_EFFECT_TEXTS: Final[dict[ServiceEffect, str]] = {
    "outage": "Everything that depends on the alarm's resource has no service while the alarm is open.",
    "degraded": "What depends on the resource has service of lower quality, or a part of it is missing: never downtime.",
    "unknown": "faultd cannot see the resource while the alarm is open, so it does not know whether there is service.",
    "none": "The alarm has no effect on service, or it is a conclusion, and the alarms that led to it have the effect.",
}
"""One sentence for each service effect, in the order in which the documentation lists them."""
