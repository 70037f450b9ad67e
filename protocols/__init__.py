"""The words: every type that crosses a mailbox, a wire or a table. No I/O, no clock, no trio."""
