"""Where views are kept: a protocol, Redis and memory behind it, one contract suite for both."""
