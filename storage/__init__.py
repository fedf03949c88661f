"""Views: the protocol, its Redis implementation and one in memory."""
