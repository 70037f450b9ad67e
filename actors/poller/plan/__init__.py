"""From rows to facts: what a device's tables and scalars say, and what is different from the read before."""
