import dataclasses
import re
import shlex
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args, get_origin, get_type_hints

import click
import pydantic
import pytest
import yaml

from sweep.commands import COMMANDS
from sweep.commands.cli import sweep
from sweep.config.choices import CHOSEN, OPTIMIZERS, SCHEDULES
from sweep.config.compose import CONF, fields, load
from sweep.config.losses import LOSSES, losses_for
from sweep.config.params import params
from sweep.config.schema import Config
from sweep.config.zips import ZIP
from sweep.sweeps.auto_seed import with_first_seed

PROJECT = Path(__file__).parents[2]
DOCS = PROJECT / "docs"
PAGES = [PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))]
TEXTS = {page.name: page.read_text() for page in PAGES}
OPTIONS = TEXTS["options.md"] + TEXTS["search.md"]
TABLES = re.findall(
    r"^\| `([a-z0-9_.]+)` \| ([^|]+) \| ([^|]+) \| [^|]+ \|$", OPTIONS, re.MULTILINE
)
ROWS = {key: default for key, default, _ in TABLES}
ALLOWED = {key: allowed for key, _, allowed in TABLES}


def test_options_have_every_field_and_no_other():
    assert sorted(ROWS) == sorted(fields())


@pytest.mark.parametrize("model", [each.stem for each in (CONF / "model").glob("*.yaml")])
def test_options_have_the_defaults(model):
    for key, value in params(load(f"model={model}")).items():
        told, value = ROWS[key], value.replace('"', "")
        if key not in ("model.name", "dataset.val_size"):
            assert f"`{value}`" in told, (key, value, told)


@pytest.mark.parametrize(
    "choice",
    [f"{each.key}={name}" for each in (OPTIMIZERS, SCHEDULES, LOSSES) for name in each.names()],
)
def test_options_have_the_defaults_of_every_optimiser_schedule_and_loss(choice):
    """As ``sgd `0.0`; nag, signum `0.9``` says it: those that are not named have the first."""
    group, _, name = choice.partition("=")
    numbers = name in losses_for("regression")
    config = params(load(choice, *["dataset=csv", "dataset.train=a.csv"] * numbers))
    told = {}
    for key, row in ROWS.items():
        for names, value in re.findall(r"([a-z0-9_, ]*)`([^`]+)`", row):
            if key.startswith(f"{group}.") and name in (names.strip() or name).split(", "):
                told[key] = value
    of_choice = {key: value for key, value in config.items() if key.startswith(f"{group}.")}
    assert told | {f"{group}.name": name} == of_choice


def test_options_have_the_held_out_numbers():
    names = ("mnist_5k", "mnist", "linear_2017", "cifar10")
    more = {"linear_2017": ("loss=l2", "test_every_epoch=true")}
    held_out = {
        name: load(f"dataset={name}", *more.get(name, ())).dataset.val_size for name in names
    }
    assert ROWS["dataset.val_size"] == (
        f"{held_out['mnist_5k']} for `mnist_5k`, {held_out['mnist']} for `mnist` and "
        f"`fashion_mnist`, {held_out['linear_2017']} for `linear_2017`, else {held_out['cifar10']}"
    )
    assert load("dataset=fashion_mnist").dataset.val_size == held_out["mnist"]


def kinds(schema: type, prefix: str = "") -> dict[str, Any]:
    """The type of each field with its bounds, by its dotted key."""
    found = {}
    for name, kind in get_type_hints(schema, include_extras=True).items():
        bare = get_args(kind)[0] if hasattr(kind, "__metadata__") else kind
        if dataclasses.is_dataclass(bare):
            found |= kinds(bare, f"{prefix}{name}.")
        elif get_origin(kind) is not ClassVar:
            found[prefix + name] = kind
    return found


KINDS = kinds(Config)
for group, registry in CHOSEN.items():
    for choice in registry.choices():
        KINDS |= kinds(choice, f"{group}.")
BOUNDED = [
    key for key in ALLOWED if re.search(r"or more|above|to less than|\d to \d", ALLOWED[key])
]


def takes(key: str, value: object) -> bool:
    try:
        pydantic.TypeAdapter(KINDS[key]).validate_python(value)
    except pydantic.ValidationError:
        return False
    return True


def literals(kind: Any) -> set[object]:
    """The values of a Literal, wherever it stands in a type."""
    if get_origin(kind) is Literal:
        return {*get_args(kind)}
    return {value for each in get_args(kind) for value in literals(each)}


@pytest.mark.parametrize("key", ALLOWED)
def test_options_name_all_values_that_are_allowed(key):
    told = {yaml.safe_load(each) for each in re.findall(r"`([^`]+)`", ALLOWED[key])}
    assert takes(key, None) == (None in told or ROWS[key] == "`null`")
    if (values := literals(KINDS[key])) and not key.endswith(".name"):
        assert told - {None} == values
    if bool in (KINDS[key], *get_args(KINDS[key])):
        assert told == {True, False}


@pytest.mark.parametrize(
    ("key", "package"), [("search.sampler", "samplers"), ("search.pruner", "pruners")]
)
def test_options_name_all_samplers_and_pruners(key, package):
    modules = [each.stem for each in (PROJECT / "sweep" / "search" / package).glob("[a-z]*.py")]
    assert sorted(re.findall(r"`([^`]+)`", ALLOWED[key].replace("`null`, ", ""))) == sorted(modules)


@pytest.mark.parametrize("key", BOUNDED)
def test_options_have_the_bounds(key):
    wrapped = (lambda value: [value]) if "list of" in ALLOWED[key] else (lambda value: value)
    numbers = [int(each) for each in re.findall(r"(?<!`)\b\d+\b", ALLOWED[key])]
    if "above" in ALLOWED[key]:
        assert takes(key, 1e-9) and not takes(key, 0.0)
    elif "to less than" in ALLOWED[key]:
        low, high = map(float, numbers)
        assert takes(key, low) and not takes(key, low - 1e-9) and not takes(key, high)
    else:
        low = numbers[0]
        assert takes(key, wrapped(low)) and not takes(key, wrapped(low - 1))
        if "or more" not in ALLOWED[key] and len(numbers) > 1:
            assert takes(key, numbers[1]) and not takes(key, numbers[1] + 1)


def test_the_readme_fits_two_screens():
    assert len(TEXTS["README.md"].splitlines()) <= 200


@pytest.mark.parametrize("page", TEXTS)
def test_nothing_is_left_to_fill_in(page):
    assert not re.findall(r"@[A-Z]+@|TODO|TBD", TEXTS[page])


def commands_of(text: str) -> list[str]:
    """What follows ``sweep`` in the commands of a page, without comments."""
    lines = text.replace("\\\n", " ")
    found = re.findall(
        r"(?:^|`)(?:python -m )?sweep ((?![-.])[^#\n`]*=[^#\n`]*)", lines, re.MULTILINE
    )
    return [each for each in found if each.split()[0] not in COMMANDS]


@pytest.mark.parametrize(
    ("page", "command"), [(page, each) for page in TEXTS for each in commands_of(TEXTS[page])]
)
def test_commands_compose(page, command):
    given = [each for each in shlex.split(command) if "=" in each]
    given = [each for each in given if not each.startswith(("hydra/", "hydra.", "sweep."))]
    given = [each for each in given if not ZIP.match(each)]
    given, _ = with_first_seed([each for each in given if "${" not in each])
    load(*(each.partition(",")[0] for each in given if "(" not in each))
    assert {each.partition("=")[0] for each in given if "(" in each} <= {*fields()}


def options_of(command: str) -> set[str]:
    found = sweep.get_command(click.Context(sweep), command)
    assert found
    return {option for each in found.params for option in each.opts if option.startswith("-")}


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_are_documented_with_options_that_they_have(command):
    shown = [
        line
        for text in TEXTS.values()
        for line in re.findall(rf"^(?:python -m )?sweep[ .]{command}\b[^#\n]*", text, re.MULTILINE)
    ]
    shown += re.findall(rf"`(sweep {command}[^`]*)`", TEXTS["first-steps.md"])
    assert shown
    assert {*re.findall(r" (--[\w-]+)", " ".join(shown))} <= options_of(command)


def test_every_option_of_the_leaderboard_is_in_its_table():
    told = re.findall(r"^\| `(--[\w-]+)", TEXTS["results.md"], re.MULTILINE)
    assert sorted(told) == sorted(options_of("leaderboard") - {"--help"})


def test_the_commands_of_the_mission_are_in_the_readme():
    for command in (
        "python -m sweep model=lenet optim.lr=0.1,0.2 --multirun",
        "mlflow ui",
        "python -m sweep.leaderboard",
        "make sweep",
        "make test",
    ):
        assert command in TEXTS["README.md"]


def test_commands_of_several_pages_are_found():
    assert len([page for page in TEXTS if commands_of(TEXTS[page])]) >= 5


@pytest.mark.parametrize(
    ("group", "page"),
    [
        ("experiment", "presets.md"),
        ("dataset", "datasets.md"),
        ("model", "networks.md"),
        ("optim", "optimisers.md"),
        ("schedule", "optimisers.md"),
        ("loss", "losses-and-metrics.md"),
        ("hydra/launcher", "launchers.md"),
    ],
)
def test_every_choice_is_documented(group, page):
    choices = [each.stem for each in (CONF / group).glob("*.yaml")]
    assert choices
    for choice in choices:
        assert re.search(rf"^\| `{choice}`", TEXTS[page], re.MULTILINE), choice


def test_contributing_names_every_package():
    for package in (PROJECT / "sweep").glob("*/__init__.py"):
        assert f"`sweep/{package.parent.name}/`" in TEXTS["CONTRIBUTING.md"], package.parent.name


@pytest.mark.parametrize(
    ("page", "heading"), [("README.md", "What it promises"), ("guarantees.md", "Nothing lost")]
)
def test_every_promise_names_tests_that_are_there(page, heading):
    section = TEXTS[page].partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    promises = [line for line in section.splitlines() if line.startswith("| ")][2:]
    assert len(promises) >= 9
    for promise in promises:
        tests = re.findall(r"`(tests/\S+\.py)`", promise)
        assert tests, promise
        for test in tests:
            assert (PROJECT / test).exists(), test


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    """The README's links leave docs/; mkdocs, which knows only docs/, checks them less well."""
    links = re.findall(r"\]\((?!http)([^)#]*)(?:#([^)]*))?\)", page.read_text())
    for place, heading in links:
        target = page.parent / place if place else page
        assert target.exists(), place
        if heading:
            titles = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
            anchors = [re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles]
            assert heading in anchors, (place, heading)


def test_the_readme_links_every_page_that_it_speaks_of():
    assert len(re.findall(r"\]\(docs/[\w-]+\.md", TEXTS["README.md"])) > 10


def test_every_page_has_a_place_in_the_menu():
    menu = yaml.safe_load((PROJECT / "mkdocs.yml").read_text())["nav"]
    placed = re.findall(r"[\w-]+\.md", str(menu))
    assert sorted(placed) == sorted(page.name for page in DOCS.glob("*.md"))


def test_files_that_pages_name_are_there():
    """NAME stands for a file that somebody may add: its folder has to be there."""
    for name, text in TEXTS.items():
        for path in re.findall(r"`((?:sweep|conf|tests|benchmarks|docs)/[\w/.-]+)`", text):
            named = PROJECT / path
            assert (named.parent if "NAME" in named.name else named).exists(), (name, path)


def test_the_ten_changes_touch_two_code_files_and_one_of_conf_at_most():
    section = TEXTS["how-it-is-built.md"].partition("\n## Where to make a change\n")[2]
    changes = [row for row in section.partition("\n## ")[0].splitlines() if row.startswith("| ")]
    assert len(changes[2:]) == 10
    for change in changes[2:]:
        assert 1 <= len(re.findall(r"`sweep/", change)) <= 2, change
        assert len(re.findall(r"`conf/", change)) <= 1, change
