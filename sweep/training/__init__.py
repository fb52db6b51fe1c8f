"""The training of a network: loop, optimiser, state, checkpoints, the epoch that is kept."""
