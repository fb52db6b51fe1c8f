"""A search: its space, its study, and the runs that it suggests."""
