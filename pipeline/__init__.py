"""One thin script per stage: fit, choose, measure. `params.yaml` holds what they may vary."""
