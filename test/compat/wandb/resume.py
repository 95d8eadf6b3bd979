"""Goes on with the run that was synced, then dies."""

import wandb

run = wandb.init(project="vision", id="off12345", resume="must")
assert run.resumed
assert run.config["a"] == 1, run.config
for i in range(20, 25):
    run.log({"loss": i})
raise RuntimeError("the training broke")
