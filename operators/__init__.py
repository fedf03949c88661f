"""The logic of each stage of the graph; pure: no Redis, Kafka, environment or clock."""
