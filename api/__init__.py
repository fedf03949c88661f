"""The HTTP service: collect events, serve views. Thin: it reads views and writes events."""
