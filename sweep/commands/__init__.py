"""What is typed: a thin module for each command."""

COMMANDS = (
    *("leaderboard", "report", "predict", "reproduce", "export", "data", "adopt"),
    *("bundle", "unbundle", "verify"),
    *("list", "show", "watch", "diff", "tag", "note", "delete", "tidy", "doctor"),
    "control",
    "completion",
)
COMPLETION_VARIABLE = "_SWEEP_COMPLETE"
