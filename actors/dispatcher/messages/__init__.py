"""Messages: the groups that decide when, the people that they reach, quiet hours, storms, and what became of each."""
