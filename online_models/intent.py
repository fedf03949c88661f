"""Will this session buy? A calibrated probability, learnt as sessions end."""

from typing import Final

from online_models.classifier import OnlineClassifier

PRIOR: Final = 0.03
"""Share of sessions that buy, before any outcome is known: the usual order in web shops."""

LIVE_WINDOW: Final = 2_048
LIVE_PACE: Final = 256
LIVE_SLOW: Final = 100
"""Examples a tree: what thousands of events a second can afford. With fewer, trees are fresher."""


class IntentModel(OnlineClassifier):
    """The classifier, as it is asked at steps of a session. Answers `PRIOR` at first.

    >>> model = IntentModel()
    >>> round(model.predict_proba_one({"carts": 2.0})[True], 2)
    0.03
    >>> for n in range(200):
    ...     model.learn_one({"carts": float(n % 2)}, n % 2 == 1)
    >>> model.predict_proba_one({"carts": 1.0})[True] > 0.8
    True
    """

    def __init__(
        self,
        prior: float = PRIOR,
        *,
        max_features: int = 64,
        window: int = LIVE_WINDOW,
        pace: int = LIVE_PACE,
        slow: int = LIVE_SLOW,
        seed: int = 1,
    ) -> None:
        super().__init__(
            prior, max_features=max_features, window=window, pace=pace, slow=slow, seed=seed
        )
