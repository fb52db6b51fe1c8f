import re
from pathlib import Path

import pytest

from sweep.config import CONF, fields, load, params

PROJECT = Path(__file__).parents[1]
README = (PROJECT / "README.md").read_text()
ROWS = dict(re.findall(r"^\| `([a-z_.]+)` \| ([^|]+) \|", README, re.MULTILINE))


def test_table_has_every_field_and_no_other():
    assert sorted(key for key in ROWS if key in fields() or "." in key) == sorted(fields())


@pytest.mark.parametrize("model", ["mlp", "lenet"])
def test_table_has_the_defaults(model):
    for key, value in params(load(f"model={model}")).items():
        told = ROWS[key].replace(f"{model} ", "")
        if key != "model.name":
            assert f"`{value}`" in told or value == "500", (key, value, told)


def test_table_has_the_held_out_numbers():
    held_out = {name: load(f"dataset={name}").dataset.val_size for name in ("mnist_5k", "mnist")}
    assert ROWS["dataset.val_size"] == (
        f"{held_out['mnist_5k']} for `mnist_5k`, else {held_out['mnist']}"
    )
    assert load("dataset=fashion_mnist").dataset.val_size == held_out["mnist"]


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
