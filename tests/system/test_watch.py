"""A sweep is watched in a real browser, while it trains and to its end."""

import contextlib
import os
import shutil
import signal
import threading
import urllib.error
import urllib.request

import pytest
import stepped
import uvicorn
from chromium import chromium
from selenium.webdriver.support.wait import WebDriverWait
from store import Store
from workplace import Workplace

from sweep.errors import UserError
from sweep.watching.app import Watched, application
from sweep.watching.latest import Latest
from sweep.watching.serving import address_of, listen, serve
from sweep.watching.shown import shown
from sweep.watching.snapshot import read_snapshot

SMALL = ("model=mlp", "model.hidden=[16]", "context=cpu", "figures=false", "keep_states=0")
SWEEP = (*SMALL, "optim.lr=0.1,0.2", "epochs=6", "n_jobs=1", "--multirun")
POINTS = """
const path = document.querySelector(".chart path.first");
return path ? path.getAttribute("d").split("L").length : 0;
"""
DRAWN = """
const images = [...document.querySelectorAll("#figures img")];
return images.length > 0 && images.every(each => each.complete && each.naturalWidth > 100);
"""
TOO_WIDE = "return document.documentElement.scrollWidth > document.documentElement.clientWidth"
FASTER = "{ const usual = setTimeout; window.setTimeout = (act, ms) => usual(act, ms / 100); }"
SECONDS = 240


@pytest.fixture
def browser():
    with chromium("--window-size=1200,1600") as driver:
        yield driver


def text(driver, selector):
    return driver.execute_script("return document.querySelector(arguments[0]).innerText", selector)


def wait(driver, condition):
    return WebDriverWait(driver, SECONDS, 0.2).until(condition)


@contextlib.contextmanager
def watched(workplace, *arguments):
    """Start ``sweep watch``, and give its address; at the end, end it as a user does."""
    with workplace.start("watch", "--port", "0", *arguments) as process:
        for line in process.stdout:
            if line.startswith("Open:"):
                break
        else:
            raise AssertionError(process.stderr.read())
        yield line.split()[1]
        os.kill(process.pid, signal.SIGINT)
        output, errors = process.communicate(timeout=SECONDS)
    assert (process.returncode, output, errors) == (0, "", "")


def test_a_sweep_is_watched_while_it_trains_and_to_its_end(tmp_path, browser):
    workplace = Workplace(tmp_path)
    shutil.copy(stepped.__file__, tmp_path)
    stepped.allow(tmp_path, 3)
    with workplace.start(*SWEEP, module="stepped") as sweep:
        for line in sweep.stdout:
            if "epoch 3/" in line:
                break
        else:
            raise AssertionError(sweep.stderr.read())
        with watched(workplace) as address:
            watch_while_it_trains(browser, address, tmp_path)
            watch_to_the_end(browser, sweep)
            looks_right_on_a_phone(browser)
            assert status_for(address, "evil.example") == 400
        _, errors = sweep.communicate(timeout=SECONDS)
    assert (sweep.returncode, errors) == (0, "")


def watch_while_it_trains(browser, address, folder):
    browser.get(address)
    wait(browser, lambda driver: driver.execute_script(POINTS) == 3)
    assert text(browser, "#state") == "running"
    assert "optim.lr=0.1,0.2" in text(browser, "h1")
    stepped.allow(folder, 5)
    wait(browser, lambda driver: driver.execute_script(POINTS) == 5)
    stepped.allow(folder, 7)


def watch_to_the_end(browser, sweep):
    while sweep.stdout.readline():  # it goes on, and ends
        pass
    wait(browser, lambda driver: text(driver, "#state") == "finished")
    assert "The sweep has ended. 2 runs: 2 finished." in text(browser, "#summary")
    rows = browser.execute_script(
        "return [...document.querySelectorAll('#rows tr')].map(row => row.cells[0].innerText)"
    )
    assert rows == ["1", "2"]
    assert browser.execute_script("return document.querySelector('#training').hidden")
    wait(browser, lambda driver: driver.execute_script(DRAWN))
    assert "it is not read again" in text(browser, "#read")
    assert browser.get_log("browser") == []  # nothing was refused, and nothing has failed


def looks_right_on_a_phone(browser):
    size = {"width": 400, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    assert not browser.execute_script(TOO_WIDE)
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def status_for(address, host):
    request = urllib.request.Request(address, headers={"Host": host})
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@contextlib.contextmanager
def served(watched, monkeypatch):
    """Answer requests in this process, and give the address."""
    usual, servers = uvicorn.Server, []
    monkeypatch.setattr(uvicorn, "Server", lambda given: servers.append(usual(given)) or servers[0])
    listener = listen("127.0.0.1", 0)
    app = application(watched, "127.0.0.1", "127.0.0.1")
    thread = threading.Thread(target=serve, args=(app, listener))
    thread.start()
    try:
        yield address_of(listener, "127.0.0.1")
    finally:
        servers[0].should_exit = True
        thread.join(SECONDS)


def test_figures_that_cannot_be_drawn_are_said_and_not_asked_for_for_ever(
    tmp_path, browser, monkeypatch
):
    store = Store(tmp_path)
    parent = store.run("sweep", "FINISHED", name="lr=1", **{"sweep.kind": "sweep"})
    store.run("sweep", metrics={"val/accuracy": 0.5}, parent=parent)
    asked = []

    def figures():
        asked.append(None)
        raise UserError("no <space>")

    def state():
        return shown(read_snapshot(store.uri, parent, tmp_path))

    with served(Watched(Latest(state, 0), Latest(figures, 0)), monkeypatch) as address:
        browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": FASTER})
        browser.get(address)
        wait(browser, lambda driver: driver.execute_script("return document.body.dataset.over"))
        assert text(browser, "#figures") == "The figures are not up to date: no <space>"
        assert text(browser, "#state") == "finished"
    assert len(asked) >= 2  # once more before it is given up
