"""Webhooks: triggers posted to subscribers' addresses, signed, retried, and kept from harm."""
