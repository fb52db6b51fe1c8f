"""Runs as jobs of submitit: of SLURM, or of this machine."""
