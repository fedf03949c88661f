"""Who answers a campaign, and who answers because of it?

One classifier over person and campaign together (the "S-learner" of Künzel et al. 2019): what a
campaign adds is its answer with the campaign less its answer without one.
"""

from collections.abc import Mapping
from typing import Any, Final

from online_models.classifier import OnlineClassifier

NOBODY: Final = "none"
"""The campaign of people who got none: the control group."""

CAMPAIGN: Final = "campaign"
TREATED: Final = "treated"


class ResponseModel:
    """Response to campaigns: a probability, and the uplift over not being approached.

    Uplift means something only where it was left to chance who got a campaign. Cost: that of the
    classifier, twice for an uplift. `prior` is the usual order of e-mail responses.

    >>> model = ResponseModel(window=256)
    >>> for n in range(600):
    ...     campaign = ("mail", "none")[n // 2 % 2]
    ...     model.learn_one({"loyal": n % 2}, campaign == "mail" and n % 2 == 1, campaign)
    >>> model.uplift_one({"loyal": 1}, "mail") > 0.3 > model.uplift_one({"loyal": 0}, "mail")
    True
    """

    def __init__(
        self, prior: float = 0.05, *, window: int = 8_192, pace: int = 8, seed: int = 1
    ) -> None:
        self.classifier = OnlineClassifier(prior, window=window, pace=pace, seed=seed)

    def predict_proba_one(self, x: Mapping[str, Any], campaign: str = NOBODY) -> dict[bool, float]:
        """Return the probability of a response by somebody who gets `campaign`."""
        return self.classifier.predict_proba_one(_joined(x, campaign))

    def uplift_one(self, x: Mapping[str, Any], campaign: str) -> float:
        """Return by how much `campaign` raises the probability; below 0 it puts people off."""
        asked = self.predict_proba_one(x, campaign)[True]
        return asked - self.predict_proba_one(x, NOBODY)[True]

    def learn_one(self, x: Mapping[str, Any], y: bool, campaign: str = NOBODY) -> None:
        """Learn whether somebody who got `campaign` responded."""
        self.classifier.learn_one(_joined(x, campaign), y)


def _joined(x: Mapping[str, Any], campaign: str) -> dict[str, Any]:
    return {**x, CAMPAIGN: campaign, TREATED: float(campaign != NOBODY)}
