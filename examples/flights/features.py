"""From raw flights to the 19 numbers and words that are known when a flight is scheduled to leave.

`build_inputs` is the only place where inputs are computed: training and the live requests both go through it.

    python features.py            reads data/flights/*.parquet, writes features.parquet
"""
import argparse
from pathlib import Path

import numpy as np
import pandas as pd

TEXT_INPUTS = ["carrier", "origin", "dest"]
NUMBER_INPUTS = [
    "distance", "sched_minute", "weekday", "plane_age", "seats",
    "temp", "dewp", "humid", "wind_speed", "wind_dir", "precip", "pressure", "visib",
    "late_share_origin_3h", "delay_origin_3h", "delay_carrier_6h",
]
INPUTS = TEXT_INPUTS + NUMBER_INPUTS
TARGET = "not_on_time"
LATE_MINUTES = 15
# fewer landings than this say little: before six in the morning only the most delayed flights of the night have landed
LEAST_LANDINGS = 5

NEVER = np.iinfo(np.int64).max


def recent(hours_ns, keys, landed_ns, values, window_hours):
    """Mean of `values` over the flights of the same key that landed in the `window_hours` before each flight's hour.

    hours_ns   start of each flight's scheduled hour, ns (int64)
    keys       group of each flight (airport or airline), integer codes
    landed_ns  when it landed, ns; NEVER for a flight without a landing
    values     float64, read only where landed
    Returns float64 with NaN where fewer than LEAST_LANDINGS landed in the window. Never looks at or after the hour itself.
    """
    out = np.full(len(hours_ns), np.nan)
    window = window_hours * 3_600_000_000_000
    for key in np.unique(keys):
        members = np.flatnonzero(keys == key)
        landed = members[landed_ns[members] != NEVER]
        landed = landed[np.argsort(landed_ns[landed], kind="stable")]
        times = landed_ns[landed]
        running = np.concatenate([[0.0], np.cumsum(values[landed])])
        # one look-up for each distinct hour, not for each flight
        hours, back = np.unique(hours_ns[members], return_inverse=True)
        first, last = np.searchsorted(times, hours - window), np.searchsorted(times, hours)
        count = last - first
        enough = count >= LEAST_LANDINGS
        mean = np.divide(running[last] - running[first], count, out=np.full(len(hours), np.nan), where=enough)
        out[members] = mean[back]
    return out


def nanoseconds(times):
    """UTC times as int64 ns since 1970; a missing time becomes NEVER."""
    ns = times.astype("datetime64[ns, UTC]").astype("int64").to_numpy().copy()
    ns[times.isna().to_numpy()] = NEVER
    return ns


def build_inputs(flights):
    """(inputs, outcomes) for raw flights of any period; rows keep their order. Inputs: the 19 columns above."""
    hours, landed = nanoseconds(flights["hour"]), nanoseconds(flights["landed_at"])
    delay = flights["arr_delay"].to_numpy(dtype="float64")
    late = (delay >= LATE_MINUTES).astype("float64")  # NaN compares false: no landing
    origin, carrier = pd.factorize(flights["origin"])[0], pd.factorize(flights["carrier"])[0]
    inputs = pd.DataFrame({name: flights[name] for name in TEXT_INPUTS})
    inputs["distance"] = flights["distance"]
    inputs["sched_minute"] = flights["sched_dep_time"] // 100 * 60 + flights["sched_dep_time"] % 100
    # the day at the airport, not in Greenwich
    inputs["weekday"] = flights["hour"].dt.tz_convert("America/New_York").dt.day_of_week
    inputs["plane_age"] = 2013 - flights["plane_year"]
    for name in ["seats", "temp", "dewp", "humid", "wind_speed", "wind_dir", "precip", "pressure", "visib"]:
        inputs[name] = flights[name]
    # three decimals, so that a request written as JSON holds exactly the number that training saw
    inputs["late_share_origin_3h"] = recent(hours, origin, landed, late, 3).round(3)
    inputs["delay_origin_3h"] = recent(hours, origin, landed, delay, 3).round(3)
    inputs["delay_carrier_6h"] = recent(hours, carrier, landed, delay, 6).round(3)
    inputs[NUMBER_INPUTS] = inputs[NUMBER_INPUTS].astype("float64")
    outcomes = ((delay >= LATE_MINUTES) | flights["cancelled"].to_numpy()).astype("int64")
    return inputs[INPUTS], pd.Series(outcomes, index=flights.index, name=TARGET)


def labels_joined_too_early(flights):
    """What a label job sees that runs 3 h after the scheduled hour: whatever has not landed by then looks on time."""
    seen = flights["landed_at"] <= flights["hour"] + pd.Timedelta(hours=3)
    return (seen & (flights["arr_delay"] >= LATE_MINUTES)).astype("int64")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--label-join", choices=["complete", "early"], default="complete",
                        help="early: a mistake made on purpose in the training rows, to see it refused")
    args = parser.parse_args()
    files = sorted(Path("data/flights").glob("*.parquet"))
    if not files:
        raise SystemExit("no files in data/flights: run `python prepare.py` first")
    flights = pd.concat([pd.read_parquet(file) for file in files], ignore_index=True)
    table, outcomes = build_inputs(flights)
    # the latest labelled week is kept for the judgement; nothing of it is trained on
    gate = flights["known_at"] >= flights["known_at"].max().normalize() - pd.Timedelta(days=6)
    if args.label_join == "early":
        outcomes = outcomes.where(gate, labels_joined_too_early(flights))
    table[NUMBER_INPUTS] = table[NUMBER_INPUTS].astype("float32")  # what the served model computes with
    table[TARGET] = outcomes
    table["part"] = np.where(gate, "gate", "train")
    table["day"] = flights["hour"].dt.tz_convert("America/New_York").dt.strftime("%Y-%m-%d")
    table.to_parquet("features.parquet", index=False)
    print(f"{len(files)} weeks, {len(table):,} flights, {outcomes.mean():.1%} not on time; "
          f"{int(gate.sum()):,} of the latest week kept for the gate")


if __name__ == "__main__":
    main()
