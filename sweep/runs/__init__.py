"""One run: what is recorded of it already, its locks, its events, its training, its artifacts."""
