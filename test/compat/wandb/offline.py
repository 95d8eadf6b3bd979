"""Records without a server. Argument: folder."""

import sys

import wandb

run = wandb.init(project="vision", id="off12345", name="offline one", config={"a": 1}, mode="offline", dir=sys.argv[1])
for i in range(20):
    run.log({"loss": i})
run.finish()
