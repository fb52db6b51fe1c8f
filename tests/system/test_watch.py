"""A sweep is watched in a real browser, while it trains and to its end."""

import contextlib
import os
import shutil
import signal
import threading
import urllib.error
import urllib.request
from functools import partial
from urllib.parse import urlsplit

import pytest
import stepped
from chromium import chromium
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait
from store import Store
from workplace import Workplace

from sweep.errors import UserError
from sweep.runs.asking import steer
from sweep.runs.control_folder import ControlFolder
from sweep.runs.locks import RunLocks
from sweep.runs.requests import Answer
from sweep.watching import serving
from sweep.watching.app import Watched, application
from sweep.watching.control import control_routes
from sweep.watching.figures import Drawn
from sweep.watching.latest import Latest
from sweep.watching.serving import Server, address_of, listen, serve
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
        process.wait(SECONDS)
        # Not communicate(): it loses what was read already, together with the line above.
        output, errors = process.stdout.read(), process.stderr.read()
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
def served(watched, monkeypatch, more=(), port=0):
    """Answer requests in this process, and give the address."""
    servers = []
    monkeypatch.setattr(
        serving, "Server", lambda given: servers.append(Server(given)) or servers[0]
    )
    listener = listen("127.0.0.1", port)
    app = application(watched, "127.0.0.1", "127.0.0.1", more)
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


TOKEN = "zOUrWhVxa3lFhDMAxzlBQG5BqlP3aD4Jl1Oyh0DjYkA"
OTHER = "another"
FROM_ELSEWHERE = """
const [address, headers, mode, done] = arguments;
const body = JSON.stringify({action: "stop", given: ""});
fetch(`${address}control`, {method: "POST", mode, headers, body}).then(
    response => done(response.type), error => done(error.name));
"""
BUTTONS = """
return [...document.querySelectorAll("#control button")].filter(each => each.offsetParent).length;
"""


@contextlib.contextmanager
def at_work(store, folder):
    """A sweep that answers what it is asked, as long as this lasts; gives its id, and what it was.

    It trains nothing, and takes its time with jobs 9, until it is asked something else.
    """
    locks, asked, waiting, is_over = RunLocks(folder), [], [], threading.Event()
    tags = {"sweep.kind": "sweep", "fingerprint": "5" * 16, "checkpoint_folder": locks.folder_id}
    sweep_id = store.run("sweep", "RUNNING", name="lr=1", **tags)
    control = ControlFolder(folder, sweep_id)

    def work():
        while not is_over.wait(0.05):
            for each in control.take():
                asked.append(each.asked.words)
                waiting.append(each)
            while waiting and asked[-1] != "jobs 9":
                each = waiting.pop(0)
                control.answer(each.name, Answer(True, f"{each.asked.words} is done"))

    thread = threading.Thread(target=work)
    with locks.try_hold("5" * 16):
        control.open()
        thread.start()
        try:
            yield sweep_id, asked
        finally:
            is_over.set()
            thread.join(60)
            control.close()


def test_a_sweep_is_steered_by_keys_and_from_no_other_page(tmp_path, browser, monkeypatch):
    store = Store(tmp_path)
    with at_work(store, tmp_path / "checkpoints") as (sweep_id, asked):
        store.run("sweep", "RUNNING", {"epochs": 9}, parent=sweep_id, name="mine")

        def state():
            return shown(read_snapshot(store.uri, sweep_id, tmp_path / "checkpoints"))

        def seen():
            return Watched(Latest(state, 0), Latest(lambda: Drawn("", ()), 0))

        ask = partial(steer, store.uri, sweep_id, tmp_path / "checkpoints")
        with served(seen(), monkeypatch) as address:
            browser.get(address)
            wait(browser, lambda driver: text(driver, "#state") == "running")
        port = urlsplit(address).port
        with served(seen(), monkeypatch, control_routes(ask, TOKEN), port):
            browser.get(f"{address}#token={TOKEN}")  # in the tab that has it open without controls
            steer_by_keys(browser, address, asked)
            without_a_token_there_is_nothing_to_press(browser, address)
            assert browser.get_log("browser") == []
            no_other_page_steers(browser, address, asked)
            browser.get(f"{address}#token={TOKEN}")
            wait(browser, lambda driver: driver.execute_script(BUTTONS))
            store.client.set_terminated(sweep_id, "FINISHED")
            wait(browser, lambda driver: text(driver, "#state") == "finished")
            assert browser.execute_script(BUTTONS) == 0
        store.client.update_run(sweep_id, "RUNNING")
        with served(seen(), monkeypatch, control_routes(ask, OTHER), port):
            a_token_of_an_earlier_start_is_forgotten(browser, address)


def steer_by_keys(browser, address, asked):
    wait(browser, lambda driver: driver.execute_script(BUTTONS) == 7)
    assert (browser.current_url, browser.get_cookies()) == (address, [])
    assert type_into(browser, "jobs", "2", Keys.ENTER).endswith("): jobs 2 is done")
    assert type_into(browser, "overrides", "lenet", Keys.ENTER).startswith(
        "add lenet: is no override such as optim.lr=0.1,0.2: "
    )
    to_kill = ("run", "mine", Keys.TAB, Keys.TAB)
    type_into(browser, *to_kill, answer=False)
    focused(browser).send_keys(Keys.ENTER)
    assert text(browser, "#question").startswith("Kill run mine? It ends now, ")
    focused(browser).send_keys(Keys.ENTER)  # that is no
    assert asked == ["jobs 2"]
    focused(browser).send_keys(Keys.ENTER)
    focused(browser).send_keys(Keys.TAB)
    focused(browser).send_keys(Keys.ENTER)
    wait(browser, lambda driver: text(driver, "#answer").endswith("): kill mine is done"))
    looks_right_on_a_phone(browser)
    browser.refresh()
    wait(browser, lambda driver: driver.execute_script(BUTTONS) == 7)  # the tab knows its token
    assert asked == ["jobs 2", "kill mine"]
    asks_while_an_answer_is_awaited(browser)


def asks_while_an_answer_is_awaited(browser):
    type_into(browser, "jobs", "9", Keys.ENTER, answer=False)
    wait(browser, lambda driver: text(driver, "#answer") == "Asked: jobs 9 …")
    browser.find_element(By.CSS_SELECTOR, "#control button[value=pause]").click()
    wait(browser, lambda driver: text(driver, "#answer").endswith("): pause is done"))
    wait(browser, lambda driver: "): jobs 9 is done" in text(driver, "#answer"))


def a_token_of_an_earlier_start_is_forgotten(browser, address):
    for token in (TOKEN, OTHER):  # in the tab in which the sweep had ended, too
        browser.get(f"{address}#token={token}")
        wait(browser, lambda driver: driver.execute_script(BUTTONS) == 7)
        told = type_into(browser, "jobs", "3", Keys.ENTER)
        if token == TOKEN:
            assert told.startswith("this page may not steer the sweep; allowed is the one at ")
            assert text(browser, "#no-token").startswith("To steer this sweep, open the address ")
            assert browser.execute_script(BUTTONS) == 0
    assert told.endswith("): jobs 3 is done")


def focused(browser):
    return browser.switch_to.active_element


def type_into(browser, field, *keys, answer=True):
    """Type into a field; return what is answered to it."""
    browser.execute_script("document.querySelector('#answer').textContent = ''")
    browser.find_element(By.ID, field).send_keys(keys[0])
    for key in keys[1:]:
        focused(browser).send_keys(key)
    if not answer:
        return None

    def answered(driver):
        told = text(driver, "#answer")
        return told if not told.startswith("Asked: ") else ""

    return wait(browser, answered)


def without_a_token_there_is_nothing_to_press(browser, address):
    mine = browser.current_window_handle
    browser.switch_to.new_window("tab")
    browser.get(address)
    wait(browser, lambda driver: text(driver, "#no-token").startswith("To steer this sweep, open"))
    assert browser.execute_script(BUTTONS) == 0
    browser.close()
    browser.switch_to.window(mine)


def no_other_page_steers(browser, address, asked):
    before = [*asked]
    browser.get("data:text/html,<title>Another page</title>")
    token = {"Authorization": f"Bearer {TOKEN}"}
    for headers, mode in (({}, "no-cors"), (token, "no-cors"), (token, "cors")):
        given = (address, headers, mode)
        assert browser.execute_async_script(FROM_ELSEWHERE, *given) == "TypeError"
    assert asked == before
