"""From raw picks to the columns the model takes.

    python features.py     reads data/matches/*.parquet, writes features.parquet
"""
from pathlib import Path

import numpy as np
import pandas as pd

TEXT_INPUTS = ["champion", "opponent", "role"]
NUMBER_INPUTS = ["mastery", "recent_win_rate", "rank", "tank_lead", "ally_magic_share", "enemy_magic_share"]
INPUTS = TEXT_INPUTS + NUMBER_INPUTS
TARGET = "win"


def build_inputs(picks):
    """The columns above for raw picks of any day; training and the live requests both go through here."""
    inputs = picks[TEXT_INPUTS].copy()
    inputs["mastery"] = np.log1p(picks["games_played"]).round(3)
    inputs["recent_win_rate"] = picks["recent_wins"] / 20
    inputs["rank"] = picks["rank"]
    inputs["tank_lead"] = picks["ally_tanks"] - picks["enemy_tanks"]
    inputs["ally_magic_share"] = picks["ally_magic_share"]
    inputs["enemy_magic_share"] = picks["enemy_magic_share"]
    inputs[NUMBER_INPUTS] = inputs[NUMBER_INPUTS].astype("float64")
    return inputs[INPUTS]


def main():
    files = sorted(Path("data/matches").glob("*.parquet"))
    if not files:
        raise SystemExit("no files in data/matches: run `python generate.py` first")
    picks = pd.concat([pd.read_parquet(file) for file in files], ignore_index=True)
    table = build_inputs(picks)
    table[NUMBER_INPUTS] = table[NUMBER_INPUTS].astype("float32")  # what the served model computes with
    table[TARGET] = picks["win"]
    # the newest six hours are kept for the judgement; of the time before, the older counts the less
    newest = picks["known_at"].max().ceil("h") - pd.Timedelta(hours=6)
    table["part"] = np.where(picks["known_at"] >= newest, "gate", "train")
    table["age_days"] = ((newest - picks["known_at"]) / pd.Timedelta(days=1)).astype("float32")
    table["hour"] = picks["started_at"].dt.strftime("%Y-%m-%d %H:00")
    table.to_parquet("features.parquet", index=False)
    print(f"{len(files)} days, {len(table):,} picks, {table[TARGET].mean():.1%} won")


if __name__ == "__main__":
    main()
