import pytest

from sweep.config.conditions import parse
from sweep.errors import UserError

RUN = {
    "optim.lr": 0.1,
    "optim.name": "sgd",
    "model.name": "lenet",
    "model.hidden": "[128, 64]",
    "model.batch_norm": "true",
    "early_stopping.patience": "null",
    "seed": "3",
    "val/accuracy": 0.93,
    "val/loss": float("nan"),
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("optim.lr == 0.1", True),
        ("optim.lr != 0.1", False),
        ("0.01 <= optim.lr < 0.1", False),
        ("0.01 <= optim.lr < 0.2", True),
        ("optim.lr > -1 and seed == 3", True),
        ("optim.lr > 1 or not model.name == 'mlp'", True),
        ("model.name in ['mlp', 'lenet']", True),
        ("model.name not in ('mlp', 'lenet')", False),
        ("(optim.lr < 0.01 or val/accuracy > 0.9) and seed >= 3", True),
        ("model.hidden == [128, 64]", True),
        ("model.batch_norm", True),
        ("model.batch_norm == false", False),
        ("early_stopping.patience == null", True),
        ("early_stopping.patience == None", True),
        ("early_stopping.patience > 2", False),
        ("early_stopping.patience <= 2", False),
        ("val/loss == null", True),
        ("val/loss < 1", False),
        ("model.kernels == 5", False),  # only other networks have it
        ("model.kernels and model.batch_norm", False),
        ("'net' in model.name", True),
        ("'net' in model.kernels", False),
        ("  \n optim.lr == 1e-1 ", True),
    ],
)
def test_a_condition_holds_or_not(text, expected):
    assert parse(text)(RUN) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'1' in tags.note", True),
        ("'lr' in tags.note", False),
        ("'lr' not in tags.note", True),
        ("64 in model.hidden", True),
        ("'64' in model.hidden", False),  # the list is searched, and not its text
        ("'x' in early_stopping.patience", False),
        ("'x' not in early_stopping.patience", False),
    ],
)
def test_what_reads_as_a_number_is_searched_as_a_text(text, expected):
    assert parse(text)({**RUN, "tags.note": "12"}) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tags.for == 'paper'", True),
        ("not tags.for == 'tags.for'", True),
        ("tags.reviewed-by in ['Ann', 'Bo'] and tags.class == 3", True),
        ("tags.a.b == null", True),
        ("tags .for == 'paper' and tags . reviewed-by == 'Bo'", True),
        ("tags.note == 'tags.x-y \\' tags.z'", True),
    ],
)
def test_a_tag_may_be_called_as_nothing_else_may(text, expected):
    tags = {"tags.for": "paper", "tags.reviewed-by": "Bo", "tags.class": "3"}
    tags["tags.note"] = "tags.x-y ' tags.z"
    condition = parse(text)
    assert {*condition.names} <= {*tags, "tags.a.b"}
    assert condition(tags) is expected


def test_its_names_are_in_their_order_each_once():
    text = "val/accuracy > 0.9 and (optim.lr < 1 or optim.lr == seed) and model.batch_norm != true"
    assert parse(text).names == ("val/accuracy", "optim.lr", "seed", "model.batch_norm")


ALLOWED = "; allowed are comparisons (== != < <= > >= in) of names and values, and, or, not, ( )"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("optim.lr = 0.1", "to compare, write ==" + ALLOWED),
        ("lr := 1", "to compare, write ==" + ALLOWED),
        ("optim.lr >", "cannot be read" + ALLOWED),
        ("", "cannot be read" + ALLOWED),
        ("open('x') == 1", "open('x') is no part of a condition" + ALLOWED),
        ("optim.lr.hex() == 'x'", "optim.lr.hex() is no part of a condition" + ALLOWED),
        ("().__class__ == 1", "().__class__ is no part of a condition" + ALLOWED),
        ("[seed][0] == 1", "[seed][0] is no part of a condition" + ALLOWED),
        ("[x for x in seed] == 1", "[x for x in seed] is no part of a condition" + ALLOWED),
        ("seed + 1 == 2", "seed + 1 is no part of a condition" + ALLOWED),
        ("seed ** 99999999 == 2", "seed ** 99999999 is no part of a condition" + ALLOWED),
        ("f'{seed}' == 1", "f'{seed}' is no part of a condition" + ALLOWED),
        ("(lambda: 1) == 1", "lambda: 1 is no part of a condition" + ALLOWED),
        ("seed is 3", "is compares no values" + ALLOWED),
        ("seed == 3j", "3j is no part of a condition" + ALLOWED),
    ],
)
def test_what_is_no_condition_says_what_is_allowed(text, message):
    with pytest.raises(UserError) as error:
        parse(text)
    assert str(error.value) == f"--where {text}: {message}"


@pytest.mark.parametrize("text", ["(tags)._5 == 1", "(tags).x == 1"])
def test_tags_in_parentheses_cannot_be_read(text):
    with pytest.raises(UserError) as error:
        parse(text)
    assert str(error.value) == f"--where {text}: cannot be read{ALLOWED}"


@pytest.mark.parametrize("text", ["\0", "(" * 10_000 + "1" + ")" * 10_000, "not " * 20_000 + "x"])
def test_no_text_brings_the_parser_down(text):
    with pytest.raises(UserError, match="cannot be read"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("optim.lr < 'x'", "0.1 and 'x' cannot be compared like this"),
        ("optim.name", "'sgd' is neither true nor false; compare it with something"),
        ("optim.lr and seed", "0.1 is neither true nor false; compare it with something"),
        ("seed in 3", "3 and 3 cannot be compared like this"),
        ("12 in seed", "12 and '3' cannot be compared like this"),
        ("'x' in optim.lr", "'x' and 0.1 cannot be compared like this"),
    ],
)
def test_what_cannot_be_compared_is_said(text, message):
    with pytest.raises(UserError) as error:
        parse(text, "sweep.where=")(RUN)
    assert str(error.value) == f"sweep.where={text}: {message}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("optim.lrr < 1", "optim.lrr is not known (did you mean optim.lr?)"),
        ("lr < 1", "lr is not known (did you mean optim.lr?)"),
        ("val/acuracy > 1", "val/acuracy is not known (did you mean val/accuracy?)"),
        ("model.name == zzzzzz", "zzzzzz is not known"),
    ],
)
def test_a_name_with_a_typo_says_which_is_meant(text, message):
    with pytest.raises(UserError) as error:
        parse(text).check_names(RUN)
    name = message.partition(" ")[0]
    assert str(error.value) == f"--where {text}: {message}; a text is in quotes: '{name}'"
