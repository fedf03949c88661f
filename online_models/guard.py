"""A model behind a guard: what would break it never reaches it, what broke it is undone.

* An example with a feature that is not a finite number of sane size is not learnt from, and such
  features are left out when predicting.
* An answer that is not finite rolls the model back to its last good snapshot, which is taken
  every `every` examples, if the model still answers the last inputs well.
* A snapshot leaves the process in an envelope whose HMAC is checked before anything is decoded,
  since decoding a pickle runs code.
"""

import hmac
import math
import pickle
import struct
from collections import deque
from collections.abc import Mapping
from typing import Any, Final, Generic, TypeVar

from online_models.digest import digest

M = TypeVar("M")

HUGE: Final = 1e12
"""Features beyond this are no measurements; their squares would drown all others."""

PROBES: Final = 8
MAGIC: Final = b"HRM"
VERSION: Final = 1
_HEADER: Final = struct.Struct("<3sB32s")


class TamperedError(ValueError):
    """A snapshot that was not written by who holds the key, or was changed since."""


class Guard(Generic[M]):
    """Wraps a model that has some of `learn_one`, `predict_one` and `predict_proba_one`.

    `key` signs snapshots: at least 16 bytes that others do not know.

    >>> from online_models.intent import IntentModel
    >>> guard = Guard(IntentModel(), key=b"sixteen bytes or more")
    >>> guard.learn_one({"carts": math.nan}, True)
    >>> guard.counts()["refused"]
    1
    >>> copy = Guard(IntentModel(), key=b"sixteen bytes or more")
    >>> copy.restore(guard.snapshot())
    >>> copy.digest() == guard.digest()
    True
    """

    def __init__(self, model: M, key: bytes, every: int = 200) -> None:
        if len(key) < 16:
            raise ValueError(f"the key that signs models has {len(key)} bytes; at least 16 needed")
        self.model = model
        self._key = key
        self._every = every
        self._learned = 0
        self._refused = 0
        self._screened = 0
        self._rollbacks = 0
        self._probes: deque[dict[Any, float]] = deque(maxlen=PROBES)
        self._good = pickle.dumps(model)

    def learn_one(self, x: Mapping[Any, float], y: Any = None) -> None:
        """Learn from an example, unless it would harm the model; without `y`, from x alone."""
        if not _all_sane(x) or (isinstance(y, float) and not _sane(y)):
            self._refused += 1
            return
        model: Any = self.model
        try:
            if y is None:
                model.learn_one(x)
            else:
                model.learn_one(x, y)
        except ArithmeticError:
            self._roll_back()
            return
        self._learned += 1
        self._probes.append(dict(x))
        if self._learned % self._every == 0:
            self._check()

    def predict_one(self, x: Mapping[Any, float]) -> Any:
        """Return the model's answer: always finite."""
        return self._ask("predict_one", x)

    def predict_proba_one(self, x: Mapping[Any, float]) -> dict[Any, float]:
        """Return the model's probabilities: always finite."""
        answer: dict[Any, float] = self._ask("predict_proba_one", x)
        return answer

    def counts(self) -> dict[str, int]:
        """Return how many examples were learnt from and refused, inputs screened, rollbacks."""
        return {
            "learned": self._learned,
            "refused": self._refused,
            "screened": self._screened,
            "rollbacks": self._rollbacks,
        }

    def digest(self) -> str:
        """Return a fingerprint of the model's parameters, the same in every process."""
        return digest(self.model)

    def snapshot(self) -> bytes:
        """Return the model and the counts, signed."""
        payload = pickle.dumps((self.model, self._good, list(self._probes), self.counts()))
        return _HEADER.pack(MAGIC, VERSION, self._sign(payload)) + payload

    def restore(self, raw: bytes) -> None:
        """Replace the model and the counts by those of a snapshot.

        Raises `TamperedError`, before decoding, if the signature is not that of the key; and
        `ValueError` for a snapshot of a newer version or of another kind of model.
        """
        if len(raw) < _HEADER.size or raw[: len(MAGIC)] != MAGIC:
            raise ValueError("not a snapshot of a model")
        _, version, signature = _HEADER.unpack_from(raw)
        payload = raw[_HEADER.size :]
        if version > VERSION:
            raise ValueError(
                f"snapshot of version {version}; this Headrace reads up to {VERSION}. "
                "Upgrade Headrace, or start the model afresh"
            )
        if not hmac.compare_digest(signature, self._sign(payload)):
            raise TamperedError(
                "the snapshot's signature is wrong: it was changed, or signed with another key. "
                "It was not decoded. Use the key it was written with, or rebuild with a replay"
            )
        model, good, probes, counts = pickle.loads(payload)
        if type(model) is not type(self.model):
            raise ValueError(
                f"snapshot of a {type(model).__name__}, expected a {type(self.model).__name__}"
            )
        self.model, self._good = model, good
        self._probes = deque(probes, maxlen=PROBES)
        self._learned, self._refused = counts["learned"], counts["refused"]
        self._screened, self._rollbacks = counts["screened"], counts["rollbacks"]

    def _sign(self, payload: bytes) -> bytes:
        return hmac.digest(self._key, MAGIC + bytes([VERSION]) + payload, "sha256")

    def _ask(self, method: str, x: Mapping[Any, float]) -> Any:
        sane = x
        if not _all_sane(x):
            sane = {name: value for name, value in x.items() if _sane(value)}
            self._screened += 1
        answer = self._answer(method, sane)
        if _finite(answer):
            return answer
        self._roll_back()
        answer = self._answer(method, sane)
        # Even the last good model cannot answer this: say that nothing is known.
        return answer if _finite(answer) else _neutral(method)

    def _answer(self, method: str, x: Mapping[Any, float]) -> Any:
        try:
            return getattr(self.model, method)(x)
        except ArithmeticError:
            return math.nan

    def _check(self) -> None:
        """Keep the model as good if it answers well; else go back to when it did."""
        method = "predict_proba_one" if hasattr(self.model, "predict_proba_one") else "predict_one"
        if all(_finite(self._answer(method, x)) for x in self._probes):
            self._good = pickle.dumps(self.model)
        else:
            self._roll_back()

    def _roll_back(self) -> None:
        self.model = pickle.loads(self._good)
        self._rollbacks += 1


def _all_sane(x: Mapping[Any, Any]) -> bool:
    values = x.values()
    try:
        # All at once, in a fifth of the time. One that is no number makes the sum fail or NaN.
        return not x or (-HUGE < min(values) <= max(values) < HUGE and math.isfinite(sum(values)))
    except (TypeError, OverflowError):
        return all(map(_sane, values))


def _sane(value: Any) -> bool:
    # NaN is not smaller than anything.
    return isinstance(value, (int, float)) and abs(value) < HUGE


def _finite(answer: Any) -> bool:
    if isinstance(answer, Mapping):
        return all(map(_finite, answer.values()))
    return not isinstance(answer, float) or math.isfinite(answer)


def _neutral(method: str) -> Any:
    return {True: 0.5, False: 0.5} if method == "predict_proba_one" else 0.0
