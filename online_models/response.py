"""Who answers a campaign, and who answers because of it?

One classifier over person and campaign together (the "S-learner" of Künzel et al. 2019): what a
campaign adds is its answer with the campaign less its answer without one.
"""

from collections.abc import Mapping
from typing import Any, Final

from river import base

from online_models.classifier import OnlineClassifier

NOBODY: Final = "none"
"""The campaign of people who got none: the control group."""

CAMPAIGN: Final = "campaign"
TREATED: Final = "treated"

PRIOR: Final = 0.05
WINDOW: Final = 4_096
PACE: Final = 32
"""Examples a tree, as for churn: an approach is about as rare as a visit."""


class ResponseModel(base.Classifier):
    """Response to campaigns: a probability, and the uplift over not being approached.

    `x["campaign"]` is the campaign, a word; without one, nobody was approached. Uplift means
    something only where it was left to chance who got a campaign. The 64 campaigns met last are
    told apart. Cost: that of the classifier, twice for an uplift. `prior` is the usual order of
    e-mail responses.

    >>> model = ResponseModel(window=256, pace=8)
    >>> for n in range(600):
    ...     campaign = ("mail", "none")[n // 2 % 2]
    ...     model.learn_one({"loyal": n % 2, "campaign": campaign}, campaign == "mail" and n % 2)
    >>> uplifts = [model.uplift_one({"loyal": loyal, "campaign": "mail"}) for loyal in (0, 1)]
    >>> uplifts[0] < 0.3 < uplifts[1]
    True
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
        self.prior, self.max_features = prior, max_features
        self.window, self.pace, self.seed = window, pace, seed
        self.classifier = OnlineClassifier(
            prior, max_features=max_features, window=window, pace=pace, seed=seed
        )

    @property
    def _multiclass(self) -> bool:
        return False

    @property
    def learned(self) -> int:
        """How many answers were learnt from."""
        return self.classifier.learned

    def predict_proba_one(self, x: Mapping[str, Any], **kwargs: Any) -> dict[bool, float]:
        """Return the probability of a response by somebody who gets the campaign."""
        return self.classifier.predict_proba_one(_joined(x))

    def uplift_one(self, x: Mapping[str, Any]) -> float:
        """Return by how much the campaign raises the probability; below 0 it puts people off."""
        without = {**x, CAMPAIGN: NOBODY}
        return self.predict_proba_one(x)[True] - self.predict_proba_one(without)[True]

    def learn_one(self, x: Mapping[str, Any], y: bool, **kwargs: Any) -> None:
        """Learn whether somebody who got the campaign responded."""
        self.classifier.learn_one(_joined(x), bool(y))


def _joined(x: Mapping[str, Any]) -> dict[str, Any]:
    campaign = x.get(CAMPAIGN, NOBODY)
    return {**x, CAMPAIGN: campaign, TREATED: float(campaign != NOBODY)}
