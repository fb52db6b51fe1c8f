"""What answers to pictures are worth: calibrated, and doubtful where images are unlike others."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sweep.config.images import Framing
from sweep.data.formats.mnist import Mnist
from sweep.data.photographs.answers import answers
from sweep.data.photographs.judgement import UNSURE, Judgement
from sweep.data.photographs.likeness import MEASURES, unlike, usual
from sweep.data.photographs.pictures import Picture


def bar(width, length=18, pieces=1):
    image = np.zeros((1, 28, 28), np.float32)
    for number in range(pieces):
        left = 3 + 8 * number
        image[0, 5 : 5 + length, left : left + width] = 1
    return image


USUAL = usual(np.stack([bar(width, length) for width in (2, 3, 4) for length in (16, 18)]))


def measured(name, image):
    (value,) = MEASURES[name][0](image)
    return value


def test_measures_of_a_bar():
    assert measured("ink", bar(3)) == 54
    assert measured("stroke", bar(3)) == pytest.approx(2 * 54 / (2 * 21), rel=0.02)
    assert measured("pieces", bar(2, pieces=3)) == 3
    images = np.concatenate([bar(2, pieces=3), np.zeros((1, 28, 28), np.float32), bar(3)])
    assert MEASURES["pieces"][0](images).tolist() == [3, 0, 1]


def test_what_is_usual_is_the_same_of_bytes():
    images = np.stack([bar(2), bar(3), bar(5)])
    assert usual(np.rint(images * 255).astype(np.uint8)) == usual(images)
    assert usual(images)["pieces"] == (1, 1)


@pytest.mark.parametrize(
    ("image", "what"),
    [
        (bar(3), []),
        (bar(9), ["it has more ink", "its strokes are thicker"]),
        (bar(1, 18), ["it has less ink", "its strokes are thinner"]),
        (bar(1, 18, pieces=3), ["its strokes are thinner", "it has more pieces"]),
    ],
)
def test_in_what_an_image_is_unlike_others(image, what):
    assert unlike(image, USUAL) == [f"{each} than nearly all training images" for each in what]


def test_a_temperature_divides_the_scores():
    scores = np.array([[1.0, 3.0, -2.0], [0.0, 0.5, 0.25]])
    judgement = Judgement(temperature=2.5)

    def softmax(values):
        return np.exp(values) / np.exp(values).sum(axis=1, keepdims=True)

    found = judgement.calibrated(softmax(scores).astype(np.float32))
    np.testing.assert_allclose(found, softmax(scores / 2.5), rtol=1e-6)
    assert Judgement().calibrated(np.array([[1.0, 0.0]])).tolist() == [[1, 0]]


def test_what_is_doubtful():
    judgement = Judgement(least=0.6, usual=USUAL)
    assert judgement.doubts(bar(3), 0.61) == ()
    assert judgement.doubts(bar(3), 0.59) == (UNSURE,)
    assert judgement.doubts(bar(2, pieces=3), 0.5)[0] == UNSURE
    assert len(judgement.doubts(bar(2, pieces=3), 0.5)) == 3
    assert Judgement().doubts(bar(9), 0.1) == ()


@pytest.mark.parametrize(
    "judgement",
    [
        Judgement(),
        Judgement(Framing(side=28, by_mass=False)),
        Judgement(Mnist.framing, 1 / 3, 0.1 + 0.2, USUAL),
    ],
)
def test_it_is_kept_to_the_bit(judgement):
    assert Judgement.of_plain(json.loads(json.dumps(judgement.plain()))) == judgement


def test_what_an_older_model_does_not_say():
    assert Judgement.of_plain({}) == Judgement()


def test_answers():
    table = pd.DataFrame(
        {
            "class": [1, 0],
            "name": ["b", "a"],
            "probability_0": [0.2, 0.9],
            "probability_1": [0.8, 0.1],
        }
    )
    given = [Picture(Path(f"{number}.png"), bar(3), ()) for number in range(2)]
    first, second = answers(given, table, Judgement(temperature=0.5, least=0.95))
    assert (first.name, second.name) == ("1 b", "0 a")
    assert first.probability == pytest.approx(0.64 / 0.68)
    assert second.probability == pytest.approx(0.81 / 0.82)
    assert (first.doubts, second.doubts) == ((UNSURE,), ())
    assert first.picture is given[0]
