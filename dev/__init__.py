"""What a developer of faultd runs: `make check` and `make coverage`. Nothing here is installed with faultd."""
