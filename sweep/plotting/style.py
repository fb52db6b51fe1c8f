"""matplotlib, imported without its warnings; colours all can tell apart; how SVG is written."""

import logging
from typing import Any

_logger = logging.getLogger("matplotlib")
_level = _logger.level
# It warns on the terminal where it has no folder for its list of fonts, and goes on without.
_logger.setLevel(logging.ERROR)
try:
    from matplotlib import font_manager as font_manager
finally:
    _logger.setLevel(_level)

# Of Okabe and Ito: https://jfly.uni-koeln.de/color/
BLUE, ORANGE, GREEN = "#0072b2", "#e69f00", "#009e73"
PURPLE, VERMILION, SKY_BLUE = "#cc79a7", "#d55e00", "#56b4e9"

WORDS: dict[Any, Any] = {"svg.fonttype": "none"}  # words stay words, in the reader's font
OUTLINES: dict[Any, Any] = {"svg.fonttype": "path"}  # whatever fonts the reader's computer has
UNDATED = {"Date": None}  # the metadata of an SVG: the same figure makes the same file
