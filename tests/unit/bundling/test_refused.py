"""Bundles that were changed, cut, or made with bad intent: refused in one line, nothing written."""

import io
import json
import random
import stat
import zipfile

import pytest
from bundles import NAME, a_bundle, a_run, in_members, plain, rewritten, two_runs, written

from sweep.bundling import archive
from sweep.bundling.contents import bundle_of, read_bundle
from sweep.bundling.layout import MANIFEST, to_json
from sweep.commands.cli import run
from sweep.commands.unbundle import unbundle
from sweep.errors import UserError
from sweep.own_modules import identity

BYTES, VALUES = 300, 60
WRONG = (
    *(
        -1,
        0,
        1,
        2**31,
        2**62,
        -(2**63),
        10**400,
        1.5,
        1e308,
        True,
        None,
        "",
        [],
        {},
        [[0]],
        {"a": 1},
    ),
    *("é\x00", "\n", "x" * 9000, "../x", "/etc/passwd", "C:\\x", "${oc.env:HOME}", "nan", "inf"),
    *("mlflow.user", "FINISHED", "0" * 16, "0" * 32, "f" * 64),
)


def refusal(file):
    with pytest.raises(UserError) as raised:
        read_bundle(file)
    text = str(raised.value)
    assert text.startswith(f"{file}: is refused: ")
    assert "\n" not in text
    return text.removeprefix(f"{file}: is refused: ")


def test_a_bundle_comes_back_as_it_was(tmp_path):
    file = written(tmp_path)
    found, key = read_bundle(file)
    assert plain(found) == plain(two_runs())
    assert found.runs[0].curves["val/loss"].points()[1] == 1 / 3
    first = file.read_bytes()
    written(tmp_path)
    assert file.read_bytes() == first
    assert read_bundle(rewritten(tmp_path / "b.zip", in_members()))[1] != key


@pytest.mark.parametrize(
    "name", ["../x", "/etc/x", "C:/x", "sources/../x.py", "a.py", "runs/1.json"]
)
def test_foreign_members(tmp_path, name):
    file = rewritten(tmp_path / "a.zip", {**in_members(), name: b"x"})
    assert refusal(file) == f"has a member that no bundle has: {name!r}"


@pytest.mark.parametrize(
    "place", ["..", "a/../../b.py", ".", "a\\b.py", "a//b.py", "a b.py", "c:.py"]
)
def test_foreign_places_of_sources(tmp_path, place):
    name = f"sources/{'0' * 16}/{place}"
    file = rewritten(tmp_path / "a.zip", {**in_members(), name: b"x"})
    assert refusal(file) == f"has a member that no bundle has: {name!r}"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_members_twice(tmp_path):
    file = written(tmp_path)
    with zipfile.ZipFile(file, "a") as opened:
        opened.writestr("report.html", "another")
    assert refusal(file) == "has report.html twice"


def test_names_that_differ_only_in_case(tmp_path):
    name = next(each for each in in_members() if each.endswith("my_nets.py"))
    other = name.replace("my_nets", "My_Nets")
    file = rewritten(tmp_path / "a.zip", {**in_members(), other: b"x"})
    assert refusal(file) == f"has {name} and {other}, which some systems take for one"


def entry(file, members, name, **attributes):
    with zipfile.ZipFile(file, "w") as opened:
        for each, content in members.items():
            info = zipfile.ZipInfo(each)
            if each == name:
                for key, value in attributes.items():
                    setattr(info, key, value)
            opened.writestr(info, content)
    return file


def test_links_and_folders(tmp_path):
    for mode in (stat.S_IFLNK, stat.S_IFDIR, stat.S_IFIFO):
        made = entry(
            tmp_path / "a.zip", in_members(), "report.html", external_attr=(mode | 0o777) << 16
        )
        assert refusal(made) == "'report.html' is no plain file"


def test_other_compressions(tmp_path):
    made = entry(tmp_path / "a.zip", in_members(), "report.html", compress_type=zipfile.ZIP_BZIP2)
    assert refusal(made) == "report.html is compressed in an unknown way"


def test_bombs(tmp_path, monkeypatch):
    file = rewritten(tmp_path / "a.zip", {**in_members(), "report.html": bytes(3 * 2**20)})
    assert refusal(file) == "report.html would be more than 200 times as large as in the file"
    monkeypatch.setattr(archive, "MOST_OF_ONE", 2000)
    assert refusal(file) == "report.html has more than 2,000 bytes"
    monkeypatch.setattr(archive, "MOST_OF_ONE", 2**30)
    monkeypatch.setattr(archive, "MOST_TIMES", 10**9)
    monkeypatch.setattr(archive, "MOST_BYTES", 2**20)
    assert refusal(file) == "has more than 1,048,576 bytes in it"
    monkeypatch.setattr(archive, "MOST_BYTES", 100)
    assert refusal(file) == "larger than 100 bytes"
    monkeypatch.setattr(archive, "MOST_BYTES", 2**30)
    monkeypatch.setattr(archive, "MOST_MEMBERS", 3)
    assert refusal(file) == "has more than 3 members"


def test_a_list_of_members_is_not_read_before_its_length(tmp_path, monkeypatch):
    file = written(tmp_path)
    content = file.read_bytes()
    monkeypatch.setattr(zipfile, "ZipFile", lambda *others: 1 / 0)
    monkeypatch.setattr(archive, "MOST_OF_NAMES", 100)
    assert refusal(file) == "has more than 100 bytes of names of members"
    monkeypatch.setattr(archive, "MOST_MEMBERS", 3)
    assert refusal(file) == "has more than 3 members"
    said = "is a zip with a comment, or for more than 4 GiB; no bundle is"
    file.write_bytes(content[:-2] + b"\1\0")
    assert refusal(file) == said
    file.write_bytes(content[:-42] + b"PK\6\7" + bytes(16) + content[-22:])
    assert refusal(file) == said
    file.write_bytes(content + b"x")
    assert refusal(file) == "no zip that can be read"


def test_many_files_and_folders_take_no_time(tmp_path):
    """Each was compared with all others once, which took minutes."""
    sources = {f"a{number}/b.py": b"" for number in range(archive.MOST_MEMBERS - 100)}
    name = identity(sources)
    bundle = a_bundle(a_run(1, 0.5, source=sources), sources={name: sources})
    assert len(bundle_of(in_members(bundle)).sources[name]) == archive.MOST_MEMBERS - 100


def test_a_size_that_is_a_lie(tmp_path):
    members = in_members()
    file = tmp_path / "a.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in members.items():
            opened.writestr(name, content)
        opened.getinfo("report.html").file_size = 3
    assert "report.html" in refusal(file) or "no zip that can be read" in refusal(file)


def test_what_is_not_what_the_manifest_says(tmp_path):
    members = in_members()
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as opened:
        for name, content in members.items():
            opened.writestr(name, content.replace(b"well", b"best"))
    said = refusal(tmp_path / "a.zip")
    assert said == "report.html is not what manifest.json says: the file was changed or damaged"


def test_what_is_missing_or_too_much(tmp_path):
    members = in_members()

    def made(**changed):
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as opened:
            for name, content in {**members, **changed}.items():
                if content is not None:
                    opened.writestr(name, content)
        return tmp_path / "a.zip"

    assert (
        refusal(made(**{"report.html": None})) == "lacks 'report.html', which manifest.json names"
    )
    assert refusal(made(**{"runs/0003.json": b"{}"})) == (
        "has a member that manifest.json does not name: runs/0003.json"
    )
    said = "has no manifest.json; allowed is a file of `sweep bundle`"
    assert refusal(made(**{MANIFEST: None})) == said
    other = json.loads(members[MANIFEST]) | {"format": 2}
    assert refusal(made(**{MANIFEST: to_json(other)})) == (
        "has the format 2; allowed is 1, or a version of this program that reads the other"
    )


def change(members, name, values):
    return {**members, name: to_json(json.loads(members[name]) | values)}


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("sweep.json", {"more": 1}, "sweep.json: more: Unexpected keyword argument"),
        ("sweep.json", {"start_ms": "1"}, "sweep.json: start_ms: Input should be a valid integer"),
        ("sweep.json", {"status": "RUNNING"}, "sweep.json: status: Input should be 'FINISHED', "),
        (
            "sweep.json",
            {"tags": {"mlflow.user": "x"}},
            "sweep.json: tags.mlflow.user.[key]: allowed ",
        ),
        ("runs/0001.json", {"tags": {"search.study": "x"}}, "runs/0001.json: tags: search.study "),
        ("runs/0001.json", {"end_ms": 5}, "runs/0001.json: end_ms=5: is before start_ms="),
        ("runs/0001.json", {"name": "a\x00b"}, "runs/0001.json: name: allowed is a text without "),
        ("runs/0001.json", {"name": "a\nb"}, "runs/0001.json: name: allowed is a text of one line"),
        (
            "runs/0001.json",
            {"config": {"model": {"_target_": "my_nets.Net\x1b[14A\x1b[J"}}},
            "runs/0001.json: config: allowed is a text without control characters",
        ),
        (
            "runs/0001.json",
            {"config": {"model": {"hidden\x9b2J": [1]}}},
            "runs/0001.json: config: allowed is a text without control characters",
        ),
        (
            "runs/0001.json",
            {"config": {"metrics": ["accuracy", "my_metrics.f\nAll of it is harmless.@max"]}},
            "runs/0001.json: config: allowed is a text of one line",
        ),
        (
            f"environments/{NAME}.json",
            {"a\x1b[2J": 1},
            f"environments/{NAME}.json: a\x1b[2J.[key]: allowed is a text without ",
        ),
        ("runs/0001.json", {"run_id": "../../x"}, "runs/0001.json: run_id: String should match "),
        ("runs/0001.json", {"source": None}, "sources/ has not what the runs name"),
        ("runs/0002.json", {"run_id": f"{1:032x}"}, "has a run twice"),
        ("runs/0001.json", {"config": {"model": 5}}, "runs/0001.json: config: model is no group"),
        (
            "sweep.json",
            {"direction": "min"},
            "sweep.json: direction=min: allowed is max, which is better of val/accuracy",
        ),
        (
            "runs/0001.json",
            {"config": {"dataset": {"name": "folder", "root": "/etc"}}},
            "runs/0001.json: config: names a place on a machine",
        ),
        (
            "runs/0001.json",
            {"config": {"tracking": {"uri": "http://elsewhere"}}},
            "runs/0001.json: config: names a place on a machine, or how a run is launched",
        ),
        (
            "runs/0001.json",
            {"config": {"model": {"name": "custom", "_folder_": "modules"}}},
            "runs/0001.json: config: names a place on a machine",
        ),
        (
            "runs/0001.json",
            {"config": {"init_from": "${oc.env:SECRET}"}},
            "runs/0001.json: config: refers to something outside of it",
        ),
        (
            "runs/0001.json",
            {"curves": {"a": {"epochs": [2, 1], "values": [0.5, 1.0]}}},
            "runs/0001.json: curves.a: allowed are epochs in their order, each once",
        ),
        (
            "runs/0001.json",
            {"curves": {"a": {"epochs": [1, 2], "values": [0.5]}}},
            "runs/0001.json: curves.a: allowed is a value for each epoch, and one or more",
        ),
    ],
)
def test_wrong_values(tmp_path, name, values, message):
    file = rewritten(tmp_path / "a.zip", change(in_members(), name, values))
    assert refusal(file).startswith(message)


def test_sources_that_are_others(tmp_path):
    members = in_members()
    name = next(each for each in members if each.endswith("layers.py"))
    file = rewritten(tmp_path / "a.zip", {**members, name: b"SIZE = 4\n"})
    assert refusal(file).startswith("sources/")
    assert ": these files are " in refusal(file)
    below = name.replace("parts/layers.py", "my_nets.py/x.py")
    file = rewritten(tmp_path / "a.zip", {**members, below: b""})
    assert refusal(file).endswith("my_nets.py is a file and a folder")


@pytest.mark.parametrize(
    "text", ['{"a": 1, "a": 1}', '{"a": NaN}', "[" * 100_000, "{", "1e999", ""]
)
def test_what_is_hardly_json(tmp_path, text):
    file = rewritten(tmp_path / "a.zip", {**in_members(), "sweep.json": text.encode()})
    assert refusal(file).startswith("sweep.json: ")


def test_what_is_no_zip(tmp_path):
    file = tmp_path / "a.zip"
    for content in (b"", b"PK", b"\x00" * 100, io.BytesIO(b"hello").read()):
        file.write_bytes(content)
        assert refusal(file).startswith("no zip that can be read")
    file.write_bytes(written(tmp_path).read_bytes()[:-30])
    assert refusal(file).startswith("no zip that can be read")
    with pytest.raises(UserError, match=r"none.zip: cannot be read: No such file or directory$"):
        read_bundle(tmp_path / "none.zip")


def test_nothing_is_written_when_it_is_refused(tmp_path, capsys):
    file = rewritten(tmp_path / "a.zip", {**in_members(), "../x": b"x"})
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    assert run(unbundle, [str(file), "--tracking-uri", uri]) == 2
    assert "\n" not in capsys.readouterr().err.strip()
    assert [each.name for each in tmp_path.iterdir()] == ["a.zip"]


def test_bytes_that_are_changed_at_random(tmp_path):
    file, expected = written(tmp_path), plain(two_runs())
    content = file.read_bytes()
    for seed in range(BYTES):
        chance, changed = random.Random(f"bytes {seed}"), bytearray(content)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(changed))
            action = chance.random()
            if action < 0.7:
                changed[at] = chance.randrange(256)
            elif action < 0.85:
                del changed[at : at + chance.randint(1, 40)]
            else:
                changed[at:at] = chance.randbytes(chance.randint(1, 40))
        file.write_bytes(changed)
        try:
            assert plain(read_bundle(file)[0]) == expected, seed
        except UserError as error:
            assert "\n" not in str(error), seed


def places(value):
    """Yield each container with each of its keys."""
    for key in value if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from places(value[key])


@pytest.mark.parametrize("fits", [True, False])
def test_values_that_are_changed_at_random(tmp_path, fits):
    """With the manifest as it was all are refused; with one that fits, what is read is that."""
    members, file = in_members(), tmp_path / "a.zip"
    names = [each for each in members if each.endswith(".json") and each != MANIFEST]
    for seed in range(VALUES):
        chance = random.Random(f"values {seed}")
        name = chance.choice(names)
        value = json.loads(members[name])
        at, key = chance.choice([*places(value)])
        before, at[key] = at[key], chance.choice(WRONG)
        if type(before) is type(at[key]) and before == at[key]:
            continue
        changed = {**members, name: to_json(value)}
        if fits:
            rewritten(file, changed)
        else:
            with zipfile.ZipFile(file, "w") as opened:
                for each, content in changed.items():
                    opened.writestr(each, content)
        try:
            found = read_bundle(file)[0]
        except UserError as error:
            assert "\n" not in str(error), seed
            continue
        assert fits, seed
        assert in_members(found)[name] == changed[name], seed
