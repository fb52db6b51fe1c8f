"""The font that comes with matplotlib, so that all figures look alike."""

from importlib.util import find_spec
from pathlib import Path

IN_MATPLOTLIB = "mpl-data/fonts/ttf/DejaVuSans.ttf"


def font_file() -> Path:
    """Return the file of DejaVu Sans. It is found without importing matplotlib, which takes long.

    Systems that bring matplotlib themselves keep its fonts elsewhere, as matplotlib then knows.
    """
    spec = find_spec("matplotlib")
    assert spec and spec.origin  # it is one of this package's dependencies
    file = Path(spec.origin).parent / IN_MATPLOTLIB
    if file.is_file():
        return file
    from sweep.plotting.style import font_manager

    return Path(font_manager.findfont("DejaVu Sans"))
