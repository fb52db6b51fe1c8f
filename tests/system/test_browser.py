"""What a user sees of a sweep in MLflow's pages, in a real browser."""

import shlex

import pytest
from chromium import chromium
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait
from workplace import UserInterface, Workplace

SWEEP = ("model=mlp", "model.hidden=[16]", "optim.lr=0.1,0.2", "epochs=3", "context=cpu")
NAME = " ".join(SWEEP)
EXPANDER = '[data-component-id*="runnamecellrenderer"]'
CHARTS = """
return [...document.querySelectorAll(".js-plotly-plot")].map(
    chart => [chart.data[0].name, chart.data[0].x, chart.data[0].y])
"""
ROWS = """
return [...document.querySelectorAll("tr")].map(row => [...row.cells].map(
    cell => cell.innerText.trim())).map(([first, ...others]) => [first, others])
"""


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    workplace = Workplace(tmp_path_factory.mktemp("browsed"))
    workplace.run(*SWEEP, "--multirun")
    (parent,), runs = workplace.runs("sweep")
    return workplace, parent, runs


@pytest.fixture(scope="module")
def browser():
    # charts are drawn when they come into sight
    with chromium("--window-size=1600,4000") as driver:
        yield driver


@pytest.fixture(scope="module")
def visit(swept, browser):
    """A function that goes to a page, and returns what a question about it is answered at last."""
    workplace, parent, _ = swept
    with UserInterface(workplace.folder) as pages:

        def go(path, question):
            browser.get("about:blank")  # or else only the fragment of the address would change
            browser.get(f"{pages.address}/#{path}".replace("{}", parent.info.experiment_id))
            return WebDriverWait(browser, 60).until(question)

        yield go


def text(driver):
    return driver.execute_script("return document.body.innerText")


def test_the_table_of_runs_has_the_sweep_and_below_it_its_runs(swept, visit, browser):
    _, _, runs = swept
    assert visit("/experiments/{}/runs", lambda driver: NAME in text(driver))
    names = [run.info.run_name for run in runs]
    assert len(set(names)) == 2 and not any(name in text(browser) for name in names)
    browser.find_element(By.CSS_SELECTOR, EXPANDER).click()
    assert WebDriverWait(browser, 60).until(
        lambda driver: all(name in text(driver) for name in names)
    )


def test_a_sweep_is_described_with_its_command_and_its_leaderboard(swept, visit):
    _, parent, runs = swept
    names = [run.info.run_name for run in runs]  # the child runs are on the page, too
    page = visit(
        f"/experiments/{{}}/runs/{parent.info.run_id}",
        lambda driver: (
            all(each in text(driver) for each in ("best_epoch", *names)) and text(driver)
        ),
    )
    assert f"python -m sweep {shlex.join(SWEEP)} --multirun" in page
    assert "2 runs: 2 FINISHED, by val/accuracy, the best first:" in page
    for run in runs:
        assert f"{run.data.metrics['val_at_best/accuracy']:.4f}" in page


def test_the_curves_of_a_run_are_those_that_are_recorded(swept, visit):
    workplace, _, runs = swept
    for run in runs:
        drawn = visit(
            f"/experiments/{{}}/runs/{run.info.run_id}/model-metrics",
            lambda driver: len(found := driver.execute_script(CHARTS)) >= 6 and found,
        )
        found = {tuple(zip(x, y, strict=True)) for _, x, y in drawn}
        curves = workplace.curves(run)
        for key in ("train/loss", "train/accuracy", "val/loss", "val/accuracy"):
            assert len(curves[key]) == 3
            assert tuple(curves[key]) in found
        assert {name for name, _, _ in drawn} == {run.info.run_name}


def test_two_runs_are_compared(swept, visit, browser):
    _, _, runs = swept
    ids = [run.info.run_id for run in runs]
    asked = "[" + ",".join(f"%22{each}%22" for each in ids) + "]"
    rows = visit(
        f"/compare-runs?runs={asked}&experiments=[%22{{}}%22]",
        lambda driver: len(found := dict(driver.execute_script(ROWS))) > 10 and found,
    )
    assert rows["Run ID:"] == ids
    assert rows["optim.lr"] == [run.data.params["optim.lr"] for run in runs]
    lines, keys = text(browser).splitlines(), sorted(runs[0].data.metrics)
    start, number = lines.index(keys[0]), len(keys)  # the names one below the other, then values
    assert lines[start : start + number] == keys
    shown = [float(each) for each in lines[start + number : start + 3 * number]]
    expected = [run.data.metrics[key] for key in keys for run in runs]
    assert shown == pytest.approx(expected, rel=1e-3, abs=1e-3)


def test_the_figures_of_a_run_and_the_report_of_a_sweep_are_shown(swept, visit, browser):
    _, parent, runs = swept
    run_id = runs[0].info.run_id
    shown = visit(
        f"/experiments/{{}}/runs/{run_id}/artifacts/figures/confusion.png",
        lambda driver: driver.execute_script(
            "return [...document.images].filter(e => e.naturalHeight > 500).length"
        ),
    )
    assert shown
    frames = visit(
        f"/experiments/{{}}/runs/{parent.info.run_id}/artifacts/report.html",
        lambda driver: driver.find_elements(By.TAG_NAME, "iframe"),
    )
    browser.switch_to.frame(frames[0])
    assert browser.find_element(By.TAG_NAME, "h1").text == NAME
    assert len(browser.find_elements(By.CSS_SELECTOR, "figure svg")) >= 3
    browser.switch_to.default_content()
