"""A made-up game: five against five, sixty champions, and a patch on day 25 that makes some strong and others weak.

    data/warehouse/day-01.parquet ...   picks whose match ended on that day
    data/replay/day-15.ndjson.gz ...    the same picks as live requests, one line a quarter of an hour, with win (1) or loss (0)
    data/matches/day-01.parquet ... 14  what the first training may see

Everything follows from the seed. Run it by hand with `python generate.py`.
"""
import argparse
import gzip
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd

from features import INPUTS, TEXT_INPUTS, build_inputs

FIRST_DAY = pd.Timestamp("2026-01-01", tz="UTC")
DAYS = 38
PATCH_DAY = 25
PICKS_A_DAY = 2_400
ROLES = ["top", "jungle", "middle", "bottom", "support"]
KINDS = ["tank", "fighter", "mage", "marksman", "assassin", "enchanter"]
# what each kind gains against each other kind (rows against columns), in log-odds
AGAINST = np.array([
    [0.0, 0.1, -0.2, 0.0, 0.3, 0.0],
    [-0.1, 0.0, 0.1, 0.3, 0.0, 0.0],
    [0.2, -0.1, 0.0, 0.0, -0.3, 0.1],
    [0.0, -0.3, 0.0, 0.0, -0.2, 0.1],
    [-0.3, 0.0, 0.3, 0.2, 0.0, 0.2],
    [0.0, 0.0, -0.1, -0.1, -0.2, 0.0],
])


def made_by():
    """Digest of the code that makes the data: changed code makes it anew."""
    here = Path(__file__).parent
    return hashlib.sha256(b"".join((here / name).read_bytes() for name in (Path(__file__).name, "features.py"))).hexdigest()


def say(text, share):
    print(f"[{share:4.0%}] {text}", flush=True)


def champions(rng):
    """Sixty names with role and kind, and their strength before and after the patch (log-odds of winning)."""
    starts, ends = ["Bra", "Cor", "Del", "Fen", "Gri", "Hal", "Ily", "Kor", "Mar", "Nyx"], ["ath", "enn", "ika", "oru", "uza", "yll"]
    names = [start + end for start in starts for end in ends]
    table = pd.DataFrame({"champion": rng.permutation(names)})
    table["role"] = np.repeat(ROLES, len(names) // len(ROLES))
    table["kind"] = rng.integers(0, len(KINDS), len(names))
    before = rng.normal(0, 0.55, len(names))
    # the patch: about half of the champions are made over, the strongest of them weak and the weakest strong
    changed = rng.random(len(names)) < 0.55
    table["before"] = before
    table["after"] = np.where(changed, -before + rng.normal(0, 0.35, len(names)), before)
    return table


def play(rng, roster):
    """One row a pick: who plays what against whom, and whether it won."""
    count = DAYS * PICKS_A_DAY
    # more matches in the evening
    clock = np.array([2, 1, 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 4, 4, 5, 5, 6, 7, 8, 9, 9, 8, 6, 4], dtype=float)
    hour = np.repeat(np.arange(DAYS), PICKS_A_DAY) * 24 + rng.choice(24, count, p=clock / clock.sum())
    quarter = np.sort(hour * 4 + rng.integers(0, 4, count))
    day = quarter // 96 + 1
    picks = pd.DataFrame({"started_at": FIRST_DAY + pd.to_timedelta(quarter * 15, unit="min")})
    role = rng.integers(0, len(ROLES), count)
    in_role = len(roster) // len(ROLES)
    mine, theirs = role * in_role + rng.integers(0, in_role, count), role * in_role + rng.integers(0, in_role, count)
    patched = day >= PATCH_DAY
    before, after = roster["before"].to_numpy(), roster["after"].to_numpy()
    strength, other = np.where(patched, after[mine], before[mine]), np.where(patched, after[theirs], before[theirs])
    kind, other_kind = roster["kind"].to_numpy()[mine], roster["kind"].to_numpy()[theirs]
    picks["champion"] = roster["champion"].to_numpy()[mine]
    picks["opponent"] = roster["champion"].to_numpy()[theirs]
    picks["role"] = np.array(ROLES)[role]
    picks["games_played"] = rng.negative_binomial(1, 0.02, count)
    picks["recent_wins"] = rng.binomial(20, np.clip(rng.normal(0.5, 0.06, count), 0.2, 0.8))
    picks["rank"] = rng.integers(0, 10, count)
    for side in ("ally", "enemy"):
        picks[f"{side}_tanks"] = rng.binomial(4, 0.25, count)
        picks[f"{side}_magic_share"] = rng.beta(4, 5, count).round(2)
    odds = (
        strength - other + AGAINST[kind, other_kind]
        + 0.22 * (np.log1p(picks["games_played"]) - 3.3) + 3.0 * (picks["recent_wins"] / 20 - 0.5)
        + 0.15 * (picks["ally_tanks"] - picks["enemy_tanks"]).clip(-2, 2)
        - 0.8 * (picks["ally_magic_share"] - 0.44).abs()
    )
    picks["win"] = (rng.random(count) < 1 / (1 + np.exp(-odds))).astype("int64")
    # a match takes 20 to 45 minutes
    picks["known_at"] = picks["started_at"] + pd.to_timedelta(rng.integers(20, 46, count), unit="min")
    return picks


def milliseconds(times):
    return ((times - pd.Timestamp(0, tz="UTC")) // pd.Timedelta(milliseconds=1)).to_numpy()


def day_of(times):
    return ((times - FIRST_DAY) // pd.Timedelta(days=1)).to_numpy() + 1


def as_json(values):
    if values.name in TEXT_INPUTS:
        return values.tolist()
    return [None if v != v else v for v in values.tolist()]


def write_replay(picks, folder, first_day):
    folder.mkdir(parents=True, exist_ok=True)
    inputs = build_inputs(picks)
    start, known, wins = milliseconds(picks["started_at"]), milliseconds(picks["known_at"]), picks["win"].to_numpy()
    day = day_of(picks["started_at"])
    for number in range(first_day, DAYS + 1):
        rows = np.flatnonzero(day == number)
        lines = []
        for part in np.split(rows, np.flatnonzero(np.diff(start[rows])) + 1):
            block = inputs.iloc[part]
            lines.append(json.dumps({
                "at": int(start[part[0]]),
                "inputs": {name: as_json(block[name]) for name in INPUTS},
                "outcomes": wins[part].tolist(),
                "known_at": known[part].tolist(),
            }, separators=(",", ":")))
        with open(folder / f"day-{number:02d}.ndjson.gz", "wb") as file:
            file.write(gzip.compress(("\n".join(lines) + "\n").encode(), 5, mtime=0))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--first-training-days", type=int, default=14)
    args = parser.parse_args()
    data = Path("data")
    done = data / "prepared.json"
    wanted = {"made_by": made_by(), **vars(args)}
    if done.exists() and json.loads(done.read_text()) == wanted:
        say("the matches are already there", 1)
        return
    for name in ("warehouse", "replay", "matches"):
        shutil.rmtree(data / name, ignore_errors=True)
    rng = np.random.default_rng(args.seed)
    picks = play(rng, champions(rng))
    say(f"played {len(picks):,} picks over {DAYS} days", 0.4)
    (data / "warehouse").mkdir(parents=True)
    (data / "matches").mkdir(parents=True)
    ended = day_of(picks["known_at"])
    for number in range(1, DAYS + 1):
        picks[ended == number].to_parquet(data / "warehouse" / f"day-{number:02d}.parquet", index=False)
    say("wrote the days", 0.6)
    write_replay(picks, data / "replay", args.first_training_days + 1)
    for number in range(1, args.first_training_days + 1):
        shutil.copy(data / "warehouse" / f"day-{number:02d}.parquet", data / "matches")
    done.write_text(json.dumps(wanted))
    say(f"the patch comes on day {PATCH_DAY}", 1)


if __name__ == "__main__":
    main()
