"""The functional core: pure functions over frozen values. Nothing in here does I/O or reads a clock."""
