#!/bin/sh
# Builds the wheel in dist/, installs it into an empty environment, and uses it from an empty folder.
set -eu
project=$(cd "$(dirname "$0")/.." && pwd)
empty=$(mktemp -d)
environment=${VENV:-.venv}
trap 'rm -rf "$empty"' EXIT

rm -rf "$project/dist"
"$project/$environment/bin/python" -m build --wheel --outdir "$project/dist" "$project"
"$project/$environment/bin/python" -m venv "$empty/venv"
"$empty/venv/bin/python" -m pip install --quiet --disable-pip-version-check --use-pep517 \
    --constraint "$project/constraints.txt" "$project"/dist/*.whl
"$empty/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps mxnet==1.9.1

mkdir "$empty/folder"
cd "$empty/folder"
"$empty/venv/bin/sweep" model=mlp,lenet epochs=1 --multirun
"$empty/venv/bin/python" -m sweep.leaderboard --output leaderboard.csv
test "$(wc -l < leaderboard.csv)" -eq 3
test -s mlruns/*/*/artifacts/report.html
"$empty/venv/bin/python" -m sweep.report --output report.html --figures figures
test -s report.html
test -s figures/curves.svg
echo "The wheel works."
