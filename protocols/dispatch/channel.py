"""The channels by which people and other systems are told."""

from typing import Literal, get_args

Channel = Literal["email", "sms", "slack", "teams", "webhook", "remediation"]
"""``webhook`` sends the notification to another system; ``remediation`` asks a system to repair, and reports what it did."""
CHANNELS: tuple[Channel, ...] = get_args(Channel)
