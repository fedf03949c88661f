import math
import pickle
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from online_models.estimate import Estimate
from online_models.guard import HOPELESS, MAGIC, Guard, TamperedError
from online_models.intent import IntentModel
from online_models.response import ResponseModel

KEY = b"a key for tests, not for use"


class Sum:
    """Adds up what it learns and answers with the sum, however that comes out."""

    def __init__(self) -> None:
        self.total = 0.0

    def learn_one(self, x: Mapping[str, float], y: float = 0.0) -> None:
        self.total += y

    def predict_one(self, x: Mapping[str, float]) -> float:
        return self.total * x.get("scale", 1.0)


class Divider(Sum):
    def predict_one(self, x: Mapping[str, float]) -> float:
        return self.total / x["by"]


def guard_of(model: Any, every: int = 5) -> Guard[Any]:
    return Guard(model, KEY, every)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e300, "3", None])
def test_bad_features_never_reach_the_model(bad: Any) -> None:
    guard = Guard(IntentModel(), KEY)
    guard.learn_one({"carts": 1.0}, True)
    before = guard.digest()
    guard.learn_one({"carts": bad}, True)
    assert guard.digest() == before
    assert math.isfinite(guard.predict_proba_one({"carts": bad, "views": 1.0})[True])
    known = {"learned": 1, "refused": 1, "screened": 1}
    assert guard.counts() == {**known, "errors": 0, "rollbacks": 0, "restarts": 0}


def test_a_bad_target_is_refused() -> None:
    guard = guard_of(Sum())
    guard.learn_one({}, math.nan)
    assert guard.counts()["refused"] == 1
    assert guard.predict_one({}) == 0.0


def test_a_model_that_breaks_is_rolled_back_to_when_it_was_good() -> None:
    guard = guard_of(Sum(), every=5)
    for _ in range(7):
        guard.learn_one({}, 1.0)
    guard.model.total = math.nan
    assert guard.predict_one({}) == 5.0
    assert guard.counts()["rollbacks"] == 1
    guard.learn_one({}, 1.0)
    assert guard.predict_one({}) == 6.0


def test_a_broken_model_is_not_taken_for_good() -> None:
    guard = guard_of(Sum(), every=5)
    for _ in range(8):
        guard.learn_one({}, 1.0)
    guard.model.total = math.inf
    for _ in range(2):
        guard.learn_one({}, 1.0)
    assert guard.counts()["rollbacks"] == 1
    assert guard.predict_one({}) == 5.0


class Clumsy(Sum):
    """Fails as asked: on learning, on answering, or on being saved."""

    error: type[BaseException] | None = None
    on = ""

    def learn_one(self, x: Mapping[str, float], y: float = 0.0) -> None:
        super().learn_one(x, y)
        if self.error and self.on == "learn":
            raise self.error("injected")

    def predict_one(self, x: Mapping[str, float]) -> float:
        if self.error and self.on == "predict":
            raise self.error("injected")
        return self.total

    def __getstate__(self) -> Any:
        if self.error and self.on == "save":
            raise TypeError("injected")
        return self.__dict__


@pytest.mark.parametrize("on", ["learn", "predict"])
@pytest.mark.parametrize(
    "error", [ValueError, KeyError, IndexError, ZeroDivisionError, TypeError, RecursionError]
)
def test_no_error_of_a_model_leaves_the_guard(error: type[BaseException], on: str) -> None:
    guard = guard_of(Clumsy(), every=5)
    for _ in range(7):
        guard.learn_one({}, 1.0)
    guard.model.error, guard.model.on = error, on
    guard.learn_one({}, 1.0)
    # What was learnt since the last good snapshot is lost, and so is the fault.
    assert guard.predict_one({}) == 5.0
    counts = guard.counts()
    assert (counts["errors"], counts["rollbacks"], guard.cause) == (1, 1, error.__name__)
    guard.learn_one({}, 1.0)
    assert guard.predict_one({}) == 6.0


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, MemoryError])
def test_what_must_stop_the_process_does(error: type[BaseException]) -> None:
    guard = guard_of(Clumsy())
    guard.model.error, guard.model.on = error, "predict"
    with pytest.raises(error):
        guard.predict_one({})


def test_a_model_that_cannot_be_saved_is_not_kept() -> None:
    guard = guard_of(Clumsy(), every=5)
    guard.model.error, guard.model.on = TypeError, "save"
    for _ in range(5):
        guard.learn_one({}, 1.0)
    assert guard.predict_one({}) == 0.0
    assert guard.counts()["rollbacks"] == 1


def test_an_exploding_model_is_rolled_back_at_the_very_example() -> None:
    guard = guard_of(Sum(), every=5)
    for _ in range(6):
        guard.learn_one({}, 1.0)
    guard.model.total = 1e5  # finite, and 1e5 times what it ever saw
    assert guard.predict_one({}) == 5.0
    assert guard.cause == "exploded"


class Boaster(Sum):
    def predict_proba_one(self, x: Mapping[str, float]) -> dict[bool, float]:
        return {True: self.total, False: 1.0 - self.total}


def test_a_probability_that_is_none_is_never_told() -> None:
    guard = guard_of(Boaster(), every=5)
    guard.model.total = 1.5
    assert guard.predict_proba_one({}) == {True: 0.0, False: 1.0}
    assert guard.cause == "no probability"


def test_a_model_that_nobody_asks_is_found_broken_when_it_is_verified() -> None:
    guard = guard_of(Sum(), every=5)
    for _ in range(7):
        guard.learn_one({}, 1.0)
    before = guard.snapshot()
    guard.verify()
    assert guard.snapshot() == before
    guard.model.total = math.nan
    guard.verify()
    assert guard.model.total == 5.0


class Doomed(Sum):
    """Its very state makes it fail, and the snapshot of it too."""

    def predict_one(self, x: Mapping[str, float]) -> float:
        if self.total >= 5.0 and x.get("hard"):
            raise ValueError("injected")
        return self.total


def test_a_hopeless_model_starts_afresh() -> None:
    guard = guard_of(Doomed(), every=5)
    for _ in range(5):
        guard.learn_one({}, 1.0)
    answers = [guard.predict_one({"hard": 1.0}) for _ in range(HOPELESS + 1)]
    assert set(answers) == {0.0}
    assert guard.counts()["restarts"] == 1
    assert guard.model.total == 0.0
    guard.learn_one({}, 1.0)
    assert guard.predict_one({"hard": 1.0}) == 1.0


def test_an_error_of_arithmetic_is_an_answer_that_is_not_finite() -> None:
    guard = guard_of(Divider())
    assert guard.predict_one({"by": 0.0}) == 0.0
    assert guard.counts()["rollbacks"] == 1


def test_a_snapshot_brings_model_and_counts_back() -> None:
    guard = guard_of(Sum())
    guard.learn_one({}, 3.0)
    guard.learn_one({"x": math.nan}, 3.0)
    copy = guard_of(Sum())
    copy.restore(guard.snapshot())
    assert copy.predict_one({}) == 3.0
    assert copy.counts() == guard.counts()


class Trap:
    """What a pickle can do: write a file when it is decoded."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.file,)


def test_a_forged_snapshot_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    trap = Guard[Any](Sum(), b"a key that the forger made up", 5)
    trap.model = Trap(tmp_path / "sprung")
    with pytest.raises(TamperedError, match="not decoded"):
        guard_of(Sum()).restore(trap.snapshot())
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("at", [5, 40, -1])
def test_one_changed_byte_is_noticed(at: int) -> None:
    raw = bytearray(guard_of(Sum()).snapshot())
    raw[at] ^= 1
    with pytest.raises(TamperedError):
        guard_of(Sum()).restore(bytes(raw))


@pytest.mark.parametrize("raw", [b"", b"HRM", b"x" * 100])
def test_what_is_no_snapshot_is_told(raw: bytes) -> None:
    with pytest.raises(ValueError, match="not a snapshot"):
        guard_of(Sum()).restore(raw)


def test_a_snapshot_of_a_newer_version_is_told() -> None:
    raw = bytearray(guard_of(Sum()).snapshot())
    raw[len(MAGIC)] = 9
    with pytest.raises(ValueError, match="version 9"):
        guard_of(Sum()).restore(bytes(raw))


def test_a_snapshot_of_another_model_is_told() -> None:
    with pytest.raises(ValueError, match="snapshot of a Sum, expected a Divider"):
        guard_of(Divider()).restore(guard_of(Sum()).snapshot())


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 16"):
        Guard(Sum(), b"secret")


def test_the_digest_is_that_of_the_parameters_and_not_of_the_process() -> None:
    script = (
        "from online_models.intent import IntentModel\n"
        "from online_models.guard import Guard\n"
        f"guard = Guard(IntentModel(), {KEY!r})\n"
        "for n in range(50): guard.learn_one({'a': n / 7, 'b': float(n % 3)}, n % 2 == 0)\n"
        "print(guard.digest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path.cwd())},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_the_digest_survives_a_snapshot_and_sees_one_bit() -> None:
    guard = Guard(IntentModel(), KEY)
    for n in range(50):
        guard.learn_one({"a": n / 7}, n % 2 == 0)
    copy = Guard(IntentModel(), KEY)
    copy.restore(guard.snapshot())
    assert copy.digest() == guard.digest()
    first, *rest = copy.model._stack.weights
    copy.model._stack.weights = (math.nextafter(first, 9.0), *rest)
    assert copy.digest() != guard.digest()


class Remade:
    """A model whose saved form another version cannot be made of any more."""

    made_of: tuple[Any, ...] = ()

    def __init__(self) -> None:
        self.learned = 0

    def __reduce__(self) -> tuple[Any, ...]:
        return Remade, Remade.made_of

    def learn_one(self, x: Mapping[str, float]) -> None:
        self.learned += 1

    def predict_one(self, x: Mapping[str, float]) -> float:
        return float(self.learned)


def test_a_model_that_this_version_cannot_read_begins_afresh(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old = guard_of(Remade())
    monkeypatch.setattr(Remade, "made_of", ("depth", 4))
    saved = old.snapshot()
    monkeypatch.undo()
    new = guard_of(Remade())
    new.restore(saved)
    assert new.counts()["restarts"] == 1
    assert new.cause == "saved by another version: TypeError"
    new.learn_one({})
    assert new.predict_one({}) == 1.0


def test_words_are_let_through_where_they_are_expected_and_nowhere_else() -> None:
    guard = Guard(ResponseModel(), KEY, words=("campaign",))
    for campaign in (3.0, None, "x" * 300):
        guard.learn_one({"orders": 1.0, "campaign": campaign}, True)
    guard.learn_one({"orders": "many", "campaign": "spring"}, True)
    assert (guard.counts()["refused"], guard.counts()["learned"]) == (4, 0)
    guard.learn_one({"orders": 1.0, "campaign": "spring"}, True)
    assert guard.counts()["learned"] == 1
    asked = guard.predict_proba_one({"orders": math.nan, "campaign": 3.0})
    assert 0.0 < asked[True] < 1.0


def test_the_guarded_model_can_be_pickled_after_learning() -> None:
    guard = Guard(IntentModel(), KEY)
    guard.learn_one({"a": 1.0}, True)
    assert pickle.loads(pickle.dumps(guard)).digest() == guard.digest()


class Amounts:
    """A model of amounts that breaks on demand."""

    def __init__(self) -> None:
        self.learned = 0

    def learn_one(self, x: dict[str, float], y: float) -> None:
        self.learned += 1

    def predict_one(self, x: dict[str, float]) -> float:
        return 5.0

    def estimate_one(self, x: dict[str, float]) -> Estimate:
        if x["a"] < 0:
            raise ZeroDivisionError
        return Estimate(5.0, 4.0, 1.0, math.nan if x["a"] > 100 else 9.0)


def test_amounts_and_their_bounds_are_guarded() -> None:
    guard = Guard(Amounts(), KEY)
    guard.learn_one({"a": 1.0}, 5.0)
    assert guard.estimate_one({"a": 1.0}) == Estimate(5.0, 4.0, 1.0, 9.0)
    for broken in (-1.0, 101.0):
        assert guard.estimate_one({"a": broken}) == Estimate(0.0, 0.0, 0.0, 0.0)
    assert guard.counts()["rollbacks"] == 2
