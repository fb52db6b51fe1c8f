"""A format of the exported leaderboard, from outside: values between tabs."""

from sweep.results.export import WRITERS

WRITERS.register(".tsv", lambda table, path: table.to_csv(path, index=False, sep="\t"))
