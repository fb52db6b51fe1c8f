"""A real browser, driven from outside."""

import contextlib
import shutil

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service


@contextlib.contextmanager
def chromium(*options):
    """Start a browser; skip the test where there is none."""
    programs = {name: shutil.which(name) for name in ("chromium", "chromedriver")}
    if missing := [name for name, path in programs.items() if not path]:
        pytest.skip(f"there is no {' and no '.join(missing)} here: apt-get install chromium-driver")
    chosen = webdriver.ChromeOptions()
    chosen.binary_location = programs["chromium"]
    chosen.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for option in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", *options):
        chosen.add_argument(option)
    with webdriver.Chrome(chosen, Service(programs["chromedriver"])) as driver:
        yield driver
