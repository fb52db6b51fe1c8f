"""The pruners, each a module that registers itself."""
