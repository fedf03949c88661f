"""What can go wrong with an evaluation."""


class EvaluationError(ValueError):
    """The evaluation cannot be made. The text says what, where, and how to mend it."""
