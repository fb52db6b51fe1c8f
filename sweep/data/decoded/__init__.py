"""Images that are decoded once, and kept for the runs that come after."""
