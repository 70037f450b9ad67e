"""The trap listener: datagrams from the sockets, checked and decoded, become Events on the ledger."""
