"""How good is the purchase intent model? Prequential on the Online Shoppers data (UCI 468).

    python -m benchmarks.intent ../data/online-shoppers-intention/online_shoppers_intention.csv

Each session is predicted, then learnt from, in the order of the file. Figures are of what comes
after the first tenth, or after `--from`. The raw line is River's pipeline alone, without Platt
scaling; the settings were chosen on the first 30 %.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from online_models.intent import IntentModel

COUNTS = (
    "Administrative",
    "Administrative_Duration",
    "Informational",
    "Informational_Duration",
    "ProductRelated",
    "ProductRelated_Duration",
    "PageValues",
)
RATES = ("BounceRates", "ExitRates")
CLASSES = ("Month", "OperatingSystems", "Browser", "Region", "TrafficType", "VisitorType")

Array = NDArray[np.float64]


def features(row: dict[str, str]) -> dict[str, float]:
    """Return a session's features: counts and durations as logarithms, classes as 0 or 1."""
    x = {name: math.log1p(max(0.0, float(row[name]))) for name in COUNTS}
    x |= {name: math.log1p(100.0 * float(row[name])) for name in RATES}
    x |= {f"{name}={row[name]}": 1.0 for name in (*CLASSES, "Weekend")}
    x["SpecialDay"] = float(row["SpecialDay"])
    x["has_value"] = float(float(row["PageValues"]) > 0.0)
    return x


def prequential(file: Path) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Return the calibrated and the raw probabilities, and what happened."""
    model = IntentModel()
    calibrated, raw, bought = [], [], []
    with file.open(newline="", encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            x, y = features(row), row["Revenue"].upper() == "TRUE"
            calibrated.append(model.predict_proba_one(x)[True])
            raw.append(model.predict_raw_one(x))
            bought.append(y)
            model.learn_one(x, y)
    return np.array(calibrated), np.array(raw), np.array(bought)


def judged(p: Array, y: NDArray[np.bool_]) -> dict[str, float]:
    """Return AUC, log loss, Brier score and expected calibration error over ten equal bins."""
    sure = np.clip(p, 1e-9, 1 - 1e-9)
    order = np.argsort(p, kind="stable")
    ranks = np.empty(len(p))
    ranks[order] = np.arange(1, len(p) + 1)
    buyers = int(y.sum())
    bins = np.array_split(order, 10)
    return {
        "auc": float((ranks[y].sum() - buyers * (buyers + 1) / 2) / (buyers * (len(y) - buyers))),
        "log_loss": float(-np.log(np.where(y, sure, 1 - sure)).mean()),
        "brier": float(((p - y) ** 2).mean()),
        "ece": float(sum(abs(p[b].mean() - y[b].mean()) * len(b) for b in bins) / len(p)),
    }


def curve(p: Array, y: NDArray[np.bool_]) -> list[tuple[float, float, int]]:
    """Return, for ten bins of equal size: mean probability, share that bought, sessions."""
    bins = np.array_split(np.argsort(p, kind="stable"), 10)
    return [(float(p[b].mean()), float(y[b].mean()), len(b)) for b in bins]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("--from", dest="begin", type=float, default=0.1, metavar="FRACTION")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    calibrated, raw, bought = prequential(args.file)
    begin = int(len(bought) * args.begin)
    y = bought[begin:]
    table = {"calibrated": judged(calibrated[begin:], y), "raw": judged(raw[begin:], y)}
    points = curve(calibrated[begin:], y)
    if args.json:
        print(json.dumps({"sessions": len(y), "models": table, "curve": points}))
        return
    for name, row in table.items():
        print(f"{name:11}", *(f"{key} {value:.4f} " for key, value in row.items()))
    print("\npredicted  bought  sessions")
    for predicted, happened, count in points:
        print(f"{predicted:9.3f} {happened:7.3f} {count:9,}")


if __name__ == "__main__":
    main()
