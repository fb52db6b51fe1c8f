"""A run's configuration: its schema, composing and checking it, its params and its fingerprint."""
