"""The samplers, each a module that registers itself."""
