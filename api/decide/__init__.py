"""The next best action: which offer to make a person at a placement, and why."""
