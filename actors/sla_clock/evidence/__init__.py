"""Evidence about a service: the plant above it, outage intervals, exclusions, and the timelines that follow."""
