"""An export is compared with what is right, and gets its name only if it is right, too."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from round_trips import exported, images

from sweep.backend.mxnet import gluon, mx
from sweep.display.exported import show_exported
from sweep.errors import UserError
from sweep.exporting.computing import answers
from sweep.exporting.export import compare, export
from sweep.exporting.format import EXPORTS, Format, check_file
from sweep.exporting.recorded import Images
from sweep.exporting.reference import Reference

SHAPE = (1, 3, 3)


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    net = gluon.nn.HybridSequential(prefix="")
    net.add(gluon.nn.Dense(4, in_units=9, activation="relu", prefix="hidden_"))
    net.add(gluon.nn.Dense(3, in_units=4, prefix="last_"))
    mx.random.seed(0)
    net.initialize(mx.init.Normal(1))
    return exported(net, SHAPE, tmp_path_factory.mktemp("graph"))


def stored(count=50):
    return Images(images(SHAPE, count), np.arange(count), f"{count} images")


def shifted(graph, by):
    """What is right, if the scores of the first image were others."""

    def scores(units):
        found = answers(graph, units)
        found[0] += by
        return found

    return Reference("MXNet", scores)


def test_a_comparison(graph):
    last = answers(graph, images(SHAPE, 50))[0].argmin()  # which is then the first
    reference = shifted(graph, 100 * np.eye(3, dtype=np.float32)[last])
    found = compare(graph, partial(answers, graph), reference, stored())
    assert (found.differing, found.difference) == (1, pytest.approx(100, abs=1e-4))
    assert (found.images, found.reference, found.is_right) == ("50 images", "MXNet", False)


@pytest.mark.parametrize("largest", [0.5, 3.0, 2000.0])
def test_rounding_is_up_to_the_size_of_the_scores_of_the_image(graph, largest):
    def is_right(difference):
        right = np.zeros((50, 3), np.float32)
        right[:, 0], right[1:, 0] = largest, 1e6  # the others are larger, which must not matter
        given = right.copy()
        given[0, 0] += difference
        reference = Reference("MXNet", lambda units: right)
        return compare(graph, lambda images: given, reference, stored()).is_right

    limit = 1e-4 * max(1, largest)
    assert is_right(limit * 0.9)
    assert not is_right(limit * 1.1)
    assert not is_right(float("nan"))


def test_another_class_is_right_only_if_rounding_explains_it(graph):
    def compared(gap):
        right = np.array([[1, 1 - gap, 0]], np.float32)
        given = right - np.array([[gap, -gap, 0]], np.float32) * 0.6
        return compare(graph, lambda images: given, Reference("", lambda units: right), stored(1))

    assert (compared(5e-5).differing, compared(5e-5).is_right) == (1, True)
    assert (compared(1.5e-4).differing, compared(1.5e-4).is_right) == (1, False)


def test_what_cannot_be_compared_is_refused(graph):
    reference = Reference("", partial(answers, graph))
    with pytest.raises(UserError, match=r"^0 images: there are none to try it with; allowed is"):
        compare(graph, partial(answers, graph), reference, stored(0))
    with pytest.raises(UserError, match=r"^it answers \(50, 1\) numbers; allowed is \(50, 3\)$"):
        compare(graph, lambda images: np.zeros((len(images), 1)), reference, stored())


def test_a_model_of_numbers_has_no_classes(graph, tmp_path, capsys):
    reference = Reference("MXNet", partial(answers, graph), tells_classes=False)
    done = export("numpy", graph, tmp_path / "net.npz", stored(), reference)
    assert done.comparison.differing is None
    show_exported(done)
    assert capsys.readouterr().out.startswith(
        "NumPy beside MXNet, 50 images: largest difference of a score 0.0e+00\nWritten: "
    )
    assert "export.numpy.differing_classes" not in done.tags("numpy")


def test_what_answers_otherwise_is_not_written(graph, tmp_path):
    file = tmp_path / "net.npz"
    file.write_text("older")
    with pytest.raises(UserError) as raised:
        export("numpy", graph, file, stored(), shifted(graph, 0.5))
    assert str(raised.value).startswith(
        f"--numpy {file}: not written: NumPy answers 50 images otherwise than MXNet, by up to "
        "5.0e-01, which is "
    )
    assert {each.name: each.read_text() for each in tmp_path.iterdir()} == {"net.npz": "older"}


def test_numpy_writes_parameters_and_a_page(graph, tmp_path):
    done = export("numpy", graph, tmp_path / "net.npz", stored(2000), shifted(graph, 0))
    assert sorted(each.name for each in tmp_path.iterdir()) == ["net.npz", "net.npz.md"]
    assert done.comparison.images == "1,000 of 2000 images"
    assert (done.comparison.differing, done.comparison.difference) == (0, 0)
    with np.load(tmp_path / "net.npz") as arrays:
        hidden = images(SHAPE).reshape(4, 9) @ arrays["hidden_weight"].T + arrays["hidden_bias"]
        by_hand = np.maximum(hidden, 0) @ arrays["last_weight"].T + arrays["last_bias"]
    np.testing.assert_allclose(by_hand, answers(graph, images(SHAPE)), rtol=1e-6)
    page = (tmp_path / "net.npz.md").read_text(encoding="utf-8")
    assert "It takes images, (n, 1, 3, 3) float32" in page
    assert "| `hidden_weight` | (4, 9) | float32 |" in page
    assert (
        "| `hidden_fwd` | FullyConnected | images, `hidden_weight`, `hidden_bias` | "
        "`flatten=True`, `no_bias=False`, `num_hidden=4` | (n, 4) |" in page
    )
    assert "- **FullyConnected**: x · weightᵀ + bias." in page
    assert "row first. Where a step does not set them: `flatten=True`." in page


def test_numpy_is_not_compared_with_itself(graph, tmp_path):
    reference = Reference("NumPy", partial(answers, graph))
    done = export("numpy", graph, tmp_path / "net.npz", stored(), reference)
    assert done.comparison is None
    assert done.tags("numpy") == {
        "export.numpy.sha256": done.digest,
        "export.numpy.takes": "float32",
        "export.numpy.answers": "scores",
        "export.numpy.compared_with": "not compared",
    }


def test_what_is_beside_another_file_is_not_overwritten(graph, tmp_path):
    page = tmp_path / "net.npz.md"
    page.write_text("notes")
    with pytest.raises(UserError) as raised:
        check_file("numpy", tmp_path / "net.npz")
    assert str(raised.value) == (
        f"--numpy {tmp_path / 'net.npz'}: {page}, which is written beside it, is there already; "
        "allowed is a name that is free"
    )
    (tmp_path / "net.npz").write_text("an earlier export")
    check_file("numpy", tmp_path / "net.npz")


def test_parameters_may_have_any_name(graph, tmp_path):
    named = replace(graph, parameters={"file": np.ones(2), "allow_pickle": np.zeros((2, 1))})
    EXPORTS["numpy"].write(replace(named, nodes=(), result=named.data), tmp_path / "net.npz")
    with np.load(tmp_path / "net.npz") as arrays:
        read = {name: arrays[name].tolist() for name in arrays.files}
    assert read == {"file": [1, 1], "allow_pickle": [[0], [0]]}


def test_bytes_are_compared_with_bytes(graph):
    scaled = graph.with_scaling()
    found = compare(
        scaled, partial(answers, scaled), Reference("", partial(answers, graph)), stored()
    )
    assert found.difference == 0


def test_another_format(graph, tmp_path, monkeypatch):
    """As a plugin adds it: one class, registered."""

    class Text(Format):
        suffix, summary, computed_by = ".txt", "Numbers.", "Python"

        def write(self, graph, file):
            file.write_text(repr({name: each.tolist() for name, each in graph.parameters.items()}))

        def answers(self, graph, file):
            return partial(answers, graph)

    monkeypatch.setattr(EXPORTS, "_choices", {**EXPORTS._choices, "text": Text()})
    done = export("text", graph, tmp_path / "net.txt", stored(), shifted(graph, 0))
    assert "'last_bias': [0.0, 0.0, 0.0]" in done.file.read_text()
    assert done.tags("text")["export.text.compared_with"] == "MXNet, 50 images"
