"""Whether every event of the log came to exactly one end: what `headrace audit` compares."""
