"""A sweep: its checks, its plan, its parent run, what is shown at its end."""
