"""The trained parameters that runs start from: found, identified, and kept while runs need them.

What is in them is in a run's fingerprint, and not where they are. The processes of a sweep read a
copy of them, so that all of its runs start from the same, whatever becomes of a file meanwhile.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from sweep.config.schema import Config
from sweep.errors import UserError
from sweep.files import as_meant
from sweep.networks.params_file import Broken
from sweep.networks.trained import GRAPH, PARAMETERS, read_trained
from sweep.own_modules import identity, keep
from sweep.tracking import whole_run_id
from sweep.uris import resolve_uri

FOLDER = "init"  # in checkpoint_dir
FILES, GRAPHS = ".params", ".json"  # what names of files end with
MODELS = "models:/"
ALLOWED = (
    "allowed is null, the id of a run, models:/NAME@ALIAS, models:/NAME/VERSION, FILE.params, or "
    "NET-symbol.json:NET-0010.params"
)

Files = Mapping[str, bytes]


def identified(config: Config) -> Config:
    """Return the configuration with what identifies the parameters that it starts from, if any.

    They are read where they lie, and a copy of them is kept in ``checkpoint_dir``. A run that was
    named by its name, or by the beginning of its id, is named by its id from now on.

    Raises:
        UserError: there are no such parameters, or their file is broken, or is not what
            ``init_digest`` says.
    """
    if config.init_from is None:
        return config
    files = _found(config)
    return _kept(replace(config, init_from=_whole(config.init_from, config.tracking.uri)), files)


def identified_again(config: Config) -> Config:
    """Return the same in a run's process, for which a copy will do of what was identified before.

    Raises:
        UserError: as of :func:`identified`; of what there is no copy of.
    """
    return config if config.init_from is None else _kept(config, starting_files(config))


def starting_files(config: Config) -> Files:
    """Return the files with the parameters that a run starts from; none if it starts anew.

    Those of the copy, if there is one of what was identified.

    Raises:
        UserError: as of :func:`identified`.
    """
    if config.init_from is None:
        return {}
    if config.init_digest is not None:
        kept = read_folder(folder_of(config))
        if identity(kept) == config.init_digest:
            return kept
    return _found(config)


def folder_of(config: Config) -> Path:
    """Return the folder with the copy of what a run starts from, which is identified."""
    return Path(config.checkpoint_dir, FOLDER, str(config.init_digest))


def read_folder(folder: Path) -> Files:
    """Return the files of a copy, by their names; those that are there."""
    return {
        name: (folder / name).read_bytes()
        for name in (PARAMETERS, GRAPH)
        if (folder / name).is_file()
    }


def _kept(config: Config, files: Files) -> Config:
    keep(files, Path(config.checkpoint_dir, FOLDER))
    return replace(config, init_digest=identity(files))


def _found(config: Config) -> Files:
    """Return what is at the address, if it is what was identified."""
    field = f"init_from={config.init_from}"
    try:
        files = _read(str(config.init_from), config.tracking.uri)
        read_trained(files)
    except (UserError, Broken) as error:
        raise UserError(f"{field}: {error}; {ALLOWED}") from error
    except OSError as error:
        raise UserError(
            f"{field}: {error.filename} cannot be read: {error.strerror}; {ALLOWED}"
        ) from error
    if config.init_digest not in (None, identity(files)):
        raise UserError(
            f"{field}: what is there is {identity(files)}, and not "
            f"init_digest={config.init_digest}; allowed are the parameters that it was, or "
            "init_digest=null"
        )
    return files


def _is_recorded(address: str) -> bool:
    return not address.endswith(FILES) or address.startswith(MODELS)


def _whole(address: str, uri: str | None) -> str:
    """Return an address by which the same is found when there are more runs."""
    if not _is_recorded(address) or address.startswith(MODELS):
        return address
    return whole_run_id(resolve_uri(uri), address)


def _read(address: str, uri: str | None) -> Files:
    if _is_recorded(address):
        from sweep.tracking import fetch_parameters  # it imports MLflow

        return {PARAMETERS: fetch_parameters(uri, address)}
    graph, _, file = address.rpartition(f"{GRAPHS}:")
    if graph:
        return {
            GRAPH: as_meant(f"{graph}{GRAPHS}").read_bytes(),
            PARAMETERS: as_meant(file).read_bytes(),
        }
    return {PARAMETERS: as_meant(address).read_bytes()}
