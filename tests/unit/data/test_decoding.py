"""Files of images become pixels: by value, and what is broken is refused with its reason."""

from io import BytesIO

import numpy as np
import pytest
from own_images import encoded, patches
from PIL import EpsImagePlugin, Image

from sweep.data.readers import decoding
from sweep.data.readers.broken import Broken
from sweep.data.readers.decoding import AS_THEY_ARE, Form, decode, mode_of, resized
from sweep.errors import UserError

COLOURS = patches()[0][3]  # (32, 32, 3)
GREY = COLOURS[..., :1]


def saved(image, form="PNG", **options):
    stream = BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def reason(content, form=AS_THEY_ARE):
    with pytest.raises(Broken) as raised:
        decode(content, form)
    return str(raised.value)


@pytest.mark.parametrize("image", [COLOURS, GREY], ids=["colour", "grey"])
@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF", "PPM", "WEBP"])
def test_pixels_are_those_that_were_saved(image, form):
    decoded = decode(encoded(image, form, **{"lossless": True} if form == "WEBP" else {}))
    expected = np.repeat(image, 3, axis=2) if form == "WEBP" and image.shape[2] == 1 else image
    np.testing.assert_array_equal(decoded, expected, strict=True)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_image_is_upright_by_its_exif(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned = {  # what has to be done to the upright image so that EXIF tells how to undo it
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }[orientation]
    upright = COLOURS[:20]
    content = encoded(np.ascontiguousarray(turned(upright)), "PNG", exif=exif)
    np.testing.assert_array_equal(decode(content), upright, strict=True)


def test_a_jpeg_that_lies_is_upright_too_when_it_is_shrunk():
    exif = Image.Exif()
    exif[0x0112] = 6
    large = np.zeros((64, 128, 3), np.uint8)
    large[:, 64:] = 255  # turned by a quarter, the lower half is bright
    decoded = decode(encoded(large, "JPEG", exif=exif), Form(size=(16, 8)))
    assert decoded.shape == (16, 8, 3)
    assert decoded[:7].max() < 20 and decoded[9:].min() > 235


AS_TEXT = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x02\0\x02\0\0\x006\0\0\0\0\0\0\0"


@pytest.mark.parametrize("form", [Form(), Form(size=(8, 16))], ids=["as it is", "resized"])
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_an_orientation_that_is_text_turns_nothing(kind, form):
    with Image.open(BytesIO(content := encoded(COLOURS[:20], kind, exif=AS_TEXT))) as image:
        assert image.getexif()[0x0112] == "6"
    upright = decode(encoded(COLOURS[:20], kind), form)
    np.testing.assert_array_equal(decode(content, form), upright, strict=True)


def test_what_is_transparent_is_white():
    pixels = np.zeros((1, 3, 4), np.uint8)
    pixels[0, :, 0] = 200
    pixels[0, :, 3] = (0, 255, 51)
    decoded = decode(saved(Image.fromarray(pixels)))
    np.testing.assert_array_equal(decoded[0], [[255] * 3, [200, 0, 0], [244, 204, 204]])
    two = np.array([[[10, 0], [10, 255]]], np.uint8)
    np.testing.assert_array_equal(decode(saved(Image.fromarray(two)))[0], [[255], [10]])


def test_a_palette_and_four_inks_become_colours():
    palette = Image.fromarray(COLOURS).quantize(16)
    np.testing.assert_array_equal(decode(saved(palette)), np.asarray(palette.convert("RGB")))
    inks = Image.fromarray(COLOURS).convert("CMYK")
    np.testing.assert_array_equal(decode(saved(inks, "TIFF")), np.asarray(inks.convert("RGB")))


def test_sixteen_bits_are_scaled_and_rounded():
    deep = np.array([[0, 128, 129, 257, 32_768, 65_407, 65_535]], np.uint16)
    decoded = decode(saved(Image.fromarray(deep)))
    np.testing.assert_array_equal(decoded[..., 0], [[0, 0, 1, 1, 128, 255, 255]])


def test_one_bit_is_black_or_white():
    bits = Image.fromarray(np.array([[0, 255]], np.uint8)).convert("1")
    np.testing.assert_array_equal(decode(saved(bits))[..., 0], [[0, 255]])


@pytest.mark.parametrize("channels", [1, 3])
def test_channels_are_converted(channels):
    form = Form(channels=channels)
    from_colour, from_grey = (decode(encoded(each), form) for each in (COLOURS, GREY))
    grey = np.asarray(Image.fromarray(COLOURS).convert("L"))[..., None]
    np.testing.assert_array_equal(from_colour, grey if channels == 1 else COLOURS, strict=True)
    np.testing.assert_array_equal(from_grey, np.repeat(GREY, channels, axis=2), strict=True)
    np.testing.assert_array_equal(resized(COLOURS, form), from_colour)


def stripes(height, width):
    """A white image with a black left third."""
    image = np.full((height, width, 1), 255, np.uint8)
    image[:, : width // 3] = 0
    return image


def test_an_image_is_resized():
    content = encoded(stripes(20, 60))
    squashed = decode(content, Form(size=(20, 30), resize="squash"))
    assert squashed.shape == (20, 30, 1)
    assert squashed[:, :9].max() == 0 and squashed[:, 11:].min() == 255
    fitted = decode(content, Form(size=(30, 30), resize="fit"))
    assert fitted.shape == (30, 30, 1)
    assert fitted[:10].max() == fitted[20:].max() == 0  # 30×10 of it, between black borders
    assert fitted[11:19, 12:].min() > 250
    cropped = decode(content, Form(size=(20, 20), resize="crop"))
    np.testing.assert_array_equal(cropped, np.full((20, 20, 1), 255))  # the middle third


def test_an_image_of_the_size_is_left_as_it_is():
    for resize in ("squash", "fit", "crop"):
        form = Form(size=(32, 32), resize=resize)
        np.testing.assert_array_equal(decode(encoded(COLOURS), form), COLOURS)
        assert resized(COLOURS, form) is COLOURS


@pytest.mark.parametrize("form", ["PNG", "JPEG", "BMP", "GIF", "TIFF"])
def test_a_truncated_file_is_refused(form):
    content = encoded(COLOURS, form)
    for length in (1, 10, len(content) // 2, len(content) - len(content) // 8):
        assert reason(content[:length]).startswith(("is no image", "cannot be decoded: "))


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b"", "is empty"), (b"id,label\n1,2\n", "is no image that can be read")],
)
def test_what_is_no_image_is_refused(content, expected):
    assert reason(content) == expected


def test_an_error_without_a_text_is_told_by_its_name(monkeypatch):
    def fail(image):
        raise AssertionError

    monkeypatch.setattr(decoding.ImageOps, "exif_transpose", fail)
    assert reason(encoded(COLOURS)) == "cannot be decoded: AssertionError"


class NoMemory:
    """What there is of simplejpeg when there is no memory."""

    def decode_jpeg_header(self, content):
        raise MemoryError


def test_a_lack_of_memory_makes_no_image_a_broken_one(monkeypatch):
    monkeypatch.setattr(decoding, "simplejpeg", NoMemory())
    with pytest.raises(UserError) as raised:
        decode(encoded(COLOURS, "JPEG"), where="photos/a.jpg")
    assert str(raised.value) == (
        "photos/a.jpg: cannot be decoded: MemoryError; the image may be whole: put that right, "
        "and give the command again"
    )


def test_floats_and_more_than_16_bits_are_refused():
    floats = saved(Image.fromarray(np.zeros((2, 2), np.float32)), "TIFF")
    assert reason(floats) == "has pixels that are floats; allowed are 8 or 16 bits"
    deeper = saved(Image.fromarray(np.array([[70_000]], np.int32)), "TIFF")
    assert reason(deeper) == "has pixels of more than 16 bits"


def test_a_decompression_bomb_is_refused_before_it_is_decoded(monkeypatch):
    content = encoded(COLOURS)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1_000)
    assert reason(content) == "is too large: allowed are 1,000 pixels"
    with decoding.without_warnings():
        assert reason(content) == "is too large: 32×32; allowed are 1,000 pixels"
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert reason(content) == "is too large: allowed are 100 pixels"


# --- simplejpeg ---


@pytest.mark.parametrize("quality", [30, 75, 95])
@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("progressive", [False, True])
def test_simplejpeg_gives_the_same_pixels(monkeypatch, quality, subsampling, progressive):
    pytest.importorskip("simplejpeg")
    options = {"quality": quality, "subsampling": subsampling, "progressive": progressive}
    for image in (COLOURS, COLOURS[:27, :21], GREY):
        content = encoded(image, "JPEG", **options)
        for form in (Form(), Form(channels=1), Form(channels=3)):
            fast = decode(content, form)
            with monkeypatch.context() as patch:
                patch.setattr(decoding, "simplejpeg", None)
                np.testing.assert_array_equal(fast, decode(content, form), strict=True)


def test_simplejpeg_refuses_what_pillow_refuses(monkeypatch):
    pytest.importorskip("simplejpeg")
    content = encoded(COLOURS, "JPEG")
    for length in range(2, len(content), 7):
        reason(content[:length])


LIES_BY_XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><d tiff:Orientation="6"/></x:xmpmeta>'


def segment(number, content):
    """Return a segment of a JPEG file, whose marker is 0xFF and a number."""
    return bytes([0xFF, number]) + (len(content) + 2).to_bytes(2, "big") + content


@pytest.mark.parametrize("kind", ["XMP", "EXIF after 64 KiB"])
def test_an_orientation_anywhere_in_a_jpeg_is_found_with_simplejpeg_too(kind):
    exif = Image.Exif()
    exif[0x0112] = 6
    segments = {
        "XMP": segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + LIES_BY_XMP),
        "EXIF after 64 KiB": segment(0xFE, b"." * 65_000) * 2 + segment(0xE1, exif.tobytes()),
    }
    content = encoded(COLOURS[:20], "JPEG")
    lying = content[:2] + segments[kind] + content[2:]
    np.testing.assert_array_equal(decode(lying), np.rot90(decode(content), -1), strict=True)


def test_postscript_is_no_image_and_is_run_by_nobody(monkeypatch):
    content = saved(Image.fromarray(COLOURS), "EPS")
    asked = []
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *given, **_: asked.append(given))
    assert content.startswith(b"%!PS")
    assert reason(content) == "is no image that can be read"
    with pytest.raises(Broken, match="^is no image that can be read$"):
        mode_of(content)
    assert asked == []


def test_all_formats_are_loaded_before_threads_decode(monkeypatch):
    loaded = []
    monkeypatch.setattr(Image, "init", lambda: loaded.append(True))
    with decoding.without_warnings():
        assert loaded == [True]
