"""Pages for people: what they show, and the stream that keeps them live."""
