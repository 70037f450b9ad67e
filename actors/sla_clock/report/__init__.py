"""The report of an instance in a period: the figures of the books, with the evidence from which they follow."""
