"""Is one forecaster better than another, judged at any time without fooling oneself?

An e-process for the difference of two losses, after Choe and Ramdas, Comparing Sequential
Forecasters (Operations Research 72(4), 2024; arXiv 2110.00115), with the empirical-Bernstein bound
of Howard et al., Time-uniform, nonparametric, nonasymptotic confidence sequences (Annals of
Statistics 49(2), 2021). If the challenger is on average never better, the process exceeds 1/alpha
at *any* time with a probability of at most alpha (Ville's inequality): one may look after each
example, and stop when one likes. Losses need not be independent, nor their difference constant.
"""

import math
from typing import Final

RATES: Final = tuple(0.9 * 0.5**k for k in range(10))
"""Bets, as shares of the largest allowed; a mixture of them, so that none need be chosen."""


class SequentialTest:
    """Evidence that differences in [-1, 1] are positive on average. Cost: 0.5 us to learn.

    With d the differences, g their predictable running mean and c = 2 their largest departure, the
    evidence is the mean over bets b in [0, 1/c) of exp(b S - psi(b) V), where S is the sum of d,
    V that of (d - g)^2, and psi(b) = (-log(1 - c b) - c b) / c^2.

    >>> test = SequentialTest()
    >>> for n in range(2_000):
    ...     test.learn_one(0.05 + 0.1 * (n % 3 - 1))
    >>> test.log_evidence > math.log(1_000)
    True
    """

    def __init__(self) -> None:
        self.examples = 0
        self.total = 0.0
        self.spread = 0.0

    @property
    def mean(self) -> float:
        """The mean difference."""
        return self.total / self.examples if self.examples else 0.0

    def learn_one(self, difference: float) -> None:
        """Take a difference, of champion's loss to challenger's; beyond [-1, 1] it is cut."""
        difference = min(max(difference, -1.0), 1.0)
        self.spread += (difference - self.mean) ** 2
        self.examples += 1
        self.total += difference

    @property
    def log_evidence(self) -> float:
        """The natural logarithm of the e-process."""
        exponents = [bet * self.total - psi * self.spread for bet, psi in _BETS]
        top = max(exponents)
        return top + math.log(sum(math.exp(e - top) for e in exponents) / len(exponents))


def _psi(bet: float, scale: float = 2.0) -> float:
    return (-math.log1p(-scale * bet) - scale * bet) / scale**2


_BETS: Final = tuple((rate / 2.0, _psi(rate / 2.0)) for rate in RATES)
