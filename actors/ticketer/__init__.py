"""The ticketer: does in the operator's desk what the dispatcher wants of tickets, and brings back what became of it."""
