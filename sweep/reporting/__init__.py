"""The report of a sweep: what its figures show, how they look, the page."""
