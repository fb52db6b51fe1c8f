"""Imports MLflow, for modules that need it at once: they import this one before it."""

from sweep.tracking.mlflow_import import import_mlflow

import_mlflow()
