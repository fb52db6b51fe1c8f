import re
import shlex
from pathlib import Path

import pytest

from sweep.config.compose import CONF, fields, load, params

PROJECT = Path(__file__).parents[2]
README = (PROJECT / "README.md").read_text()
OPTIONS = "".join(
    README.partition(f"\n## {title}\n")[2].partition("\n## ")[0] for title in ("Options", "Search")
)
ROWS = dict(re.findall(r"^\| `([a-z_.]+)` \| ([^|]+) \|", OPTIONS, re.MULTILINE))


def test_table_has_every_field_and_no_other():
    assert sorted(ROWS) == sorted(fields())


@pytest.mark.parametrize("model", ["mlp", "lenet"])
def test_table_has_the_defaults(model):
    for key, value in params(load(f"model={model}")).items():
        told = ROWS[key].replace(f"{model} ", "")
        if key not in ("model.name", "dataset.val_size"):
            assert f"`{value}`" in told, (key, value, told)


def test_table_has_the_held_out_numbers():
    held_out = {name: load(f"dataset={name}").dataset.val_size for name in ("mnist_5k", "mnist")}
    assert ROWS["dataset.val_size"] == (
        f"{held_out['mnist_5k']} for `mnist_5k`, else {held_out['mnist']}"
    )
    assert load("dataset=fashion_mnist").dataset.val_size == held_out["mnist"]


def test_nothing_is_left_to_fill_in():
    assert not re.findall(r"@[A-Z]+@|TODO|TBD", README)


def test_commands_compose():
    commands = re.findall(r"python -m sweep ((?!-)[^#\n]*)", README.replace("\\\n", " "))
    assert len(commands) >= 1
    for command in commands:
        given = [each for each in shlex.split(command) if "=" in each]
        given = [each for each in given if not each.startswith(("hydra/", "hydra."))]
        load(*(each.partition(",")[0] for each in given if "(" not in each))
        assert {each.partition("=")[0] for each in given if "(" in each} <= {*fields()}


def test_every_preset_is_in_the_readme():
    for preset in (CONF / "experiment").glob("*.yaml"):
        assert f"| `{preset.stem}` |" in README


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_local_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)\)", (PROJECT / page).read_text()):
        assert (PROJECT / target).exists(), target


def test_contributing_names_every_module():
    page = (PROJECT / "CONTRIBUTING.md").read_text()
    for module in (PROJECT / "sweep").glob("*.py"):
        assert module.name == "__init__.py" or f"`sweep/{module.name}`" in page, module.name


def test_promises_name_tests_that_are_there():
    promises = README.partition("\n## Nothing lost\n")[2].partition("\n## ")[0]
    named = re.findall(r"`(test_\w+\.py)`", promises)
    assert len(named) > 10
    for name in named:
        assert (PROJECT / "tests" / name).exists(), name


PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\((?!http)([^)#]*)(?:#([^)]*))?\)", page.read_text())
    assert links
    for place, heading in links:
        target = page.parent / place if place else page
        assert target.exists(), place
        if heading:
            titles = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
            anchors = [re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles]
            assert heading in anchors, (place, heading)
