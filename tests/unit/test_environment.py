import sys
from importlib.metadata import distributions, version
from pathlib import Path

import pytest

from sweep.environment import _processor, environment, float_lanes, program, version_tags

CPUINFO = (
    "processor\t: {number}\nmodel\t\t: 143\nmodel name\t: {name}\nvmx flags\t: vnmi\n"
    "flags\t\t: fpu {flags} amx_tile\nbogomips\t: 5600.00\n\n"
)


@pytest.fixture
def cpuinfo(monkeypatch, tmp_path):
    """Stand in for /proc/cpuinfo: a function that takes its text. Until then there is none."""
    file = tmp_path / "cpuinfo"
    stands_in = {"/proc/cpuinfo": file}
    monkeypatch.setattr("sweep.environment.Path", stands_in.__getitem__)
    float_lanes.cache_clear()
    yield file.write_text
    float_lanes.cache_clear()


def test_versions_are_those_installed():
    assert environment()["packages"]["mxnet"] == version("mxnet") == "1.9.1"
    assert environment()["python"] == ".".join(map(str, sys.version_info[:3]))
    assert version_tags()["version.numpy"] == version("numpy")
    assert "not installed" not in version_tags().values()


def test_every_package_has_the_name_and_the_version_that_it_tells():
    known, own = environment()["packages"], ("_vendor", "thirdparty_files")
    told = {
        each.metadata["Name"]: each.version
        for each in distributions()
        if not any(name in str(each.locate_file("")) for name in own)
    }
    assert len(told) > 50
    assert known == told
    assert [*known] == sorted(known, key=str.lower)


@pytest.mark.parametrize(
    ("flags", "lanes"),
    [
        ("sse2", 8),
        ("avx avx2 fma", 8),
        ("avx2 avx512f avx512cd avx512er avx512pf", 8),  # Knights Landing
        *(("avx512f avx512dq avx512bw", 8), ("avx512f avx512dq avx512vl", 8)),
        *(("avx512f avx512bw avx512vl", 8), ("avx512dq avx512bw avx512vl", 8)),
        ("avx512f avx512dq avx512bw avx512vl_other", 8),
        ("avx2 avx512f avx512dq avx512ifma avx512cd avx512bw avx512vl avx512_vnni", 16),
    ],
)
def test_float_lanes_are_those_of_the_processor(cpuinfo, flags, lanes):
    cpuinfo(CPUINFO.format(number=0, name="One", flags=flags))
    assert float_lanes() == lanes


def test_float_lanes_without_flags(cpuinfo):
    assert float_lanes() == 8  # no such file
    float_lanes.cache_clear()
    cpuinfo("processor\t: 0\nFeatures\t: fp asimd avx512f avx512bw avx512dq avx512vl\n")
    assert float_lanes() == 8


def test_the_first_processor_is_the_one_described(cpuinfo, monkeypatch):
    monkeypatch.setattr("platform.processor", lambda: "from Python")
    assert _processor() == "from Python"
    one, other = "avx512f avx512bw avx512dq avx512vl", "avx2"
    cpuinfo(
        CPUINFO.format(number=0, name="Some: One @ 2.8GHz", flags=one)
        + CPUINFO.format(number=1, name="Other", flags=other)
    )
    assert _processor() == "Some: One @ 2.8GHz, AVX-512"
    assert float_lanes() == 16


@pytest.mark.parametrize(("flags", "processor"), [("avx2", "One, AVX2"), ("sse2", "One")])
def test_a_processor_without_the_widest_vectors(cpuinfo, flags, processor):
    cpuinfo(CPUINFO.format(number=0, name="One", flags=flags))
    assert _processor() == processor


def test_program_is_named_or_found(monkeypatch):
    here = Path(sys.executable).parent
    monkeypatch.setenv("PATH", str(here))
    assert program("python") == "python"
    monkeypatch.setenv("PATH", "/nowhere")
    assert Path(program("python")).resolve() == Path(sys.executable).with_name("python").resolve()
    assert program("no-such-program") == "no-such-program"


def test_a_package_that_tells_nothing_of_itself_is_left_out(monkeypatch, tmp_path):
    """As an installation that was interrupted leaves its folder."""
    (tmp_path / "half-1.0.dist-info").mkdir()
    whole = tmp_path / "whole-2.0.dist-info"
    whole.mkdir()
    (whole / "METADATA").write_text("Name: whole\nVersion: 2.0\n")
    monkeypatch.setattr(
        "sweep.environment.metadata.distributions", lambda: distributions(path=[str(tmp_path)])
    )
    assert environment.__wrapped__()["packages"] == {"whole": "2.0"}
