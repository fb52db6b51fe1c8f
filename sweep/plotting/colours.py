"""Colours that all can tell apart, of Okabe and Ito: https://jfly.uni-koeln.de/color/."""

BLUE, ORANGE, GREEN = "#0072b2", "#e69f00", "#009e73"
PURPLE, VERMILION, SKY_BLUE = "#cc79a7", "#d55e00", "#56b4e9"
