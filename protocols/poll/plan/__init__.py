"""Poll plans compiled from the profiles: OIDs as octets, indexes to positions and back, elements to values."""
