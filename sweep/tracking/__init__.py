"""The record of runs and sweeps in MLflow. The only package that imports it.

Its import takes a second, which what only reads a database can do without. So names are imported
from where they are when they are first asked for; ``__init__.pyi`` lists them.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
