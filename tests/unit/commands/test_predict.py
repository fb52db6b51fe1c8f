import weakref
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient
from PIL import Image
from record import new_record

from sweep.commands import predict as predicting
from sweep.commands.cli import run
from sweep.config.compose import load
from sweep.data.formats.mnist import FashionMnist, Mnist, Mnist5k, read_packaged
from sweep.data.photographs.framing import framed
from sweep.data.photographs.judgement import Judgement
from sweep.data.photographs.pictures import Picture, read
from sweep.display.answers import show_answers
from sweep.errors import UserError
from sweep.runs.execute import execute
from sweep.tracking import fetch_model

main = partial(run, predicting.predict)

TRAINED = ["model=lenet", "epochs=3", "optim.lr=0.2", "figures=false", "context=cpu"]
IMAGES = read_packaged().test_images[:, 0]
DIGITS = np.rint(IMAGES * 255).astype(np.uint8)


@pytest.fixture(scope="module")
def uri(tmp_path_factory):
    return new_record(tmp_path_factory.mktemp("predict"))


@pytest.fixture(scope="module")
def run_id(uri, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("run"))
        options = [*TRAINED, f"tracking.uri={uri}"]
        execute(load(*options), options, lambda event: None)
    client = MlflowClient(uri)
    (run,) = client.search_runs([client.get_experiment_by_name("sweep").experiment_id])
    return run.info.run_id


@pytest.fixture
def predict(uri, run_id, capsys):
    """Run the command; return the table's rows as lists of words, after the file's name."""

    def run(*files, model=run_id):
        assert main([model, *map(str, files), "--tracking-uri", uri]) == 0
        shown = capsys.readouterr()
        assert shown.err == ""
        lines = [line.strip().replace("doubtful: ", "") for line in shown.out.splitlines()[3:-1]]
        rows = [line.partition("; ")[0].split(maxsplit=4) for line in lines]
        rows = [row for row in rows if row[0] in map(str, files)]  # no reasons that take two lines
        assert [row[0] for row in rows] == [str(file) for file in files]
        return [[row[1].rstrip("?"), *row[2:]] for row in rows]

    return run


def as_it_is(digit):
    return Image.fromarray(digit)


def inverted(digit):
    return Image.fromarray(255 - digit)


def enlarged(digit):
    return Image.fromarray(digit).resize((280, 280), Image.Resampling.NEAREST)


def blue_on_yellow(digit):
    share = np.asarray(enlarged(digit), float)[..., None] / 255
    return Image.fromarray((share * (20, 30, 120) + (1 - share) * (250, 240, 180)).astype(np.uint8))


def transparent(digit):
    """Dark ink on nothing, beside the middle of a wide picture."""
    ink = np.zeros((200, 400, 4), np.uint8)
    ink[60:144, 250:334, 3] = np.kron(digit, np.ones((3, 3), np.uint8))
    return Image.fromarray(ink)


def palette(digit):
    return inverted(digit).convert("P")


def deep(digit):
    return Image.fromarray(digit.astype(np.uint16) * 257)


def black_and_white(digit):
    return enlarged(digit).convert("1")


def grey_with_alpha(digit):
    return inverted(digit).convert("LA")


def four_inks(digit):
    return blue_on_yellow(digit).convert("CMYK")


KINDS = {
    "as_it_is.png": (as_it_is, "taken as it is"),
    "inverted.png": (inverted, "inverted"),
    "enlarged.png": (enlarged, "280×280 fitted into 20×20"),
    "enlarged.jpg": (enlarged, "280×280 fitted into 20×20"),
    "inverted.jpg": (inverted, "inverted"),
    "blue_on_yellow.png": (blue_on_yellow, "made grey, inverted, 280×280 fitted into 20×20"),
    "blue_on_yellow.jpg": (blue_on_yellow, "made grey, inverted, 280×280 fitted into 20×20"),
    "transparent.png": (
        transparent,
        "put on white, made grey, inverted, 400×200 fitted into 20×20",
    ),
    "palette.gif": (palette, "made grey, inverted"),
    "deep.png": (deep, "16 bits to 8"),
    "black_and_white.png": (black_and_white, "280×280 fitted into 20×20"),
    "grey_with_alpha.png": (grey_with_alpha, "put on white, made grey, inverted"),
    "four_inks.jpg": (four_inks, "made grey, inverted, 280×280 fitted into 20×20"),
}


@pytest.mark.parametrize("name", KINDS)
def test_pictures_of_a_digit_are_taken_for_what_the_digit_is_taken_for(name, predict):
    draw, steps = KINDS[name]
    originals, files = [], []
    for number, digit in enumerate(DIGITS[:5]):
        originals.append(Path(f"{number}.png"))
        files.append(Path(f"{number}_{name}"))
        as_it_is(digit).save(originals[-1])
        draw(digit).save(files[-1])
    expected, found = predict(*originals), predict(*files)
    assert [row[0] for row in found] == [row[0] for row in expected]
    assert {row[3] for row in found} == {steps}
    assert len({row[0] for row in expected}) >= 3


def test_what_is_shown_is_what_the_model_answers(predict, uri, run_id):
    from sweep.carried import serving

    for number in range(3):
        as_it_is(DIGITS[number]).save(f"{number}.png")
    rows = predict("0.png", "1.png", "2.png")
    classifier = fetch_model(uri, run_id, {serving.LOADER: serving.load}, Path("model"))
    judgement = Judgement.of_plain(classifier.interface.judgement)
    assert (judgement.framing, judgement.temperature != 1) == (Mnist5k.framing, True)
    assert 0 < judgement.least < 1
    table = classifier.predict(DIGITS[:3])
    calibrated = judgement.calibrated(table.filter(like="probability_").to_numpy()).max(axis=1)
    for row, (_, answer), probability in zip(rows, table.iterrows(), calibrated, strict=True):
        assert row[:2] == [str(int(answer["class"])), f"{probability:.4f}"]
        assert abs(len(row[2]) - 20 * probability) < 1


@pytest.mark.parametrize("form", ["runs:/{}/model", "models:/{}"])
def test_other_ways_to_name_the_model(form, predict, uri, run_id):
    as_it_is(DIGITS[0]).save("a.png")
    (output,) = MlflowClient(uri).get_run(run_id).outputs.model_outputs
    named = form.format(run_id if form.startswith("runs") else output.model_id)
    assert predict("a.png", model=named) == predict("a.png")


def test_several_digits_are_answered_one_by_one_or_as_one(predict, uri, run_id, capsys):
    page = np.full((120, 300), 240, np.uint8)
    for place, digit in enumerate((3, 1, 0)):
        drawn = np.asarray(Image.fromarray(DIGITS[digit]).resize((84, 84)))
        page[18:102, 10 + 95 * place : 94 + 95 * place] -= (drawn * 0.85).astype(np.uint8)
        as_it_is(DIGITS[digit]).save(f"{digit}.png")
    Image.fromarray(page).save("page.png")
    arguments = [run_id, "page.png", "--tracking-uri", uri, "--show", "seen.png"]
    assert main(arguments) == 0
    shown = capsys.readouterr().out.replace("doubtful: ", "")
    rows = [line.split() for line in shown.splitlines()[3:-1]]
    assert [" ".join(row[:4]) for row in rows] == [f"page.png, {n} of 3" for n in (1, 2, 3)]
    expected = [row[0] for row in predict("3.png", "1.png", "0.png")]
    assert [row[4].rstrip("?") for row in rows] == expected
    with Image.open("seen.png") as seen:
        assert (seen.format, seen.width > 3 * 280) == ("PNG", True)
    assert main([*arguments[:-2], "--one"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 5


# --- preparing ---


@pytest.mark.parametrize(("paper", "ink"), [(115, 20), (110, 10), (150, 250)])
def test_ink_is_told_from_paper_by_which_is_darker(paper, ink):
    drawn = Image.new("L", (60, 60), paper)
    drawn.paste(ink, (20, 10, 30, 50))
    drawn.save("grey.png")
    found = framed(read(Path("grey.png")), (28, 28), Mnist.framing)
    assert ("inverted" in found.steps) == (ink < paper)
    assert (found.pixels[0, 0, 0], found.pixels.max()) == (0, 1)


def test_pixels_that_are_no_shades_of_grey_are_refused():
    Image.fromarray(np.full((28, 28), 70_000, np.int32)).save("deep.tif")
    with pytest.raises(UserError, match="^deep.tif: is no image that can be read: its pixels have"):
        read(Path("deep.tif"))
    Image.fromarray(np.full((28, 28), 0.5, np.float32)).save("float.tif")
    with pytest.raises(UserError, match="^float.tif: is no image that can be read: its pixels are"):
        read(Path("float.tif"))


def test_an_image_of_the_right_size_is_not_touched():
    as_it_is(DIGITS[3]).save("a.png")
    picture = framed(read(Path("a.png")), (28, 28), Mnist.framing)
    np.testing.assert_array_equal(picture.pixels[0], IMAGES[3])
    assert picture.steps == ()


def test_a_digit_is_fitted_into_20_pixels_and_centred_by_its_mass():
    grey = np.zeros((90, 130), np.float32)
    grey[10:70, 20:50] = 0.5  # 60 high, 30 wide
    grey[60:70, 50:80] = 0.5  # and a foot
    found = framed(Picture(Path("a"), grey[None], ()), (28, 28), Mnist5k.framing).pixels[0]
    assert found.shape == (28, 28) and found.dtype == np.float32
    rows, columns = (found > 0.5).any(axis=1).nonzero()[0], (found > 0.5).any(axis=0).nonzero()[0]
    assert np.ptp(rows) + 1 == np.ptp(columns) + 1 == 20
    assert found.max() == 1  # of what was half as light
    # In MNIST itself the centres of mass are at 14.0.
    for axis in (0, 1):
        mass = found.sum(axis=1 - axis)
        assert abs(np.arange(28) @ mass / mass.sum() - 14) <= 0.5


def test_an_article_is_fitted_into_28_pixels_and_centred():
    grey = np.ones((100, 100), np.float32)
    grey[30:90, 10:40] = 0.25
    found = framed(Picture(Path("a"), grey[None], ()), (28, 28), FashionMnist.framing)
    assert found.steps == ("inverted", "100×100 fitted into 28×28")
    expected = np.zeros((28, 28))
    expected[:, 7:21] = 1
    np.testing.assert_allclose(found.pixels[0], expected, atol=1e-6)


def test_a_photograph_is_turned_upright(predict):
    turned = enlarged(DIGITS[0]).transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turn by 270 degrees
    turned.save("turned.jpg", exif=exif)
    np.testing.assert_allclose(
        read(Path("turned.jpg")).pixels[0], np.kron(IMAGES[0], np.ones((10, 10))), atol=0.3
    )


# --- what is wrong ---


def write(name, content=b""):
    Path(name).write_bytes(content)
    return name


def truncated():
    inverted(DIGITS[0]).resize((200, 200)).save("whole.png")
    return write("half.png", Path("whole.png").read_bytes()[:300])


def blank():
    Image.new("RGB", (50, 50), "white").save("blank.png")
    return "blank.png"


def bomb():
    # The header of a PNG of 60,000 × 60,000 pixels.
    Image.new("1", (1, 1)).save("bomb.png")
    content = bytearray(Path("bomb.png").read_bytes())
    content[16:24] = (60_000).to_bytes(4, "big") * 2
    import zlib

    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    return write("bomb.png", bytes(content))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: "none.png", "none.png: there is no such file\n"),
        (lambda: ".", ".: is a folder\n"),
        (lambda: write("empty.png"), "empty.png: is no image that can be read: "),
        (lambda: write("text.png", b"hello"), "text.png: is no image that can be read: "),
        (truncated, "half.png: is no image that can be read: "),
        (bomb, "bomb.png: is too large: allowed are 250,000,000 pixels\n"),
        (blank, "blank.png: is of one colour; there is nothing to classify\n"),
    ],
    ids=["none", "folder", "empty", "text", "truncated", "bomb", "blank"],
)
def test_what_is_no_picture(make, message, uri, run_id, capsys):
    assert main([run_id, make(), "--tracking-uri", uri]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(message)
    assert len(shown.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--show", "seen.jpg"), "--show seen.jpg: allowed is a file that ends in .png\n"),
        (("--show", "no/seen.png"), "--show no/seen.png: there is no folder no\n"),
        (("--max-pixels", "100"), "a.png: is too large: allowed are 100 pixels\n"),
    ],
)
def test_options_that_cannot_be(options, message, capsys):
    as_it_is(DIGITS[0]).save("a.png")
    assert main(["0123", "a.png", *options]) == 2
    assert capsys.readouterr().err == message


@pytest.fixture(scope="module")
def others(uri, run_id):
    """A run without a model, a sweep, and a model of another kind."""
    client = MlflowClient(uri)
    number = client.create_experiment("others")
    bare = client.create_run(number, run_name="bare").info.run_id
    parent = client.create_run(number, tags={"sweep.kind": "sweep"}).info.run_id
    foreign = client.create_logged_model(number, "model")
    Path("foreign").mkdir(exist_ok=True)
    text = "flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n"
    Path("foreign/MLmodel").write_text(text)
    client.log_model_artifacts(foreign.model_id, "foreign")
    client.finalize_logged_model(foreign.model_id, "READY")
    return {"bare": bare, "parent": parent, "foreign": foreign.model_id}


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("0123", "0123 is not a run in sqlite:///"),
        ("s3://bucket/model", "s3://bucket/model is not a run in sqlite:///"),
        (
            "{bare}",
            "run {bare} (bare) was logged by another program, and has no model of ",
        ),
        ("{parent}", "{parent} is a sweep; name one of its runs: python -m sweep.leaderboard"),
        ("runs:/{bare}/model", "run {bare} (bare) was logged by another program, and has no "),
        ("runs:/0123/model", "0123 is not a run in sqlite:///"),
        ("runs:/{bare}/other", "runs:/{bare}/other is not a run in sqlite:///"),
        ("models:/digits/1", "models:/digits/1: no such model in sqlite:///"),
        ("models:/digits/latest", "models:/digits/latest: no such model in sqlite:///"),
        ("models:/m-0123", "models:/m-0123: no such model in sqlite:///"),
        ("models:/digits@champion", "models:/digits@champion: no such model in sqlite:///"),
        (
            "models:/{foreign}",
            "models:/{foreign}: is a model of another kind (loaded by mlflow.sklearn); allowed are",
        ),
    ],
)
def test_what_is_no_model(model, message, uri, others, capsys):
    as_it_is(DIGITS[0]).save("a.png")
    assert main([model.format(**others), "a.png", "--tracking-uri", uri]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(message.format(**others))


def test_no_record(capsys):
    as_it_is(DIGITS[0]).save("a.png")
    assert main(["0123", "a.png"]) == 2
    assert capsys.readouterr().err.startswith("no runs are recorded in sqlite:///mlflow.db: there ")
    assert [each.name for each in Path.cwd().iterdir()] == ["a.png"]


def test_what_is_no_picture_keeps_no_other_from_being_answered(uri, run_id, capsys):
    for number in (0, 1):
        as_it_is(DIGITS[number]).save(f"{number}.png")
    files = ["none.png", "0.png", blank(), "1.png", write("empty.png"), "none.png"]
    asked = [run_id, *files, "--tracking-uri", uri, "--show", "seen.png"]
    assert main(asked) == 2
    shown = capsys.readouterr()
    rows = [line.split()[0] for line in shown.out.splitlines()[3:-1]]
    assert [each for each in rows if each in files] == ["0.png", "1.png"]
    assert Path("seen.png").exists()
    told = [line.partition(": ")[0] for line in shown.err.splitlines()]
    assert told == ["none.png", "blank.png", "empty.png"]


def test_photographs_are_not_all_in_memory_at_once(monkeypatch, predict):
    pictures, most, told = [], 0, []

    def counted(file):
        nonlocal most
        picture = read(file)
        pictures.append(weakref.ref(picture))
        most = max(most, sum(each() is not None for each in pictures))
        return picture

    def show(found):
        told.extend(found)
        show_answers(found)

    monkeypatch.setattr(predicting, "read", counted)
    monkeypatch.setattr(predicting, "show_answers", show)
    files = [Path(f"{number}.png") for number in range(200)]
    for number, file in enumerate(files):
        enlarged(DIGITS[number % 5]).save(file)
    rows = predict(*files)
    assert rows == 40 * rows[:5]
    assert (len(pictures), most <= predicting.AT_ONCE) == (200, True)
    assert {each.picture.pixels.size for each in told} == {0}
