"""What is left by a process that has ended, however it ended: for real, with plain processes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from workplace import comes

START = """
import multiprocessing, os, sys, time
from sweep.execution.local import guarded

guarded.GRACE_SECONDS = float(sys.argv[1])
process = multiprocessing.get_context("fork").Process(target=os.execlp, args=("sleep", *"sleep 600".split()))
process.start()
guarded.guard(process)
guarded.guard(process)
"""
