"""Campaigns: what happened to a person, seen by the conditions in force, becomes triggers."""
