"""The unmodified wandb client, online. Prints the id of its run."""

import time

import numpy as np
import wandb

run = wandb.init(
    project="vision",
    name="first",
    notes="some notes",
    tags=["a", "b"],
    config={"lr": 0.1, "opt": {"name": "adam", "betas": [0.9, 0.99]}},
    settings=wandb.Settings(x_stats_sampling_interval=1),
)
for i in range(30):
    run.log({"loss": 1 / (i + 1), "acc": {"train": i / 30}, "odd key (%)": i})
run.log({"img": wandb.Image(np.zeros((8, 8, 3), dtype=np.uint8)), "tab": wandb.Table(columns=["a", "b"], data=[[1, "x"], [2, "y"]])})
run.log({"nan": float("nan"), "inf": float("inf"), "hist": wandb.Histogram(np.arange(10))})
run.summary["best"] = 0.9
run.summary["word"] = "hi"
run.config.update({"lr": 0.2}, allow_val_change=True)
print("hello log")
with open("weights.txt", "w", encoding="utf8") as file:
    file.write("data")
artifact = wandb.Artifact("weights", type="model", metadata={"k": 1})
artifact.add_file("weights.txt")
artifact.add_file("weights.txt", name="deep/other.txt")
run.log_artifact(artifact, aliases=["best"])
time.sleep(2.5)
run.finish()
print("run", run.id)
