"""Tools for developers of faultd: `make check` and `make coverage`. Nothing here is installed with faultd."""
