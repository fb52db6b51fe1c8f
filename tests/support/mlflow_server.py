"""``python -m mlflow_server ui`` is ``python -m mlflow ui`` in one process.

MLflow has its web server in another, which imports all of MLflow once more: two seconds of a core,
for each server of a test. Tests copy this file to where they work.
"""

import os
import sys

import mlflow.server
import uvicorn.main
from mlflow.cli import cli


def serve(command, extra_env, **others):
    """Do here what MLflow starts a process for: ``python -m uvicorn ...``."""
    os.environ.update(extra_env)
    sys.exit(uvicorn.main.main(command[command.index("uvicorn") + 1 :]))


if __name__ == "__main__":
    mlflow.server._exec_cmd = serve
    cli()
