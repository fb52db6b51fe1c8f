"""Another Python, with another NumPy, trains the same bits from the same seed."""

import json
import os
import subprocess
from pathlib import Path

import epochwise
import pytest

OTHER = os.environ.get("SWEEP_TEST_OTHER_PYTHON")
CODE = "import epochwise, json, sys; json.dump(epochwise.signatures(), sys.stdout)"


@pytest.mark.skipif(not OTHER, reason="SWEEP_TEST_OTHER_PYTHON names none with this package")
def test_the_same_bits():
    path = os.pathsep.join(str(Path(epochwise.__file__).parents[each]) for each in (0, 2))
    there = subprocess.run(
        [OTHER, "-c", CODE],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert there.returncode == 0, there.stderr
    assert json.loads(there.stdout) == epochwise.signatures()
