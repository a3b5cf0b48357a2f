"""Writes jax.json: what JAX itself answers to every case of test/ad/jax.test.ts.

Run from the root of the repository (JAX 0.10.2 wrote the committed file; every run on one machine gives the same numbers):
    python3 -m venv jaxenv && jaxenv/bin/pip install jax==0.10.2
    JAX_PLATFORMS=cpu jaxenv/bin/python test/ad/goldens/generate.py
Names of files in cases/ as arguments answer those anew and keep the other answers.
"""

import importlib
import json
import pathlib
import sys

import jax

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

from families import cases  # noqa: E402

names = sys.argv[1:] or sorted(p.stem for p in (HERE / "cases").glob("*.py"))
for name in names:
    importlib.import_module(f"cases.{name}")
    count = sum(len(row) - 1 for row in cases.values())
    print(f"{name}: {count} cases so far")

target = HERE / "jax.json"
if sys.argv[1:] and target.exists():
    kept = json.loads(target.read_text())
    for row in kept["cases"].values():
        row["in"] = [kept["operands"][i] for i in row["in"]]
    cases = {**kept["cases"], **cases}


def compact(x):
    return json.dumps(x, separators=(",", ":"), allow_nan=False)


# Many cases have the same operands; each is written once.
operands = sorted({compact(x) for row in cases.values() for x in row["in"]})
place = {text: i for i, text in enumerate(operands)}
rows = [
    f"{json.dumps(name)}:{compact({**row, 'in': [place[compact(x)] for x in row['in']]})}"
    for name, row in sorted(cases.items())
]
listed = ",\n".join(operands)
answered = ",\n".join(rows)
target.write_text(
    f'{{"jax":"{jax.__version__}","operands":[\n{listed}\n],"cases":{{\n{answered}\n}}}}\n'
)
