"""Sources, sinks and the graph: where the pure operators meet Kafka, Redis and the clock."""
