"""What is typed: a thin module for each command."""

COMMANDS = ("leaderboard", "report", "predict", "reproduce", "data", "completion")
COMPLETION_VARIABLE = "_SWEEP_COMPLETE"
