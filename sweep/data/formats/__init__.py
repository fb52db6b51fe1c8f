"""The datasets that can be chosen: a module for each format, which registers itself."""
