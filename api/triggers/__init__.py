"""Triggers handed out: subscriptions, a stream, a long poll. `api.webhooks` sends webhooks."""
