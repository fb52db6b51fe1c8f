"""What all replays of searches share: their seeds, what is counted, and the table of all.

It needs nothing of this program: see curves.py.
"""

import argparse
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from itertools import islice
from pathlib import Path

import pandas as pd
from curve_table import EPOCHS, TABLE
from curves import CHOSEN, FULL_RUNS, SURROGATES, Curve, Curves, target
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

RESULTS = Path(__file__).parent / "results"
MOST = FULL_RUNS * EPOCHS  # what the random search takes
WORKERS = 2
CASE = ["curves", "rows", "seed"]

# Returns what each epoch reached, in the order of time, for the curves that runs have, a seed, and
# the accuracy that is wanted: nothing that comes after it counts.
Search = Callable[[Curve, int, float], Iterable[float]]


def epochs_until(wanted: float, reached: Iterable[float], most: int = MOST) -> int:
    """Return after how many epochs this accuracy is reached; ``most`` if it is not before."""
    for epochs, accuracy in enumerate(islice(reached, most), 1):
        if accuracy >= wanted:
            return epochs
    return most


def replay(searches: Mapping[str, Search], name: str, description: str) -> None:
    """Replay searches as the command's arguments say, and print the table of all that were.

    Args:
        searches: by their names.
        name: of the file for what is counted: ``results/replay-NAME.csv``.
        description: of the command.
    """
    parser = argparse.ArgumentParser(description=description.partition("\n")[0])
    parser.add_argument("--table", type=Path, default=TABLE)
    parser.add_argument("--surrogate", choices=SURROGATES, default=CHOSEN)
    parser.add_argument("--curves", choices=("smooth", "rough"), default="smooth")
    parser.add_argument("--seeds", type=int, default=200, help="none only prints the table")
    parser.add_argument("--only", nargs="+", choices=searches, default=list(searches))
    parser.add_argument("--n-jobs", type=int, default=1)
    parser.add_argument("--results", type=Path, default=RESULTS)
    given = parser.parse_args()
    fitted = (given.table, given.surrogate)
    for each in given.only if given.seeds else ():
        found = Parallel(n_jobs=given.n_jobs)(
            delayed(_count)(searches[each], fitted, given.curves, seed)
            for seed in range(given.seeds)
        )
        rows = _curves(*fitted).rows
        case = [(given.curves, rows, seed) for seed in range(given.seeds)]
        index = pd.MultiIndex.from_tuples(case, names=CASE)
        _keep(pd.Series(found, index, name=each), given.results / f"replay-{name}.csv")
    print(markdown(given.results))


_curves = cache(Curves)


@threadpool_limits.wrap(limits=1)
def _count(search: Search, fitted: tuple[Path, str], kind: str, seed: int) -> int:
    curve: Curve = getattr(_curves(*fitted), kind)(seed)
    wanted = target(curve, seed)
    return epochs_until(wanted, search(curve, seed, wanted))


def _keep(found: "pd.Series[int]", file: Path) -> None:
    """Write what was counted of one search beside the others."""
    known = pd.read_csv(file, index_col=CASE) if file.exists() else pd.DataFrame()
    table = known.drop(columns=found.name, errors="ignore")
    kept = known.get(found.name, pd.Series(dtype=float))
    both = found.combine_first(kept) if len(kept) else found
    table = pd.concat([table, both], axis=1).sort_index().astype("Int64")
    table.index.names = CASE
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(file.name + ".tmp")
    table.to_csv(temporary)
    temporary.replace(file)


def markdown(results: Path) -> str:
    """Return the table of all replays: medians, quartiles, and how many had not got there."""
    lines = []
    files = [pd.read_csv(each, index_col=CASE) for each in sorted(results.glob("replay-*.csv"))]
    for (kind, rows), cases in pd.concat(files, axis=1).groupby(level=["curves", "rows"]):
        lines += [
            f"{kind} curves, from {rows} rows; epochs, of {MOST}",
            "",
            "| search | seeds | median | quartiles | of random's | not in time |",
            "| --- | ---: | ---: | ---: | ---: | ---: |",
        ]
        for name in cases:
            counted = cases[name].dropna()
            if counted.empty:
                continue
            low, middle, high = counted.quantile([0.25, 0.5, 0.75])
            missed = int((counted == MOST).sum())
            lines.append(
                f"| {name} | {len(counted)} | {middle:.0f} | {low:.0f} to {high:.0f} "
                f"| {middle / MOST:.2f} | {missed} |"
            )
        lines.append("")
    return "\n".join(lines)
