"""From records to tables: the leaderboard, curves, seeds, significance, importance."""
