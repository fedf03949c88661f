"""What will the order of this visit be worth, if there is one?"""

from typing import Final

from online_models.regressor import OnlineRegressor

PACE: Final = 8
"""Examples a tree: there is one example an order, the rarest of all."""


class OrderValueModel(OnlineRegressor):
    """The regressor, asked once a visit; learns from the visits that end in an order.

    >>> OrderValueModel().predict_one({"orders": 2.0})
    0.0
    """

    def __init__(
        self,
        cover: float = 0.9,
        *,
        max_features: int = 64,
        window: int = 4_096,
        pace: int = PACE,
        seed: int = 1,
    ) -> None:
        super().__init__(cover, max_features=max_features, window=window, pace=pace, seed=seed)
