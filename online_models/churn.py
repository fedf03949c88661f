"""Will this person stay away? The probability that no further visit comes within a horizon."""

from typing import Final

from online_models.classifier import OnlineClassifier

PRIOR: Final = 0.5
WINDOW: Final = 4_096
PACE: Final = 32
"""Examples a tree. There is one example a visit, several times fewer than of intent."""


class ChurnModel(OnlineClassifier):
    """The classifier, asked once a visit; learns when the horizon has passed on the event clock.

    >>> round(ChurnModel().predict_proba_one({"days_quiet": 3.0})[True], 2)
    0.5
    """

    def __init__(
        self,
        prior: float = PRIOR,
        *,
        max_features: int = 64,
        window: int = WINDOW,
        pace: int = PACE,
        seed: int = 1,
    ) -> None:
        super().__init__(prior, max_features=max_features, window=window, pace=pace, seed=seed)
