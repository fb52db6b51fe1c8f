"""The launchers, each a module that registers itself by the name of its file in ``conf/``."""
