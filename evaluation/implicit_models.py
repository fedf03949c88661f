"""The models of the library `implicit`, retrained: ALS, BPR, and item-item neighbours.

Settings were chosen on the first 30 % of streams, as docs/evaluation.md says.
"""

import warnings
from abc import abstractmethod
from typing import Any, Final

import numpy as np
from implicit.als import AlternatingLeastSquares
from implicit.bpr import BayesianPersonalizedRanking
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender
from implicit.utils import ParameterWarning
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from evaluation.retrained import Retrained

FACTORS: Final = 32
NEIGHBOURS: Final = 500
SEED: Final = 1


class _Factors(Retrained):
    """Scores are the product of a visitor's factors and the items'."""

    def __init__(self, per_visit: bool = False, **settings: Any) -> None:
        super().__init__(per_visit)
        self._settings = settings
        self._model: Any = None

    def scores(self, row: int, touched: dict[int, int]) -> NDArray[np.floating[Any]]:
        """Return the products."""
        scores: NDArray[np.floating[Any]] = self._model.item_factors @ self._factors(row, touched)
        return scores

    @abstractmethod
    def _factors(self, row: int, touched: dict[int, int]) -> NDArray[np.floating[Any]]:
        """Return a visitor's factors."""


class Als(_Factors):
    """Alternating least squares; a visitor's factors are solved for at each answer (fold-in)."""

    name = "als"

    def fit(self, touches: csr_matrix) -> None:
        """Fit by the conjugate gradient."""
        given: dict[str, Any] = {"factors": FACTORS, "regularization": 10.0, "alpha": 10.0}
        given |= {"iterations": 15, "num_threads": 1, "random_state": SEED} | self._settings
        with threadpool_limits(limits=1, user_api="blas"):
            self._model = AlternatingLeastSquares(**given)
            self._model.fit(touches, show_progress=False)

    def _factors(self, row: int, touched: dict[int, int]) -> NDArray[np.floating[Any]]:
        one = _one_row(touched, self._trained)
        factors: NDArray[np.floating[Any]] = np.asarray(self._model.recalculate_user([0], one))
        return factors.reshape(-1)


class Bpr(_Factors):
    """Bayesian personalised ranking; who was not there at the training gets their items' mean."""

    name = "bpr"

    def __init__(self, per_visit: bool = False, **settings: Any) -> None:
        super().__init__(per_visit, **settings)
        self._users = 0

    def fit(self, touches: csr_matrix) -> None:
        """Fit by stochastic gradient steps."""
        given: dict[str, Any] = {"factors": FACTORS, "learning_rate": 0.05, "iterations": 100}
        given |= {"regularization": 0.01, "num_threads": 1, "random_state": SEED} | self._settings
        self._users = touches.shape[0]
        self._model = BayesianPersonalizedRanking(**given)
        self._model.fit(touches, show_progress=False)

    def _factors(self, row: int, touched: dict[int, int]) -> NDArray[np.floating[Any]]:
        if row < self._users:
            known: NDArray[np.floating[Any]] = self._model.user_factors[row]
            return known
        mean: NDArray[np.floating[Any]] = self._model.item_factors[list(touched)].mean(axis=0)
        mean[-1] = 1.0  # the last one of an item is its bias
        return mean


class _Neighbours(Retrained):
    """Scores are the similarities of what was touched, summed."""

    def __init__(self, per_visit: bool = False, **settings: Any) -> None:
        super().__init__(per_visit)
        self._settings = {"K": NEIGHBOURS, "num_threads": 1} | settings
        self._likeness = csr_matrix((0, 0))

    def fit(self, touches: csr_matrix) -> None:
        """Fit the nearest neighbours of each item."""
        model = self._made()
        with warnings.catch_warnings():
            # It says so of a matrix that it made itself.
            warnings.simplefilter("ignore", ParameterWarning)
            model.fit(touches, show_progress=False)
        self._likeness = model.similarity.tocsr()

    def scores(self, row: int, touched: dict[int, int]) -> NDArray[np.floating[Any]]:
        """Sum the similarities; items that are like none of them have no score."""
        summed = np.asarray((_one_row(touched, self._trained) @ self._likeness).todense()).ravel()
        return np.where(summed > 0.0, summed, -np.inf)

    def _made(self) -> Any:
        raise NotImplementedError


class Bm25Knn(_Neighbours):
    """Item-item neighbours of BM25-weighted touches."""

    name = "bm25-knn"

    def _made(self) -> Any:
        return BM25Recommender(**{"K1": 0.2, "B": 0.2} | self._settings)


class CosineKnn(_Neighbours):
    """Item-item neighbours by the cosine."""

    name = "cosine-knn"

    def _made(self) -> Any:
        return CosineRecommender(**self._settings)


def _one_row(touched: dict[int, int], items: int) -> csr_matrix:
    values = np.fromiter(touched.values(), np.float32, len(touched))
    return csr_matrix((values, list(touched), [0, len(touched)]), shape=(1, items))
