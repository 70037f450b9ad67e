"""Service level agreements: definitions, instances, breaches, credits, and the time arithmetic that all floors share."""
