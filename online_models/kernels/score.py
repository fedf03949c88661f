"""`scoring`, compiled: the same bits. Imported only if numba is there."""

import numba
import numpy as np

from online_models.elementary import exp_of

_exp = numba.njit(exp_of)


@numba.njit(cache=True)
def scores(features, own, shared, again):  # type: ignore[no-untyped-def]
    """Return the scores of candidates; `own` ones have weights `again` on top."""
    out = np.zeros(len(features))
    for line in range(len(features)):
        total = 0.0
        for expert in range(features.shape[1]):
            total += features[line, expert] * shared[expert]
        if own[line]:
            more = 0.0
            for expert in range(features.shape[1]):
                more += features[line, expert] * again[expert]
            total += more
        out[line] = total
    return out


@numba.njit(cache=True)
def leaders(items, scores, n):  # type: ignore[no-untyped-def]
    """Return where the n best stand, best first; of equals the one with the smaller number."""
    n = max(min(n, len(scores)), 0)
    best = np.empty(n, np.int64)
    if n == 0:
        return best
    held = 0
    for at in range(len(scores)):
        score = scores[at]
        if held == n:
            last = best[n - 1]
            if score < scores[last] or (score == scores[last] and items[at] > items[last]):
                continue
            place = n - 1
        else:
            place = held
            held += 1
        while place > 0:
            other = best[place - 1]
            if score < scores[other] or (score == scores[other] and items[at] > items[other]):
                break
            best[place] = other
            place -= 1
        best[place] = at
    return best


@numba.njit(cache=True)
def learn(features, own, weights, squares, cases, again, chosen, steps):  # type: ignore[no-untyped-def]
    """Take a step towards candidate `chosen`, in place; say whether the example was sound."""
    rate, limit, absurd = steps
    if not _sound(features, absurd):
        return False
    shared = np.zeros(features.shape[1])
    for case in cases:
        for expert in range(len(shared)):
            shared[expert] += weights[case, expert]
    said = scores(features, own, shared, weights[again])
    slope, mine, any_own = _slopes(features, own, said, chosen)
    for case in cases:
        _step(weights[case], squares[case], slope, rate, limit)
    if any_own:
        _step(weights[again], squares[again], mine, rate, limit)
    return True


@numba.njit(cache=True)
def _sound(features, absurd):  # type: ignore[no-untyped-def]
    for line in range(len(features)):
        for expert in range(features.shape[1]):
            if not abs(features[line, expert]) < absurd:  # NaN is not below either
                return False
    return True


@numba.njit(cache=True)
def _slopes(features, own, said, chosen):  # type: ignore[no-untyped-def]
    """Return the slopes of the likelihood of `chosen`: of all candidates, and of `own` ones."""
    top, total, experts = said.max(), 0.0, features.shape[1]
    for line in range(len(said)):
        said[line] = _exp(said[line] - top)
        total += said[line]
    slope, mine, any_own = np.zeros(experts), np.zeros(experts), False
    for line in range(len(said)):
        miss = -(said[line] / total) + (1.0 if line == chosen else 0.0)
        for expert in range(experts):
            slope[expert] += miss * features[line, expert]
        if own[line]:
            any_own = True
            for expert in range(experts):
                mine[expert] += miss * features[line, expert]
    return slope, mine, any_own


@numba.njit(cache=True)
def _step(weights, squares, slope, rate, limit):  # type: ignore[no-untyped-def]
    for expert in range(len(slope)):
        squares[expert] += slope[expert] * slope[expert]
        moved = weights[expert] + rate * slope[expert] / (np.sqrt(squares[expert]) + 1e-9)
        weights[expert] = min(max(moved, -limit), limit)
