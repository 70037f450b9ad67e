"""The SLA clock: availability, response and resolution times, breaches and credits. So far its arithmetic, pure."""
