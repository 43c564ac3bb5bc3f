"""The catalogue: each module holds scenarios of one theme. `harness list` shows them all."""
