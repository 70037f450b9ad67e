"""One module for each group of rows."""
