"""jax.numpy.linalg and jax.scipy.linalg, where signs of vectors are free, by what does not depend on them."""

import jax
import jax.numpy as jnp
import jax.scipy.linalg as sla
import numpy as np

from families import ARRAYS, SMOOTH, camel, case, normal

la = jnp.linalg
A = normal("linear algebra", 3, 3) + 2 * np.eye(3)
TALL = normal("tall", 4, 3)
S = np.round(A @ A.T, 4)
T = np.tril(A) + np.eye(3)
B = normal("right-hand sides", 3, 2)
V = normal("right-hand side", 3)
LOOSE = ("value", "grad")


def linalg(label, name, f, *args, variants=SMOOTH):
    case(f"linalg.{camel(name)}.{label}", lambda *xs: f(getattr(la, name), *xs), args, variants)


def scipy(label, name, f, *args, variants=SMOOTH, **options):
    case(f"scipy.linalg.{camel(name)}.{label}", lambda *xs: f(getattr(sla, name), *xs), args, variants, **options)


def symmetric(x):
    return (x + jnp.swapaxes(x, -1, -2)) / 2


linalg("plain", "cholesky", lambda f, x: f(symmetric(x)), S)
linalg("upper", "cholesky", lambda f, x: f(symmetric(x), upper=True), S, variants=LOOSE)
linalg("matrix", "solve", lambda f, a, b: f(a, b), A, B)
linalg("vector", "solve", lambda f, a, b: f(a, b), A, V)
linalg("plain", "inv", lambda f, x: f(x), A)
linalg("plain", "det", lambda f, x: f(x), A)
linalg("plain", "slogdet", lambda f, x: f(x), A)
linalg("values", "eigh", lambda f, x: f(symmetric(x))[0], S)
linalg("projectors", "eigh", lambda f, x: (lambda w, v: (v[:, :1] @ v[:, :1].T, (v * jnp.exp(-w)) @ v.T))(*f(symmetric(x))), S)
linalg("plain", "eigvalsh", lambda f, x: f(symmetric(x)), S)
linalg("rebuilt", "svd", lambda f, x: (lambda u, s, vh: (s, (u * jnp.sqrt(s)) @ vh))(*f(x, full_matrices=False)), TALL)
linalg("values", "svd", lambda f, x: f(x, compute_uv=False), TALL)
linalg("plain", "svdvals", lambda f, x: f(x), TALL.T.copy())
linalg("projector", "qr", lambda f, x: (lambda q, r: (q @ q.T, jnp.abs(r)))(*f(x)), TALL)
linalg("upper", "qr", lambda f, x: jnp.abs(f(x, mode="r")), TALL, variants=("value",))
linalg("complete", "qr", lambda f, x: (lambda q, r: (q @ r, jnp.abs(r)))(*f(x, mode="complete")), TALL, variants=("value",))
linalg("plain", "pinv", lambda f, x: f(x), TALL, variants=LOOSE)
linalg("solution", "lstsq", lambda f, a, b: f(a, b)[0], TALL, normal("four by two", 4, 2), variants=LOOSE)
for n in (3, -2, 0):
    linalg(f"power{n}".replace("-", "Minus"), "matrix_power", lambda f, x: f(x, n), A, variants=("value", "grad", "vmap"))
linalg("plain", "matrix_rank", lambda f, x: f(x), np.outer(V, V) + np.diag([1.0, 0, 0]), variants=("value",))
linalg("plain", "cond", lambda f, x: f(x), A, variants=LOOSE)
linalg("chain", "multi_dot", lambda f, a, b, c: f([a, b, c]), A, TALL.T.copy(), TALL, variants=LOOSE)
for order in (None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf):
    label = {None: "default", np.inf: "infinity", -np.inf: "minusInfinity"}.get(order, f"order{order}".replace("-", "Minus"))
    linalg(f"{label}Matrix", "norm", lambda f, x: f(x, ord=order), A, variants=LOOSE)
for order in (None, 0, 1, 2, 3, np.inf, -np.inf):
    label = {None: "default", np.inf: "infinity", -np.inf: "minusInfinity"}.get(order, f"order{order}")
    linalg(f"{label}Rows", "norm", lambda f, x: f(x, ord=order, axis=1), A, variants=LOOSE)
linalg("three", "vector_norm", lambda f, x: f(x, ord=3, axis=0, keepdims=True), A)
linalg("plain", "matrix_norm", lambda f, x: f(x), A, variants=LOOSE)
linalg("plain", "outer", lambda f, x, y: f(x, y), V, V, variants=LOOSE)
linalg("plain", "cross", lambda f, x, y: f(x, y), V, B[:, 0], variants=LOOSE)
linalg("batch", "solve", lambda f, a, b: f(jnp.stack([a, a.T]), jnp.stack([b, 2 * b])), A, B)
linalg("batch", "inv", lambda f, a: f(jnp.stack([a, a.T])), A)

scipy("lower", "cholesky", lambda f, x: f(symmetric(x), lower=True), S, variants=ARRAYS)
scipy("solve", "cho_solve", lambda f, x, b: f(sla.cho_factor(symmetric(x), lower=True), b), S, B)
scipy("plain", "solve", lambda f, a, b: f(a, b), A, B, variants=ARRAYS)
scipy("positive", "solve", lambda f, a, b: f(symmetric(a), b, assume_a="pos"), S, B, variants=ARRAYS)
scipy("lower", "solve_triangular", lambda f, a, b: f(a, b, lower=True), T, B)
scipy("transposed", "solve_triangular", lambda f, a, b: f(a, b, lower=True, trans=1), T, B, variants=ARRAYS)
scipy("unit", "solve_triangular", lambda f, a, b: f(a, b, lower=True, unit_diagonal=True), T, V, variants=ARRAYS)
scipy("parts", "lu", lambda f, x: f(x), A, variants=ARRAYS)
scipy("solve", "lu_solve", lambda f, x, b: f(sla.lu_factor(x), b), A, B)
scipy("plain", "inv", lambda f, x: f(x), A, variants=LOOSE)
scipy("plain", "det", lambda f, x: f(x), A, variants=LOOSE)
scipy("plain", "expm", lambda f, x: f(x), A * 0.5, variants=ARRAYS)
scipy("large", "expm", lambda f, x: f(x), A * 3, variants=("value",), dtypes=("f64",))
scipy("pair", "block_diag", lambda f, x, y: f(x, y), A, B, variants=ARRAYS)
scipy("plain", "toeplitz", lambda f, x, y: f(x, y), V, V[::-1].copy(), variants=ARRAYS)
scipy("plain", "eigh", lambda f, x: f(symmetric(x), eigvals_only=True), S, variants=ARRAYS)
scipy("values", "svd", lambda f, x: f(x, compute_uv=False), TALL, variants=LOOSE)
