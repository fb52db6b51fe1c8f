"""What images there are, and what is wrong with them."""

from pathlib import Path

import click

from sweep.data.looking.contact_sheet import check_classes, check_suffix, contact_sheet
from sweep.data.looking.packing import pack
from sweep.data.looking.sources import LABEL, read_source
from sweep.data.looking.survey import survey
from sweep.data.readers.parts import Part, class_order
from sweep.display.survey import show_survey
from sweep.errors import UserError
from sweep.files import write_whole


@click.command()
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True, type=Path)
@click.option(
    "--write",
    "packed",
    type=Path,
    metavar="FILE",
    help="Pack the images: .rec, as MXNet reads it, or .npz.",
)
@click.option(
    "--sheet", type=Path, metavar="FILE", help="Draw examples of each class, as FILE.png."
)
@click.option(
    "--label",
    metavar="NAME",
    default=LABEL,
    show_default=True,
    help="The column of a .csv file that has the labels: its name, or its position, from 0.",
)
def data(sources: tuple[Path, ...], packed: Path | None, sheet: Path | None, label: str) -> int:
    """Say what images there are, which are broken, and which are there more than once.

    SOURCE is a folder, a file (.rec, .lst, .npz or .csv), or two .npy files with a comma between
    them; several are looked at together. The exit code is 1 if an image is broken.

    \b
    sweep data photos
    sweep data images.npy,labels.npy
    sweep data train.rec test.rec
    sweep data train.rec --sheet examples.png
    sweep data photos --write photos.rec
    """
    if label != LABEL and not any(each.suffix.lower() == ".csv" for each in sources):
        raise UserError(
            f"--label {label}: is for a .csv file, and none is given; allowed is to leave it out"
        )
    if sheet:
        check_suffix(sheet)
    read = {path: read_source(path, label) for path in dict.fromkeys(sources)}
    parts: dict[str, tuple[Part, tuple[str, ...]]] = {}
    for path, source in read.items():
        for name, part in source.parts.items():
            shown = f"{path} {name}" if len(source.parts) > 1 else str(path)
            parts[shown] = part, source.class_names
    if (packed or sheet) and len(read) > 1:
        option = f"--write {packed}" if packed else f"--sheet {sheet}"
        raise UserError(f"{option}: is made of one source; {len(read)} are given")
    (source, *_) = read.values()
    if sheet:
        check_classes(sheet, len(source.class_names))
    found = survey(parts)
    classes = class_order([*{name for source in read.values() for name in source.class_names}])
    show_survey(found, list(parts), classes)
    try:
        if packed:
            for file in pack(packed, source.parts):
                click.echo(f"Written: {file}")
        if sheet:
            drawn = contact_sheet(source.parts["train"], source.class_names)
            write_whole(sheet, lambda stream: drawn.save(stream, "PNG"))
            click.echo(f"Written: {sheet}")
    except OSError as error:
        raise UserError(f"{error.filename or packed or sheet}: {error.strerror}") from error
    return 1 if found.broken else 0
