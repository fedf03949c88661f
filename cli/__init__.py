"""The `headrace` command, the supervisor and the embedded store and broker."""
