"""How the learning rate may change: a module for each schedule, which registers itself."""
