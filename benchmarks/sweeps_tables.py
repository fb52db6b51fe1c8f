"""What sweeps.py measured, as tables, as a picture, and in docs/speed.md."""

import math
import re
import statistics
from pathlib import Path
from typing import Any

from contenders import CONTENDERS
from measuring import spread
from scipy import stats
from workloads import WORKLOADS, Workload

DOCS = Path(__file__).parent.parent / "docs"
PLACE = re.compile(r"(<!-- sweeps\.py: from here -->\n).*(<!-- sweeps\.py: to here -->\n)", re.S)
Repeat = dict[str, dict[str, Any]]  # of each contender: seconds, speed, limit, part, accuracies
BY_CHANCE = 0.001  # how often somebody who trains the same is said to train something else
ORDER = [each.name for each in CONTENDERS]


def tables(results: dict[str, Any]) -> str:
    """Return Markdown of all workloads, the goals, and who the contenders are."""
    works = measured_workloads(results)
    lines = []
    for work, repeats in works:
        lines += [*_speeds(work, repeats), ""]
    lines += [*_goals(works), ""]
    lines += ["| name | what it is |", "| --- | --- |"]
    lines += [
        "| limit | the bare compute loop of Gluon: one process a core, on ready-made batches |"
    ]
    names = {name for _, repeats in works for name in measured_names(repeats)}
    lines += [f"| {each.name} | {each.what} |" for each in CONTENDERS if each.name in names]
    lines += ["", f"Median (lowest to highest); {results['machine']}; {_versions(results)}."]
    lines += [f"The program: {', '.join(_codes(results))}."]
    failures = _failures(results)
    return "\n".join(lines + ["", *failures] * bool(failures)) + "\n"


def _versions(results: dict[str, Any]) -> str:
    return ", ".join(each.replace("==", " ") for each in results["versions"])


def _codes(results: dict[str, Any]) -> list[str]:
    """Return the commits that were measured, each once."""
    repeats = [each for repeats in results["workloads"].values() for each in repeats]
    found = [entry["code"] for each in repeats for entry in each.values() if "code" in entry]
    return [*dict.fromkeys(found)]


def _failures(results: dict[str, Any]) -> list[str]:
    return [
        f"- {name} failed, {key}, repeat {repeat}: {entry['failed']}"
        for key, repeats in results["workloads"].items()
        for repeat, each in enumerate(repeats, start=1)
        for name, entry in each.items()
        if "failed" in entry
    ]


def measured_workloads(results: dict[str, Any]) -> list[tuple[Workload, list[Repeat]]]:
    """Return the workloads that were measured, as large as they were, and their repeats.

    A repeat that was cut short has some contenders only; whoever failed is not in it.
    """
    found = []
    for work in WORKLOADS:
        repeats = [
            {name: entry for name, entry in each.items() if "failed" not in entry}
            for each in results["workloads"].get(work.key, [])
        ]
        if any(repeats):
            found.append((work.sized(results["size"]), [each for each in repeats if each]))
    return found


def measured_names(repeats: list[Repeat]) -> list[str]:
    """Return who was measured at least once, in the order of the contenders."""
    return [name for name in ORDER if any(name in each for each in repeats)]


def _speeds(work: Workload, repeats: list[Repeat]) -> list[str]:
    lines = [
        f"**{work.title}; repeats: {len(repeats)}**",
        "",
        "| | seconds | training images a second | of the limit | sweep / this | accuracy |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name in measured_names(repeats):
        entries = [each[name] for each in repeats if name in each]
        cells = [
            spread([each["seconds"] for each in entries], ".1f"),
            spread([each["speed"] for each in entries], ",.0f"),
            spread([each["part"] for each in entries], ".2f"),
            _compared(repeats, name),
            _accuracy(repeats, name),
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    limits = [entry["limit"] for each in repeats for entry in each.values()]
    lines.append(f"| limit | | {spread(limits, ',.0f')} | 1 | {_compared(repeats, 'limit')} | |")
    return lines


def _compared(repeats: list[Repeat], name: str) -> str:
    found = ratios(repeats, name)
    return spread(found, ".2f") if found else ""


def ratios(repeats: list[Repeat], name: str) -> list[float]:
    """Return how often as fast the sweep is, of each repeat that has both, as parts of limits."""
    both = [{"limit": {"part": 1.0}, **each} for each in repeats]
    return [
        each["sweep"]["part"] / each[name]["part"] for each in both if {"sweep", name} <= {*each}
    ]


def _accuracy(repeats: list[Repeat], name: str) -> str:
    """Return the mean accuracy after the last epoch, with ours after as many, and any objection."""
    first = next(each[name] for each in repeats if name in each)
    epoch = max(first["accuracies"], key=int)
    theirs, ours = (
        [each[who]["accuracies"][epoch] for each in repeats if who in each]
        for who in (name, "sweep")
    )
    found = statistics.mean(sum(theirs, []))
    if name == "sweep" or not ours:
        return f"{found:.3f}"
    expected, most = statistics.mean(sum(ours, [])), tolerance(theirs, ours)
    wrong = ", trains something else" if abs(found - expected) > most else ""
    return f"{found:.3f} (ours: {expected:.3f} ± {most:.3f}){wrong}"


def tolerance(theirs: list[list[float]], ours: list[list[float]]) -> float:
    """Return by how much the mean accuracies of two may differ, both training the same.

    By Student's t-test: the seeds alone make a larger difference once in a thousand times. Repeats
    have the same seeds, so they count as the same runs.

    Args:
        theirs: of each repeat, the accuracies of its runs.
        ours: the same.
    """
    runs = [len(each[0]) for each in (theirs, ours)]
    squares = [
        statistics.pvariance(sum(each, [])) * n
        for each, n in zip((theirs, ours), runs, strict=True)
    ]
    freedom = sum(runs) - 2
    if not freedom:
        return math.inf
    error = math.sqrt(sum(squares) / freedom * sum(1 / n for n in runs))
    return error * float(stats.t.isf(BY_CHANCE / 2, freedom))


def _goals(works: list[tuple[Workload, list[Repeat]]]) -> list[str]:
    lines = ["| sweep | against | goal | reached | |", "| --- | --- | --- | --- | --- |"]
    for work, repeats in works:
        for name, goal in work.goals.items():
            compared = ratios(repeats, name)
            if not compared:
                lines.append(f"| {work.title} | {name} | {goal} | not measured | |")
                continue
            reached = statistics.median(compared)
            verdict = "met" if reached >= goal else "missed"
            lines.append(f"| {work.title} | {name} | {goal} | {reached:.2f} | {verdict} |")
    return lines


def plot(results: dict[str, Any], path: Path) -> None:
    """Draw the parts of the limit as bars, with the spread as lines."""
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    matplotlib.rcParams["svg.hashsalt"] = "sweeps"
    works = measured_workloads(results)
    heights = [0.8 + 0.3 * len(measured_names(repeats)) for _, repeats in works]
    figure, axes = plt.subplots(
        *(len(works), 1),
        figsize=(8, sum(heights)),
        height_ratios=heights,
        squeeze=False,
        sharex=True,
    )
    for (work, repeats), axis in zip(works, axes[:, 0], strict=True):
        parts = {
            name: [each[name]["part"] for each in repeats if name in each]
            for name in measured_names(repeats)
        }
        order = sorted(parts, key=lambda name: statistics.median(parts[name]))
        middles = [statistics.median(parts[name]) for name in order]
        low = [middle - min(parts[n]) for n, middle in zip(order, middles, strict=True)]
        high = [max(parts[n]) - middle for n, middle in zip(order, middles, strict=True)]
        colors = ["#0072b2" if name == "sweep" else "#999999" for name in order]
        axis.barh(order, middles, xerr=[low, high], color=colors, ecolor="#333333", capsize=3)
        axis.axvline(1, color="#333333", linestyle=":")
        axis.set_title(work.title, loc="left")
        axis.spines[["top", "right"]].set_visible(False)
    axes[-1, 0].set_xlabel("training images a second, as a part of the bare compute loop's")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def publish(results: dict[str, Any]) -> None:
    """Write the tables into docs/speed.md, and the picture beside it."""
    page = DOCS / "speed.md"
    text, found = PLACE.subn(
        lambda match: f"{match[1]}\n{tables(results)}\n{match[2]}", page.read_text()
    )
    if not found:
        raise SystemExit(f"{page} has no place for the tables")
    page.write_text(text)
    plot(results, DOCS / "images" / "sweeps.svg")
