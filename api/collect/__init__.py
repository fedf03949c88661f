"""The collector: events over HTTP, answered once the broker has them."""
