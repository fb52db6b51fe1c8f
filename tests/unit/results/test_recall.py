"""Recall of each class: from a run's answers to the report."""

import csv
import io

import numpy as np
from sklearn.metrics import recall_score

from sweep.reporting.colouring import UNCOLOURED
from sweep.reporting.drawing import Look
from sweep.reporting.palette import LIGHT
from sweep.reporting.recall_figure import MOST_CLASSES, recall_figure
from sweep.results.confusion import confusion_of, read_confusions
from sweep.results.recall import ClassRecall, recalls
from sweep.runs.figures import confusion, confusion_rows


def test_it_is_scikit_learns():
    random = np.random.RandomState(0)
    labels, shares = random.randint(0, 4, 200), random.uniform(size=(200, 5))
    shares[np.arange(200), labels] += 0.4
    names = ("a", 'b, "the second"', "c", "d", "none")
    text = io.StringIO()
    csv.writer(text).writerows(confusion_rows(confusion(labels, shares), names))
    found = recalls(confusion_of("run", text.getvalue()))
    exact = recall_score(labels, shares.argmax(axis=1), labels=range(4), average=None)
    assert {each.name: each.share for each in found} == dict(zip(names[:4], exact, strict=True))
    assert [each.share for each in found] == sorted(exact)
    assert sum(each.images for each in found) == 200


def test_a_class_without_test_images_has_none():
    text = "truth,x,y\nx,0,0\ny,1,3\n"
    assert recalls(confusion_of("run", text)) == [ClassRecall("y", 3, 4)]


def test_what_cannot_be_read_is_left_out(tmp_path, monkeypatch):
    assert read_confusions(f"sqlite:///{tmp_path}/none.db", ["0" * 32]) == []
    texts = {
        "many": "truth,x\nx,many\n",
        "narrow": "truth,x,y\nx,1\ny,2\n",
        "none": None,
        "good": "truth,x,y\nx,3,0\ny,1,4\n",
        "others": "truth,x,z\nx,1,0\nz,0,1\n",
        "second": "truth,x,y\nx,2,1\ny,0,5\n",
    }
    monkeypatch.setattr("sweep.results.confusion.read_text", lambda uri, run, file: texts[run])
    found = {each.run_id: each.counts.tolist() for each in read_confusions(None, list(texts))}
    assert found == {"good": [[3, 0], [1, 4]], "second": [[2, 1], [0, 5]]}


def test_it_is_drawn_with_the_worst_on_top():
    classes = [ClassRecall(f"c{each}", each, 40) for each in range(MOST_CLASSES + 5)]
    (axes,) = recall_figure(classes, Look(LIGHT, UNCOLOURED, {})).axes
    assert [bar.get_width() for bar in axes.patches] == [each / 40 for each in range(29, -1, -1)]
    assert axes.get_yticklabels()[-1].get_text() == "c0"
