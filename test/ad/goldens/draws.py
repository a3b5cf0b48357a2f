"""Writes draws.json: what JAX itself draws for the expressions of test/ad/random.test.ts.

Run from the root of the repository (JAX 0.10.2 wrote the committed file; any number of runs gives the same bytes):
    JAX_PLATFORMS=cpu jaxenv/bin/python test/ad/goldens/draws.py
"""

import json
import pathlib

import jax
import jax.numpy as jnp
import numpy as np

R = jax.random
I = jax.nn.initializers
K = R.PRNGKey(42)
F = jnp.float32
D = jnp.float64
A = jnp.array([0.3, 1.0, 2.5, 9.0], F)
COV = jnp.array([[2.0, 0.5, 0.1], [0.5, 1.0, 0.2], [0.1, 0.2, 0.7]], F)
MEAN = jnp.array([1.0, -1.0, 0.5], F)
LOGITS = jnp.array([[0.1, 2.0, -1.0], [1.5, 0.0, 0.3]], F)
P = jnp.array([0.1, 0.4, 0.2, 0.3], F)
X = jnp.arange(12, dtype=F).reshape(3, 4)
V = jnp.arange(5, dtype=F)
N = (2, 4)


def floats(name, draw):
    """The same distribution in both float types."""
    return {
        f"{name} float32": lambda: draw(F),
        f"{name} float64": lambda: wide(lambda: draw(D)),
    }


def wide(draw):
    """With 64 bits, which JAX leaves off by default; what it draws of narrower numbers may depend on that."""
    with jax.enable_x64(True):
        return draw()


cases = {
    "key": lambda: wide(lambda: [R.PRNGKey(0), R.PRNGKey(2**31), R.PRNGKey(2**40 + 5)]),
    "split": lambda: R.split(K, 3),
    "split shape": lambda: R.split(K, (2, 2)),
    "foldIn": lambda: wide(lambda: jnp.stack([R.fold_in(K, 0), R.fold_in(K, 7), R.fold_in(K, 2**32 - 1)])),
    "bits": lambda: R.bits(K, (2, 3), "uint32"),
    "keys in vmap": lambda: jax.vmap(lambda k: R.bits(k, (2,), "uint32"))(R.split(K, 3)),
    **floats("uniform", lambda d: R.uniform(K, N, d)),
    **floats("uniform between", lambda d: R.uniform(K, N, d, -0.3, 1.4)),
    "randint": lambda: R.randint(K, N, -5, 17, "int32"),
    "randint arrays": lambda: R.randint(K, (3,), jnp.array([0, -9, 5], "int32"), jnp.array([1, 9, 5], "int32"), "int32"),
    "randint all": lambda: wide(lambda: R.randint(K, N, -(2**31), 2**31, "int32")),
    "randint uint32": lambda: wide(lambda: R.randint(K, N, 3, 2**32, "uint32")),
    **floats("normal", lambda d: R.normal(K, N, d)),
    **floats("truncatedNormal", lambda d: R.truncated_normal(K, -1.0, 2.0, N, d)),
    **floats("lognormal", lambda d: R.lognormal(K, 0.5, N, d)),
    **floats("maxwell", lambda d: R.maxwell(K, N, d)),
    **floats("doubleSidedMaxwell", lambda d: R.double_sided_maxwell(K, 1.0, 2.0, N, d)),
    **floats("wald", lambda d: R.wald(K, jnp.asarray(1.5, d), N, d)),
    **floats("exponential", lambda d: R.exponential(K, N, d)),
    **floats("gumbel", lambda d: R.gumbel(K, N, d)),
    **floats("gumbel high", lambda d: R.gumbel(K, N, d, mode="high")),
    **floats("laplace", lambda d: R.laplace(K, N, d)),
    **floats("logistic", lambda d: R.logistic(K, N, d)),
    **floats("cauchy", lambda d: R.cauchy(K, N, d)),
    **floats("pareto", lambda d: R.pareto(K, jnp.asarray(3.0, d), N, d)),
    **floats("rayleigh", lambda d: R.rayleigh(K, jnp.asarray(2.0, d), N, d)),
    **floats("weibullMin", lambda d: R.weibull_min(K, 2.0, 1.5, N, d)),
    **floats("triangular", lambda d: R.triangular(K, jnp.asarray(-1.0, d), jnp.asarray(0.5, d), jnp.asarray(2.0, d), N, d)),
    "bernoulli": lambda: R.bernoulli(K, P),
    "bernoulli high": lambda: R.bernoulli(K, jnp.asarray(0.3, F), N, mode="high"),
    "rademacher": lambda: R.rademacher(K, N, "int32"),
    "geometric": lambda: R.geometric(K, P, (2, 4), "int32"),
    "categorical": lambda: R.categorical(K, LOGITS),
    "categorical shape": lambda: R.categorical(K, LOGITS, shape=(4, 2)),
    "categorical axis": lambda: R.categorical(K, LOGITS, axis=0, shape=(2, 3)),
    "categorical without replacement": lambda: R.categorical(K, LOGITS, shape=(2, 2), replace=False),
    **floats("gamma", lambda d: R.gamma(K, A.astype(d), N, d)),
    **floats("loggamma", lambda d: R.loggamma(K, A.astype(d), N, d)),
    "gamma vmap": lambda: jax.vmap(lambda k, a: R.gamma(k, a, (2,), F))(R.split(K, 4), A),
    **floats("gamma gradient", lambda d: jax.vmap(jax.grad(lambda a: R.gamma(K, a, (), d)))(A.astype(d))),
    **floats("loggamma gradient", lambda d: jax.vmap(jax.grad(lambda a: R.loggamma(K, a, (), d)))(A.astype(d))),
    **floats("beta", lambda d: R.beta(K, A.astype(d), jnp.asarray(1.5, d), N, d)),
    **floats("dirichlet", lambda d: R.dirichlet(K, A.astype(d), (2,), d)),
    **floats("chisquare", lambda d: R.chisquare(K, A.astype(d), N, d)),
    **floats("f", lambda d: R.f(K, jnp.broadcast_to(A.astype(d), N), jnp.full(N, 4.0, d), N, d)),
    **floats("t", lambda d: R.t(K, A.astype(d), N, d)),
    **floats("generalizedNormal", lambda d: R.generalized_normal(K, 3.0, N, d)),
    **floats("ball", lambda d: R.ball(K, 3, 2, (2,), d)),
    "poisson": lambda: R.poisson(K, jnp.array([0.0, 0.5, 4.0, 9.0, 12.0, 1000.0], F), (2, 6), "int32"),
    **floats("binomial", lambda d: R.binomial(K, jnp.asarray(20.0, d), jnp.array([0.0, 0.2, 0.5, 0.9], d), N, d)),
    **floats("multinomial", lambda d: R.multinomial(K, jnp.asarray(20.0, d), P.astype(d), dtype=d)),
    "permutation": lambda: R.permutation(K, 7).astype("int32"),
    "permutation of many": lambda: R.permutation(K, 3000)[:20].astype("int32"),
    "permutation of rows": lambda: R.permutation(K, X),
    "permutation of columns": lambda: R.permutation(K, X, axis=1),
    "permutation independent": lambda: R.permutation(K, X, axis=1, independent=True),
    "choice": lambda: R.choice(K, V, (2, 3)),
    "choice of rows": lambda: R.choice(K, X, (2,), axis=1),
    "choice without replacement": lambda: R.choice(K, V, (3,), replace=False),
    "choice by p": lambda: R.choice(K, 4, (2, 4), p=P).astype("int32"),
    "choice by p without replacement": lambda: R.choice(K, 4, (3,), replace=False, p=P).astype("int32"),
    **floats("multivariateNormal", lambda d: R.multivariate_normal(K, MEAN.astype(d), COV.astype(d), (2,), d)),
    **floats("orthogonal", lambda d: R.orthogonal(K, 3, (), d)),
    "orthogonal wide": lambda: R.orthogonal(K, 2, (2,), F, 3),
    "initializers uniform": lambda: I.uniform(0.1)(K, (3, 2), F),
    "initializers normal": lambda: I.normal(0.1)(K, (3, 2), F),
    "initializers truncatedNormal": lambda: I.truncated_normal(0.1)(K, (3, 2), F),
    "initializers glorotUniform": lambda: I.glorot_uniform()(K, (3, 2), F),
    "initializers glorotNormal": lambda: I.glorot_normal()(K, (3, 2), F),
    "initializers lecunUniform": lambda: I.lecun_uniform()(K, (3, 2), F),
    "initializers lecunNormal": lambda: I.lecun_normal()(K, (3, 2), F),
    "initializers heUniform": lambda: I.he_uniform()(K, (3, 2), F),
    "initializers heNormal": lambda: I.he_normal()(K, (3, 2), F),
    "initializers varianceScaling": lambda: I.variance_scaling(2.0, "fan_geo_avg", "normal", (0, 1), 2, dtype=F)(K, (2, 2, 3)),
    "initializers orthogonal": lambda: I.orthogonal(2.0)(K, (2, 2, 3), F),
    "initializers deltaOrthogonal": lambda: I.delta_orthogonal()(K, (2, 2, 3), F),
}


def plain(x):
    """Numbers as the shortest text that reads back as the same number."""
    if isinstance(x, list):
        return plain(np.stack([np.asarray(y) for y in x]))
    x = np.asarray(x)
    if x.dtype == np.float32:
        data = [float(str(v)) for v in x.ravel()]
    else:
        data = [int(v) if x.dtype == bool else v for v in x.ravel().tolist()]
    return {"dtype": str(x.dtype), "shape": list(x.shape), "data": data}


rows = ",\n".join(
    f"{json.dumps(name)}:{json.dumps(plain(draw()), separators=(',', ':'), allow_nan=False)}"
    for name, draw in cases.items()
)
target = pathlib.Path(__file__).with_suffix(".json")
target.write_text(f'{{"jax":"{jax.__version__}","cases":{{\n{rows}\n}}}}\n')
