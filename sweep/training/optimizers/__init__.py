"""The optimisers that can be chosen: a module for each, which registers itself."""
