"""A model behind a guard: what would break it never reaches it, what broke it is undone.

* An example with a feature that is not a finite number of sane size is not learnt from, and such
  features are left out when predicting.
* Any error inside the model, an answer that is not finite, a probability that is none and a
  number far beyond what was learnt (it explodes) roll the model back to its last good snapshot, at
  that very example. Snapshots are taken every `every` examples, if the model still answers well.
* A model that cannot answer whatever it is rolled back to is started afresh.
* A snapshot leaves the process in an envelope whose HMAC is checked before anything is decoded,
  since decoding a pickle runs code.
"""

import hmac
import math
import pickle
import struct
from collections import deque
from collections.abc import Collection, Mapping
from typing import Any, Final, Generic, TypeVar

from online_models.digest import digest
from online_models.estimate import Estimate

M = TypeVar("M")

HUGE: Final = 1e12
"""Features beyond this are no measurements; their squares would drown all others."""

LONGEST: Final = 256
"""Characters of a word."""

EXPLODED: Final = 1_000.0
"""An answer so many times beyond the largest target that was learnt comes of no sound model."""

HOPELESS: Final = 20
"""Rollbacks in a row, without a sound answer in between, after which a model starts afresh."""

PROBES: Final = 8
MAGIC: Final = b"HRM"
VERSION: Final = 1
_HEADER: Final = struct.Struct("<3sB32s")


class TamperedError(ValueError):
    """A snapshot that was not written by who holds the key, or was changed since."""


class Guard(Generic[M]):
    """Wraps a model that has some of `learn_one`, `predict_one` and `predict_proba_one`.

    `key` signs snapshots: at least 16 bytes that others do not know. `words` names the features
    that are words and no numbers, at most 256 characters each.

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

    def __init__(self, model: M, key: bytes, every: int = 200, words: Collection[str] = ()) -> None:
        if len(key) < 16:
            raise ValueError(f"the key that signs models has {len(key)} bytes; at least 16 needed")
        self.model = model
        self._key = key
        self._every = every
        self._words = frozenset(words)
        self._learned = 0
        self._refused = 0
        self._screened = 0
        self._rollbacks = 0
        self._errors = 0
        self._restarts = 0
        self._in_vain = 0
        self._largest = 0.0
        self._cause = ""
        self._probes: deque[dict[Any, float]] = deque(maxlen=PROBES)
        self._good = self._fresh = pickle.dumps(model)

    def learn_one(self, x: Mapping[Any, float], y: Any = None) -> None:
        """Learn from an example, unless it would harm the model; without `y`, from x alone."""
        if not self._all_sane(x) or (isinstance(y, float) and not _sane(y)):
            self._refused += 1
            return
        try:
            self._teach(x, y)
        except MemoryError:
            raise
        except Exception as error:
            # Whatever a model trips over, the stream goes on without what it did to the model.
            self._errors += 1
            self._roll_back(type(error).__name__)
            return
        self._learned += 1
        if isinstance(y, (int, float)):
            self._largest = max(self._largest, abs(float(y)))
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

    def estimate_one(self, x: Mapping[Any, float]) -> Estimate:
        """Return the amount that the model expects, with its bounds: always finite."""
        estimate: Estimate = self._ask("estimate_one", x)
        return estimate

    def verify(self) -> None:
        """Roll back now if the model is broken, rather than when it is asked next: about 50 us.

        For a model that learns and is not asked. It takes no snapshot, so that how often somebody
        verifies a sound model changes nothing.
        """
        self._sound()

    def counts(self) -> dict[str, int]:
        """Return how much was learnt and refused, inputs screened, errors, rollbacks, restarts."""
        return {
            "learned": self._learned,
            "refused": self._refused,
            "screened": self._screened,
            "errors": self._errors,
            "rollbacks": self._rollbacks,
            "restarts": self._restarts,
        }

    @property
    def cause(self) -> str:
        """What the last rollback was for: an error's name, or what an answer was; or empty."""
        return self._cause

    def digest(self) -> str:
        """Return a fingerprint of the model's parameters, the same in every process."""
        return digest(self.model)

    def snapshot(self) -> bytes:
        """Return the model and the counts, signed."""
        rest = {"largest": self._largest, "in_vain": self._in_vain, "cause": self._cause}
        kept = {**self.counts(), **rest}
        payload = pickle.dumps((self.model, self._good, list(self._probes), kept))
        return _HEADER.pack(MAGIC, VERSION, self._sign(payload)) + payload

    def restore(self, raw: bytes) -> None:
        """Replace the model and the counts by those of a snapshot.

        A model that another make of Headrace saved, and this one cannot read, begins afresh, which
        `restarts` and `cause` tell. Raises `TamperedError`, before decoding, if the signature is
        not that of the key; and `ValueError` for a snapshot of a newer version or of another kind
        of model.
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
        try:
            # Signed by us, and the signature was just checked.
            model, good, probes, counts = pickle.loads(payload)  # nosec B301
        except (AttributeError, ImportError, TypeError) as error:
            # Signed by us, so it is whole: a class is gone, or is made otherwise by now.
            self._restarts += 1
            self._cause = f"saved by another version: {type(error).__name__}"
            return
        if type(model) is not type(self.model):
            raise ValueError(
                f"snapshot of a {type(model).__name__}, expected a {type(self.model).__name__}"
            )
        self.model, self._good = model, good
        self._probes = deque(probes, maxlen=PROBES)
        self._learned, self._refused = counts["learned"], counts["refused"]
        self._screened, self._rollbacks = counts["screened"], counts["rollbacks"]
        # Absent from snapshots that were written before these were counted.
        self._errors, self._restarts = counts.get("errors", 0), counts.get("restarts", 0)
        self._largest, self._in_vain = counts.get("largest", 0.0), counts.get("in_vain", 0)
        self._cause = counts.get("cause", "")

    def _sign(self, payload: bytes) -> bytes:
        return hmac.digest(self._key, MAGIC + bytes([VERSION]) + payload, "sha256")

    def _ask(self, method: str, x: Mapping[Any, float]) -> Any:
        sane = x
        if not self._all_sane(x):
            sane = {name: value for name, value in x.items() if self._sane(name, value)}
            self._screened += 1
        answer, fault = self._answer(method, sane)
        if not fault:
            self._in_vain = 0
            return answer
        self._roll_back(fault)
        answer, fault = self._answer(method, sane)
        if not fault:
            self._in_vain = 0
            return answer
        # Even the last good model cannot answer this: say that nothing is known.
        return _neutral(method)

    def _all_sane(self, x: Mapping[Any, Any]) -> bool:
        if not self._words:
            return all_sane(x)
        return all(self._sane(name, value) for name, value in x.items())

    def _sane(self, name: Any, value: Any) -> bool:
        if name in self._words:
            return isinstance(value, str) and len(value) <= LONGEST
        return _sane(value)

    def _teach(self, x: Mapping[Any, float], y: Any) -> None:
        model: Any = self.model
        if y is None:
            model.learn_one(x)
        else:
            model.learn_one(x, y)

    def _answer(self, method: str, x: Mapping[Any, float]) -> tuple[Any, str]:
        """Return an answer, and what is wrong with it, or the name of the error instead of one."""
        try:
            answer = getattr(self.model, method)(x)
        except MemoryError:
            raise
        except Exception as error:
            self._errors += 1
            return None, type(error).__name__
        return answer, self._fault(method, answer)

    def _fault(self, method: str, answer: Any) -> str:
        if method == "predict_proba_one":
            # Also false for NaN, which no comparison holds for.
            if all(0.0 <= p <= 1.0 for p in answer.values()):
                return ""
            return "no probability" if _finite(answer) else "not finite"
        if not _finite(answer):
            return "not finite"
        limit = EXPLODED * max(self._largest, 1.0) if self._largest else HUGE
        # Bounds may be far out as long as little is known.
        amounts = (answer.expected, answer.typical) if isinstance(answer, Estimate) else (answer,)
        exploded = any(isinstance(value, float) and abs(value) > limit for value in amounts)
        return "exploded" if exploded else ""

    def _check(self) -> None:
        """Keep the model as good if it answers well."""
        if self._sound():
            try:
                self._good = pickle.dumps(self.model)
            except (pickle.PicklingError, TypeError, AttributeError) as error:
                self._errors += 1
                self._roll_back(type(error).__name__)

    def _sound(self) -> bool:
        """Say whether the model answers its last inputs well; roll back if it does not."""
        method = "predict_proba_one" if hasattr(self.model, "predict_proba_one") else "predict_one"
        for x in self._probes:
            _, fault = self._answer(method, x)
            if fault:
                self._roll_back(fault)
                return False
        return True

    def _roll_back(self, cause: str) -> None:
        self._rollbacks += 1
        self._in_vain += 1
        self._cause = cause
        if self._in_vain > HOPELESS:
            self._restarts += 1
            self._in_vain = 0
            self._good = self._fresh
        self.model = pickle.loads(self._good)  # nosec B301  # bytes of this process


def all_sane(x: Mapping[Any, Any]) -> bool:
    """Say whether all features are finite numbers of sane size.

    >>> all_sane({"views": 3.0}), all_sane({"views": math.nan}), all_sane({"views": 1e300})
    (True, False, False)
    """
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
    if isinstance(answer, Estimate):
        return all(map(math.isfinite, answer))
    return not isinstance(answer, float) or math.isfinite(answer)


def _neutral(method: str) -> Any:
    if method == "estimate_one":
        return Estimate(0.0, 0.0, 0.0, 0.0)
    return {True: 0.5, False: 0.5} if method == "predict_proba_one" else 0.0
