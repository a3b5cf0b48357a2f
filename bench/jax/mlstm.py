"""The training step and the representation scan of bench/train-step.ts and bench/embed.ts in JAX, for comparison.

    python3 -m venv jaxenv && jaxenv/bin/pip install jax
    JAX_PLATFORMS=cpu jaxenv/bin/python bench/jax/mlstm.py [--part train] [--units 1900] [--lanes 32] [--steps 256] [--repeats 3]

Prints seconds of a jitted step (`train`: loss, gradient, AdamW) or of a jitted scan that gives the mean hidden state,
weights normalised once (`represent`), as JSON. `npm run bench -- jax` runs it in turn with ours. Written as one would in JAX: the cell is a function of one sequence, vmap makes the lanes.
"""

import argparse
import json
import statistics
import time

import jax
import jax.numpy as jnp

options = argparse.ArgumentParser()
for name, default in {"units": 1900, "lanes": 32, "steps": 256, "repeats": 3}.items():
    options.add_argument(f"--{name}", type=int, default=default)
options.add_argument("--part", choices=["train", "represent"], default="train")
args = options.parse_args()
n = args.units


def initial(key):
    shapes = {"wx": (10, 4 * n), "wh": (n, 4 * n), "wmx": (10, n), "wmh": (n, n)}
    keys = dict(zip([*shapes, "embedding", "head"], jax.random.split(key, 6)))
    spread = lambda name, shape: (3 / shape[0]) ** 0.5 * jax.random.uniform(
        keys[name], shape, minval=-1, maxval=1
    )
    params = {name: spread(name, shape) for name, shape in shapes.items()}
    gains = {f"g{name[1:]}": jnp.ones(shape[1]) for name, shape in shapes.items()}
    return {
        **params,
        **gains,
        "b": jnp.zeros(4 * n),
        "embedding": spread("embedding", (26, 10)),
        "head": {"w": spread("head", (n, 25)), "b": jnp.zeros(25)},
    }


def normal(w, g):
    return w / jnp.sqrt(jnp.maximum(jnp.sum(w * w, axis=0, keepdims=True), 1e-12)) * g


def network(p):
    wx, wmx = normal(p["wx"], p["gx"]), normal(p["wmx"], p["gmx"])
    return {
        "z": p["embedding"] @ wx + p["b"],
        "m": p["embedding"] @ wmx,
        "wh": normal(p["wh"], p["gh"]),
        "wmh": normal(p["wmh"], p["gmh"]),
    }


def cell(w, state, token):
    h, c = state
    m = w["m"][token] * (h @ w["wmh"])
    i, f, o, u = jnp.split(w["z"][token] + m @ w["wh"], 4)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(u)
    return jax.nn.sigmoid(o) * jnp.tanh(c), c


def loss(p, x, y, mask):
    w = network(p)

    def lane(x, y):
        def step(state, pair):
            token, target = pair
            h, c = cell(w, state, token)
            return (h, c), jax.nn.log_softmax(h @ p["head"]["w"] + p["head"]["b"])[target]

        return jax.lax.scan(step, (jnp.zeros(n), jnp.zeros(n)), (x, y))[1]

    return -jnp.sum(jax.vmap(lane)(x, y) * mask) / jnp.sum(mask)


@jax.jit
def train(i, state, x, y, mask):
    p, m, v = state
    value, g = jax.value_and_grad(loss)(p, x, y, mask)
    m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
    v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
    move = lambda p, m, v: p - 1e-3 * (
        (m / (1 - 0.9 ** (i + 1))) / (jnp.sqrt(v / (1 - 0.999 ** (i + 1))) + 1e-8) + 0.01 * p
    )
    return value, (jax.tree.map(move, p, m, v), m, v)


@jax.jit
def represent(w, x):
    def lane(x):
        step = lambda state, token: ((new := cell(w, state, token)), new[0])
        return jnp.mean(jax.lax.scan(step, (jnp.zeros(n), jnp.zeros(n)), x)[1], axis=0)

    return jax.vmap(lane)(x)


def seconds(run):
    jax.block_until_ready(run())
    times = []
    for _ in range(args.repeats):
        start = time.perf_counter()
        jax.block_until_ready(run())
        times.append(time.perf_counter() - start)
    return statistics.median(times)


params = initial(jax.random.key(0))
kx, ky = jax.random.split(jax.random.key(1))
x = jax.random.randint(kx, (args.lanes, args.steps), 1, 25)
if args.part == "train":
    zeros = jax.tree.map(jnp.zeros_like, params)
    y = jax.random.randint(ky, (args.lanes, args.steps), 0, 25)
    mask = jnp.ones((args.lanes, args.steps))
    run = lambda: train(0, (params, zeros, zeros), x, y, mask)
else:
    weights = jax.jit(network)(params)
    run = lambda: represent(weights, x)
print(json.dumps({**vars(args), "jax": jax.__version__, "seconds": seconds(run)}))
