import os
import re
import shlex
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from functools import partial
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fake_runs import FakeRun, fill
from fake_store import (
    broken,
    five_hundred_runs,
    grid,
    one_run,
    trained,
    twenty_runs,
    two_runs,
)
from matplotlib.colors import to_rgb
from mlflow import MlflowClient
from PIL import Image
from record import new_record

from sweep.commands.cli import run as run_command
from sweep.commands.leaderboard import leaderboard
from sweep.commands.report import report
from sweep.reporting.palette import DARK, LIGHT, PAGE, as_variables, variables
from sweep.results.cells import TIED
from sweep.results.leaderboard import load_leaderboard, load_leaderboard_by_seed

main = partial(run_command, report)

SCENES = {
    "one": (one_run, "optim.lr=0.1"),
    "two": (two_runs, "optim.lr=0.1,0.2"),
    "twenty": (twenty_runs, "optim.lr=0.01,0.03,0.1,0.3,1.0 optim.wd=0.0,0.0001,0.001,0.01"),
    "hundreds": (lambda: five_hundred_runs(epochs=40), "a random search"),
    "failed": (lambda: [broken(run, 0) for run in two_runs()], "optim.lr=100,200"),
    "seeds": (
        lambda: grid(optim__lr=["0.1", "0.3"], seed=["0", "1", "2"]),
        "optim.lr=0.1,0.3 seed=0,1,2",
    ),
}


class Page(HTMLParser):
    """What is in a page: its elements with their attributes, the table's cells, its text."""

    def __init__(self, html):
        super().__init__()
        self.html, self.elements, self.text = html, [], []
        self.open = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in ("meta", "link", "img", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.text.append(data)

    def of(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def headings(self):
        return re.findall("<h2>(.*?)</h2>", self.html)

    @property
    def rows(self):
        """The rows of the leaderboard: the shown texts."""
        found = re.findall('<tr id="run-[0-9]+".*?</tr>', self.html)
        return [re.findall("<td[^>]*>(.*?)</td>", row) for row in found]

    @property
    def columns(self):
        return re.findall('<button type="button">(.*?)</button>', self.html)


@pytest.fixture(scope="module")
def uri(tmp_path_factory):
    return new_record(tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def pages(uri, tmp_path_factory):
    """Return the page of a scene, its sweep's id, and its figures; each made once."""
    folder, made = tmp_path_factory.mktemp("pages"), {}

    def page(scene):
        if scene not in made:
            runs, name = SCENES[scene]
            _, sweep = fill(uri, scene, runs(), sweep=name)
            file, figures = folder / f"{scene}.html", folder / scene
            arguments = ["--experiment", scene, "--sweep", sweep, "--tracking-uri", uri]
            arguments += ["--output", str(file)]
            if scene == "twenty":
                arguments += ["--figures", str(figures)]
            assert main(arguments) == 0
            made[scene] = Page(file.read_text()), sweep, figures
        return made[scene]

    return page


HEADINGS = {
    "one": ["Leaderboard", "Learning curves", "Training against validation"],
    "two": [
        *("Leaderboard", "Learning curves", "Two runs side by side"),
        *("val/accuracy against each parameter", "Training against validation"),
        "Time and throughput",
    ],
    "twenty": [
        *("Leaderboard", "Not ranked", "Learning curves", "Two runs side by side"),
        *("val/accuracy against each parameter", "All parameters at once"),
        *("Which parameter mattered", "Pairs of parameters"),
        *("Training against validation", "Time and throughput"),
    ],
    "failed": ["Leaderboard", "Not ranked"],
    "seeds": [
        *("Leaderboard", "Runs", "Learning curves", "Two runs side by side"),
        *("val/accuracy against each parameter", "All parameters at once"),
        *("Which parameter mattered", "Training against validation", "Time and throughput"),
    ],
}
HEADINGS["hundreds"] = HEADINGS["twenty"]
FIGURES = {"one": 2, "two": 5, "twenty": 9, "hundreds": 2 + 6 + 1 + 6 + 2, "failed": 0, "seeds": 7}


@pytest.mark.parametrize("scene", SCENES)
def test_parts_and_figures(pages, scene):
    page, _, _ = pages(scene)
    assert page.headings == HEADINGS[scene]
    assert len(page.of("svg")) == len(page.of("figure")) == FIGURES[scene]
    assert re.search("<h1>(.*?)</h1>", page.html)[1] == SCENES[scene][1]


@pytest.mark.parametrize("scene", SCENES)
def test_a_page_needs_no_other_file_and_no_network(pages, scene):
    page, _, _ = pages(scene)
    for _, attributes in page.elements:
        for name in ("src", "href", "xlink:href", "srcset", "data", "action"):
            assert attributes.get(name, "#").startswith("#"), attributes
    assert not page.of("link") and not page.of("img") and not page.of("iframe")
    assert "@import" not in page.html
    assert set(re.findall(r"url\((.)", page.html)) <= {"#"}
    (policy,) = [each["content"] for each in page.of("meta") if "http-equiv" in each]
    assert policy.startswith("default-src 'none'; ")


@pytest.mark.parametrize("scene", SCENES)
def test_names_within_a_page_are_unique_and_known(pages, scene):
    page, _, _ = pages(scene)
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    used = set(re.findall(r'(?:href="|url\()#([^")]+)', page.html))
    assert used <= set(ids)


@pytest.mark.parametrize("scene", SCENES)
def test_a_page_has_the_colours_of_both_themes(pages, scene):
    page, _, _ = pages(scene)
    css = page.html.partition("<style>")[2].partition("</style>")[0]
    light, _, dark = css.partition("@media (prefers-color-scheme: dark)")
    for name, colour in variables(LIGHT).items():
        assert f"{name}: {colour};" in light
    for name, colour in variables(DARK).items():
        assert f"{name}: {colour};" in dark
    used = set(re.findall(r"var\((--\w+)\)", page.html)) - {"--s"}  # how red a cell is
    assert used <= set(re.findall(r"(--\w+):", light)) & set(re.findall(r"(--\w+):", dark))
    assert "#fe00" not in page.html  # the palette's marks, which stand for variables
    # What has no colour is black, and cannot be seen on dark.
    for svg in re.findall("<svg.*?</svg>", page.html, re.DOTALL):
        rules = dict(re.findall(r"\.(f[\d-]+){(.*?)}", svg))
        for name in re.findall('<text class="(f[0-9-]+)"', svg):
            assert "fill: " in rules[name] or "#" not in rules[name], rules[name]


def test_five_hundred_runs_stay_small(pages):
    page, _, _ = pages("hundreds")
    assert len(page.html.encode()) < 3_000_000
    assert len(page.rows) == 500


def test_every_run_can_be_found_in_every_figure_it_is_in(pages):
    page, _, _ = pages("twenty")
    links = [each["href"] for each in page.of("a") if "tabindex" in each]
    # Four panels of curves, the gap, and throughput (a bar and its middle) show all runs; two
    # parameters, all of them at once, training against validation, and duration those that ended
    # well. The best two are in four panels of their own.
    for number in range(20):
        assert links.count(f"#run-{number}") == (7 + 5 * (number < 18) + 4 * (number < 2))


def test_the_table_is_the_leaderboard(pages, uri):
    page, sweep, _ = pages("twenty")
    table = load_leaderboard_by_seed("twenty", sweep, tracking_uri=uri)
    assert page.columns[:3] == ["rank", "status", *sorted(page.columns[2:4])][:3]
    assert sorted(page.columns[2:4]) == ["optim.lr", "optim.wd"]
    assert page.columns[4:6] == ["val/accuracy", "test/accuracy"]
    assert page.columns[-2:] == ["run", "run_id"]
    assert "dataset.name" not in page.columns and "fingerprint" not in page.columns
    cells = [dict(zip(page.columns, row, strict=True)) for row in page.rows]
    assert [row["run_id"] for row in cells] == list(table["run_id"])
    assert [row["rank"] for row in cells] == [*map(str, range(1, 19)), "", ""]
    assert [row["val/accuracy"] for row in cells] == [
        f"{each:.4f}" for each in table["val/accuracy"]
    ]
    assert cells[0]["optim.wd"] == "0"
    keys = re.findall('<tr id="run-0".*?</tr>', page.html)[0]
    assert f'data-key="{table["val/accuracy"][0]!r}"' in keys  # it is sorted by the exact value


def test_a_row_for_all_seeds_and_one_for_each_run(pages, uri):
    page, sweep, _ = pages("seeds")
    table = load_leaderboard("seeds", sweep, tracking_uri=uri)
    first = page.html[: page.html.index("<h2>Runs</h2>")]
    assert re.findall('<button type="button">(.*?)</button>', first) == [
        *("rank", "optim.lr", "val/accuracy", "test/accuracy", "best_epoch", "seeds")
    ]
    rows = [re.findall("<td[^>]*>(.*?)</td>", row) for row in re.findall("<tr>.*?</tr>", first)]
    assert [(row[1], row[2], row[5]) for row in rows if row] == [
        (f"{row['optim.lr']}", f"{row['val/accuracy']:.4f} ± {row['val/accuracy_std']:.4f}", "3")
        for _, row in table.iterrows()
    ]
    assert (TIED in page.html.replace("&#39;", "'")) == bool(table["tied"].any())
    assert len(page.rows) == 6


def test_runs_that_lack_what_others_have(uri, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bare = grid(2, optim__lr=["0.1", "0.2"])
    for run in bare:
        del run.params["dataset.name"]
    fill(uri, "bare", bare)
    some = grid(2, optim__lr=["0.1", "0.2", "0.3"])
    for number, run in enumerate(some[:2]):
        run.params["model.pool_size"] = str(number)
    fill(uri, "some", some)
    monkeypatch.setattr("sweep.reporting.tables.MOST_ROWS", 1)
    for experiment in ("bare", "some"):
        assert main(["--experiment", experiment, "--tracking-uri", uri]) == 0


def test_what_is_said_on_top(pages, uri):
    page, sweep, _ = pages("twenty")
    facts = dict(re.findall("<dt>(.*?)</dt><dd>(.*?)</dd>", page.html))
    best = load_leaderboard_by_seed("twenty", sweep, tracking_uri=uri).iloc[0]
    assert sorted(facts.pop("best run").split(", ")) == sorted(
        [
            *(f"optim.lr {best['optim.lr']:g}", f"optim.wd {best['optim.wd']:g}"),
            f"val/accuracy {best['val/accuracy']:.4f}",
            f"test/accuracy {best['test/accuracy']:.4f}",
        ]
    )
    assert facts.pop("last run ended") == "2023-11-14 22:14 UTC"
    assert facts == {
        "runs": "20 (18 FINISHED, 2 FAILED)",
        "dataset": "mnist_5k",
        "first run began": "2023-11-14 22:13 UTC",
        "experiment": "twenty",
        "sweep&#39;s run id": sweep,
    }
    assert re.search(
        r"Written by gluon-sweep \d+\.\d+\.\d+, \d{4}-\d\d-\d\d \d\d:\d\d UTC\.", page.html
    )


def test_failures_are_told_by_reason(pages):
    page, _, _ = pages("hundreds")
    part = page.html.partition("<h2>Not ranked</h2>")[2].partition("</section>")[0]
    rows = [re.findall("<td.*?>(.*?)</td>", row) for row in re.findall("<tr>(.*?)</tr>", part)]
    rows = [row for row in rows if row]
    counts = [int(row[1]) for row in rows]
    assert counts == sorted(counts, reverse=True)
    table = [row for row in page.rows if row[0] == ""]
    assert sum(counts) == len(table)
    killed = [row for row in rows if row[0] == "KILLED"]
    assert [row[2] for row in killed] == ["the sweep was interrupted"]
    assert killed[0][3].count("<a href=") == 3 and killed[0][3].endswith("; and 3 more")


def test_importance_is_named_with_its_reference(pages):
    page, _, _ = pages("twenty")
    text = page.html.partition("<h2>Which parameter mattered</h2>")[2].partition("</section>")[0]
    assert "Permutation importance of a random forest, as scikit-learn computes it" in text
    assert "(L. Breiman, Random Forests, Machine Learning 45, 2001)" in text
    assert "18 runs in 5 folds" in text
    assert re.search(r"explains \d+% of the variance", text)


def test_too_few_runs_have_no_importance(uri, tmp_path):
    fill(uri, "few", grid(2, optim__lr=["0.1", "0.2"], optim__wd=["0.0", "0.001"]))
    assert main(["--experiment", "few", "--tracking-uri", uri]) == 0
    html = (tmp_path / "report.html").read_text()
    assert "<p>Not computed: 4 finished runs are too few to tell; it takes 12 or more.</p>" in html
    assert "<h1>experiment few</h1>" in html


def test_text_of_a_record_is_text_on_the_page(uri, tmp_path):
    nasty = "<script>alert(1)</script> & $x_1$ 'quoted' style=\"a{\" #fe0001"
    runs = [
        trained(number, {"model.activation": name}, 2) for number, name in enumerate((nasty, "b$"))
    ]
    runs.append(broken(trained(2, {"model.activation": "c"}, 2), 1, reason=nasty))
    runs[0].name = nasty
    _, sweep = fill(uri, "nasty", runs, sweep=nasty)
    arguments = ["--experiment", "nasty", "--sweep", sweep, "--tracking-uri", uri]
    assert main([*arguments, "--figures", "figures"]) == 0
    html = (tmp_path / "report.html").read_text()
    assert html.count("<script>") == 1
    assert not any("a{" in rules for rules in re.findall("<style>(.*?)</style>", html)[1:])
    assert "alert(1)</script>" not in html
    text = "".join(Page(html).text)
    assert text.count(nasty) >= 4  # title, table twice, reason
    assert "b$" in text and "$x_1$" in text


def test_a_metric_of_losses(uri, tmp_path):
    fill(uri, "losses", grid(3, optim__lr=["0.1", "0.2"], optim__wd=["0.0", "0.001"]))
    assert main(["--experiment", "losses", "--metric", "val/loss", "--tracking-uri", uri]) == 0
    page = Page((tmp_path / "report.html").read_text())
    assert page.columns[:4] == ["rank", *page.columns[1:3], "val/loss"]
    ranked = [float(row[3]) for row in page.rows]
    assert ranked == sorted(ranked)
    assert "val/loss against each parameter" in page.headings


def test_very_many_rows_are_cut_and_it_is_said(uri, tmp_path, monkeypatch):
    fill(uri, "very many", grid(1, optim__lr=["0.1", "0.2", "0.3"]))
    monkeypatch.setattr("sweep.reporting.tables.MOST_ROWS", 2)
    assert main(["--experiment", "very many", "--tracking-uri", uri]) == 0
    page = Page((tmp_path / "report.html").read_text())
    assert len(page.rows) == 2
    told = next(line for line in page.text if "The best 2 of 3 runs are shown" in line)
    program, command, *options = shlex.split(told.partition("to a file by: ")[2])
    assert (program, command) == ("sweep", "leaderboard")
    assert run_command(leaderboard, [*options, "--tracking-uri", uri]) == 0
    assert sorted(pd.read_csv("runs.csv")["optim.lr"]) == [0.1, 0.2, 0.3]


def test_runs_of_another_program(uri, tmp_path):
    client = MlflowClient(uri)
    experiment = client.create_experiment("foreign")
    for value in (0.5, 0.75):
        run_id = client.create_run(experiment).info.run_id
        client.log_metric(run_id, "f1", value, step=3)
        client.set_terminated(run_id)
    arguments = ["--experiment", "foreign", "--metric", "f1", "--direction", "max"]
    assert main([*arguments, "--tracking-uri", uri]) == 0
    page = Page((tmp_path / "report.html").read_text())
    assert [row[1] for row in page.rows] == ["0.75", "0.5"]


def test_a_metric_of_another_program_in_training_and_validation(uri, tmp_path):
    client = MlflowClient(uri)
    experiment = client.create_experiment("foreign in both")
    for value in (0.5, 0.75):
        run_id = client.create_run(experiment).info.run_id
        client.log_metric(run_id, "train/auc", value + 0.125, step=1)
        client.log_metric(run_id, "val/auc", value, step=1)
        client.set_terminated(run_id)
    arguments = ["--experiment", "foreign in both", "--metric", "val/auc", "--direction", "max"]
    assert main([*arguments, "--tracking-uri", uri]) == 0
    assert "Training against validation" in Page((tmp_path / "report.html").read_text()).headings


# --- files of figures ---


def test_figures_as_files(pages):
    _, _, folder = pages("twenty")
    one, other = sorted(["optim.lr", "optim.wd"])
    pairs = {f"pair-{one}-{other}", f"pair-{other}-{one}"}
    names = {file.stem for file in folder.iterdir()}
    assert len(names & pairs) == 1
    assert names - pairs == {
        *("curves", "two-runs", "gap", "importance", "time", "parallel"),
        *("parameter-optim.lr", "parameter-optim.wd"),
    }
    for name in names:
        root = ElementTree.parse(folder / f"{name}.svg").getroot()
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        width, height = (float(root.get(side).removesuffix("pt")) for side in ("width", "height"))
        with Image.open(folder / f"{name}.png") as image:
            assert image.size == pytest.approx((width / 72 * 150, height / 72 * 150), abs=1)
            assert image.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
            assert len(image.convert("RGB").getcolors(1 << 24)) > 10


def test_the_same_figures_are_the_same_files(uri, tmp_path):
    fill(uri, "same", one_run())
    for folder in ("one", "other"):
        arguments = ["--experiment", "same", "--tracking-uri", uri, "--figures", folder]
        assert main(arguments) == 0
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "other" / file.name).read_bytes(), file.name


def test_a_parameter_s_name_is_no_path(uri, tmp_path):
    runs = [trained(number, {"../../a b": str(number)}, 2) for number in range(2)]
    fill(uri, "path", runs)
    arguments = ["--experiment", "path", "--tracking-uri", uri, "--figures", "figures/inside"]
    assert main(arguments) == 0
    assert (tmp_path / "figures/inside/parameter-.._.._a_b.svg").is_file()


# --- colours ---


def luminance(colour):
    """Relative luminance: https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    linear = [
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4
        for each in to_rgb(colour)
    ]
    return np.dot(linear, (0.2126, 0.7152, 0.0722))


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(
    ("palette", "card"), [(LIGHT, "#ffffff"), (DARK, "#181c20")], ids=["light", "dark"]
)
def test_text_and_marks_stand_out(palette, card):
    assert (
        f"--card: {card};"
        in (Path(sys.modules["sweep.reporting.page"].TEMPLATES) / "report.html").read_text()
    )
    assert contrast(palette.ink, card) > 12
    assert contrast(palette.muted, card) > 4.5
    assert contrast(palette.accent, card) > 3
    assert contrast(palette.failed, card) > 3
    assert min(contrast(each, card) for each in palette.categories + palette.steps) > 1.6


def test_palettes_have_the_same_parts():
    sizes = {len(palette.all()) for palette in (LIGHT, DARK, PAGE)}
    assert len(sizes) == 1
    assert [as_variables(colour) for colour in PAGE.all()] == [
        f"var({name})" for name in variables(LIGHT)
    ]
    assert len(set(PAGE.all())) == sizes.pop()


# --- the command ---


def test_what_is_printed(uri, capsys, tmp_path):
    fill(uri, "printed", two_runs())
    arguments = ["--experiment", "printed", "--tracking-uri", uri]
    assert main([*arguments, "--output", "two.html", "--figures", "figures"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Written: two.html, to be opened in any browser",
        "Written: 10 files in figures",
    ]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["figures", "two.html"]
    assert len(list((tmp_path / "figures").iterdir())) == 10
    assert main(arguments) == 0
    assert "report.html" in os.listdir(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--metric", "val/acuracy"], "metric val/acuracy: say which end is better with --direct"),
        (["--metric", "x/loss"], "no finished run has the metric x/loss; there are: val/accuracy"),
        (["--experiment", "nope"], "experiment nope is not in sqlite:///"),
        (["--sweep", "nope"], "sweep nope has no runs in experiment wrong of sqlite:///"),
        (
            ["--output", "report.pdf"],
            "--output report.pdf: unknown suffix; allowed is .html or .htm\n",
        ),
        (
            ["--output", "nowhere/report.html"],
            "--output nowhere/report.html: cannot be written: No such file or directory\n",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_arguments(uri, capsys, tmp_path, arguments, message):
    if MlflowClient(uri).get_experiment_by_name("wrong") is None:
        fill(uri, "wrong", two_runs())
    assert main(["--experiment", "wrong", "--tracking-uri", uri, *arguments]) == 2
    output = capsys.readouterr()
    assert output.err.startswith(message)
    assert (output.out, list(tmp_path.iterdir())) == ("", [])


def test_a_folder_that_cannot_be_written(uri, capsys, tmp_path):
    fill(uri, "folder", one_run())
    (tmp_path / "file").write_text("kept")
    arguments = ["--experiment", "folder", "--tracking-uri", uri, "--figures", "file"]
    assert main(arguments) == 2
    assert capsys.readouterr().err == "--figures file: cannot be written: File exists\n"
    assert (tmp_path / "file").read_text() == "kept"


def test_an_experiment_without_runs(uri, capsys):
    MlflowClient(uri).create_experiment("empty")
    assert main(["--experiment", "empty", "--tracking-uri", uri]) == 2
    assert capsys.readouterr().err == "experiment empty has no runs yet\n"


def test_runs_that_have_just_begun(uri, tmp_path):
    runs = [FakeRun({"optim.lr": lr}, status="RUNNING", name="young") for lr in ("0.1", "0.2")]
    fill(uri, "begun", runs)
    assert main(["--experiment", "begun", "--tracking-uri", uri]) == 0
    page = Page((tmp_path / "report.html").read_text())
    assert page.headings == ["Leaderboard", "Not ranked"]
    assert "no reason is recorded" in page.html


# --- in a browser ---

BROWSER = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)


@pytest.fixture
def dom_of(tmp_path):
    """Return a page as a browser has it after a script has run."""
    if BROWSER is None:
        pytest.skip("there is no Chromium here")

    def run(html, script):
        file = tmp_path / "page.html"
        file.write_text(html.replace("</body>", f"<script>{script}</script></body>"))
        command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
        command += [f"--user-data-dir={tmp_path / 'browser'}", file.as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return Page(done.stdout)

    return run


@pytest.fixture
def dom(pages, dom_of):
    """Return a scene's page as a browser has it after a script has run."""
    return lambda scene, script: dom_of(pages(scene)[0].html, script)


def test_a_click_sorts_and_pointing_shows_a_run(dom):
    script = """
      const heads = [...document.querySelectorAll("th button")];
      const loss = heads.find(each => each.textContent === "val/loss");
      loss.click(); loss.click();
      const curve = document.querySelector("svg a[href='#run-3']");
      curve.dispatchEvent(new PointerEvent("pointerover", {bubbles: true}));
    """
    page = dom("twenty", script)
    column = page.columns.index("val/loss")
    values = [row[column] for row in page.rows]
    numbers = [float(value) for value in values if value]
    assert numbers == sorted(numbers, reverse=True) and len(numbers) == len(values)
    sorts = {each["aria-sort"] for each in page.of("th") if "aria-sort" in each}
    assert sorts == {"descending"}
    chosen = [attributes for _, attributes in page.elements if attributes.get("class") == "on"]
    assert len(chosen) == 13  # the row, and a mark in each figure that shows runs
    assert {each.get("href", "#" + each.get("id", "")) for each in chosen} == {"#run-3"}
    (shown,) = re.findall('<div id="about" role="status"[^>]*>(.*?)</div>', page.html)
    (row,) = [each for each in page.of("tr") if each.get("id") == "run-3"]
    assert shown == row["data-about"]


def test_empty_cells_stay_last_however_it_is_sorted(dom):
    for clicks in (1, 2):
        page = dom(
            "twenty",
            f"for (let i = 0; i < {clicks}; i++) document.querySelector('th button').click()",
        )
        ranks = [row[0] for row in page.rows]
        order = [str(rank) for rank in range(1, 19)]
        # The page begins sorted by rank; a first click turns it around.
        assert ranks == [*(order[::-1] if clicks == 1 else order), "", ""]


def test_two_runs_are_chosen_and_compared(dom):
    script = """
      const [one, other] = document.querySelectorAll("#two-runs select");
      for (const [select, value] of [[one, "run-5"], [other, "run-18"]]) {
        select.value = value;
        select.dispatchEvent(new Event("change"));
      }
    """
    page = dom("twenty", script)
    part = page.html.partition('id="two-runs"')[2].partition("</section>")[0]
    options = re.findall('<option value="(run-[0-9]+)"', part)
    assert options == [f"run-{number}" for number in range(20)] * 2
    assert "disabled" not in part
    drawn = re.findall('<a href="#(run-[0-9]+)" tabindex="-1" class="(one|other)"', part)
    assert sorted(drawn) == [("run-18", "other")] * 4 + [("run-5", "one")] * 4
    assert "0.001" in part
    rows = re.findall('<tr><th scope="row">(.*?)</th>(.*?)</tr>', part)
    shown = {name: re.findall("<td[^>]*>(.*?)</td>", cells) for name, cells in rows}
    for number, place in ((5, 0), (18, 1)):
        row = dict(zip(page.columns, page.rows[number], strict=True))
        assert shown.pop("rank")[0] == "6" if place == 0 else "rank" not in shown
        assert all(values[place] == row[name] for name, values in shown.items())
    assert {"optim.wd", "val/accuracy", "train/loss", "best_epoch"} < {*shown}


def test_without_a_script_the_best_two_are_compared(pages):
    page, _, _ = pages("twenty")
    part = page.html.partition('id="two-runs"')[2].partition("</section>")[0]
    assert re.findall('<option value="(.*?)"', part) == ["run-0", "run-1"]
    rows = re.findall('<tr><th scope="row">(.*?)</th>(.*?)</tr>', part)
    shown = {name: re.findall("<td[^>]*>(.*?)</td>", cells) for name, cells in rows}
    for place in (0, 1):
        row = dict(zip(page.columns, page.rows[place], strict=True))
        assert all(values[place] == row[name] for name, values in shown.items())
        told = {name for name, value in row.items() if value} - {"run", "run_id"}
        same = {
            name
            for name in ("optim.lr", "optim.wd")
            if page.rows[0][page.columns.index(name)] == page.rows[1][page.columns.index(name)]
        }
        assert {*shown} == told - same


def test_confusion_matrices_that_are_recorded(uri, tmp_path, dom_of):
    runs = grid(2, optim__lr=["0.1", "0.2", "0.3"])
    ids, _ = fill(uri, "confused", runs)
    nasty = "<b>&\"x'"
    client = MlflowClient(uri)
    tables = {0: "5,1\n4,6", 1: "9,0\n2,8"}
    for number, text in tables.items():
        first, second = text.splitlines()
        table = f'truth,y,"{nasty}"\ny,{first}\n"{nasty}",{second}\n'.replace('"x', '""x')
        client.log_text(ids[number], table, "figures/confusion.csv")
    assert main(["--experiment", "confused", "--tracking-uri", uri]) == 0
    html = (tmp_path / "report.html").read_text()
    assert "<b>" not in html
    part = html.partition('id="confusion"')[2].partition("</section>")[0]
    found = re.findall('<option value="(.*?)">(.*?)</option>', part)
    assert {counts: lr for counts, (lr) in ((c, t.partition(",")[0]) for c, t in found)} == {
        "5 1 4 6": "optim.lr 0.1",
        "9 0 2 8": "optim.lr 0.2",
    }
    assert "Of the best run, or of one of the 2 best." in part
    cells = re.findall("<td[^>]*>(.*?)</td>", part)
    assert cells == [each.replace("0", "") for each in found[0][0].split()]
    script = """
      const select = document.querySelector("#confusion select");
      select.selectedIndex = 1;
      select.dispatchEvent(new Event("change"));
    """
    part = dom_of(html, script).html.partition('id="confusion"')[2].partition("</section>")[0]
    shown = re.findall("<td[^>]*>(.*?)</td>", part)
    assert shown == [each.replace("0", "") for each in found[1][0].split()]
