"""Replays: a recording in one total order, through the same graph as live traffic."""
