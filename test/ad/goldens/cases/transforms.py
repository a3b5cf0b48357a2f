"""The transforms of jax and jax.lax: programs that hold them, run at both float dtypes."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from families import case, normal

X = np.array([0.5, -1.2, 0.8])
Y = np.array([1.5, 0.3, -0.7])
W = normal("weights", 3, 4)
M = normal("matrix", 2, 3)
ROWS = normal("rows", 4, 3)


def f(x, y):
    return jnp.sum(jnp.sin(x) * y + x * x * y)


def vector(x):
    return jnp.stack([x[0] * x[1], jnp.sin(x[2]), x[0] * x[2] ** 2, jnp.sum(jnp.exp(x))])


def program(name, fun, *args):
    case(f"transforms.{name}", fun, args)


program("grad.first", jax.grad(f), X, Y)
program("grad.second", jax.grad(f, argnums=1), X, Y)
program("grad.both", jax.grad(f, argnums=(0, 1)), X, Y)
program("grad.swapped", jax.grad(f, argnums=(1, 0)), X, Y)
program("grad.negative", jax.grad(f, argnums=-1), X, Y)
program("grad.aux", jax.grad(lambda x: (jnp.sum(x**3), {"double": x * 2}), has_aux=True), X)
program("grad.tree", lambda x, y: jax.grad(lambda p: f(p["b"], p["a"][0]))({"a": [y], "b": x}), X, Y)
program("grad.integers", jax.grad(lambda p: jnp.sum(p * jnp.arange(3))), X)
program("grad.nested", lambda x: jax.grad(lambda v: jnp.sum(jax.grad(lambda u: jnp.sum(jnp.sin(u) * u))(v) ** 2))(x), X)
program("grad.third", lambda x: jax.vmap(jax.grad(jax.grad(jax.grad(lambda v: jnp.tanh(v) * v))))(x), X)
program("grad.perturbationConfusion", lambda x: jax.grad(lambda a: a * jax.grad(lambda b: a + b)(1.0))(x[0]), X)
program("valueAndGrad.plain", jax.value_and_grad(f), X, Y)
program("valueAndGrad.aux", jax.value_and_grad(lambda x: (jnp.sum(jnp.cos(x)), x + 1), has_aux=True), X)
program("valueAndGrad.both", jax.value_and_grad(f, argnums=(0, 1)), X, Y)
program("vjp.vector", lambda x, c: (lambda out, pull: (out, pull(c)))(*jax.vjp(vector, x)), X, [1.0, -1.0, 0.5, 2.0])
program("vjp.tree", lambda x, y: jax.vjp(lambda a, b: {"s": jnp.sum(a * b), "p": a + b}, x, y)[1]({"s": jnp.sum(x), "p": y}), X, Y)
program("vjp.twice", lambda x, c: [jax.vjp(vector, x)[1](v) for v in (c, 2 * c)], X, [1.0, -1.0, 0.5, 2.0])
program("jvp.vector", lambda x, t: jax.jvp(vector, (x,), (t,)), X, Y)
program("jvp.two", lambda x, y: jax.jvp(f, (x, y), (y, x)), X, Y)
program("jvp.nested", lambda x, t: jax.jvp(lambda v: jax.jvp(vector, (v,), (t,))[1], (x,), (t,)), X, Y)
program("jvp.ofGrad", lambda x, t: jax.jvp(jax.grad(lambda v: jnp.sum(jnp.exp(v) * v)), (x,), (t,)), X, Y)
program("jvp.ofVjp", lambda x, t, c: jax.jvp(lambda v: jax.vjp(vector, v)[1](c)[0], (x,), (t,)), X, Y, [1.0, -1.0, 0.5, 2.0])
program("linearize.vector", lambda x, t: (lambda out, push: (out, push(t), push(2 * t)))(*jax.linearize(vector, x)), X, Y)
program("linearize.two", lambda x, y: (lambda out, push: (out, push(y, x)))(*jax.linearize(f, x, y)), X, Y)
program("jacfwd.vector", jax.jacfwd(vector), X)
program("jacrev.vector", jax.jacrev(vector), X)
program("jacfwd.argnums", jax.jacfwd(lambda x, y: jnp.outer(x, jnp.sin(y)), argnums=(0, 1)), X, Y)
program("jacrev.argnums", jax.jacrev(lambda x, y: jnp.outer(x, jnp.sin(y)), argnums=(0, 1)), X, Y)
program("jacrev.tree", lambda x, y: jax.jacrev(lambda p: {"u": p["x"] * p["y"], "v": jnp.sum(p["x"])})({"x": x, "y": y}), X, Y)
program("jacfwd.tree", lambda x, y: jax.jacfwd(lambda p: {"u": p["x"] * p["y"], "v": jnp.sum(p["x"])})({"x": x, "y": y}), X, Y)
program("jacfwd.matrix", jax.jacfwd(lambda m: m @ m.T), M)
program("hessian.scalar", jax.hessian(lambda x: jnp.prod(x) + jnp.sum(jnp.sin(x))), X)
program("hessian.vector", jax.hessian(vector), X)
program("hessian.argnums", jax.hessian(f, argnums=(0, 1)), X, Y)
program("hessian.jacfwdOfJacfwd", jax.jacfwd(jax.jacfwd(vector)), X)
program("hessian.jacrevOfJacrev", jax.jacrev(jax.jacrev(vector)), X)
program("hessian.jacrevOfJacfwd", jax.jacrev(jax.jacfwd(vector)), X)

program("vmap.rows", jax.vmap(vector), ROWS)
program("vmap.columns", jax.vmap(lambda x: jnp.cumsum(x), in_axes=1, out_axes=1), ROWS)
program("vmap.fixed", jax.vmap(f, in_axes=(0, None)), ROWS, Y)
program("vmap.lastAxis", jax.vmap(f, in_axes=(-1, 0)), ROWS.T, ROWS)
program("vmap.trees", lambda x, y: jax.vmap(lambda p, q: {"a": p["u"] * q, "b": jnp.sum(p["v"])}, in_axes=({"u": 0, "v": None}, 0), out_axes={"a": 1, "b": 0})({"u": x, "v": y}, x), ROWS, Y)
program("vmap.unbatchedResult", lambda x, y: jax.vmap(lambda a, b: (a, jnp.sin(b)), in_axes=(0, None), out_axes=(0, None))(x, y), ROWS, Y)
program("vmap.nested", lambda x, y: jax.vmap(lambda a: jax.vmap(lambda b: f(a, b))(y))(x), ROWS, ROWS[:2])
program("vmap.ofGrad", jax.vmap(jax.grad(f), in_axes=(0, None)), ROWS, Y)
program("vmap.ofHessian", jax.vmap(jax.hessian(vector)), ROWS[:2])
program("vmap.ofJvp", jax.vmap(lambda x, t: jax.jvp(vector, (x,), (t,))), ROWS, ROWS[::-1])
program("vmap.underGrad", jax.grad(lambda x: jnp.sum(jax.vmap(vector)(x) ** 2)), ROWS)
program("jit.inlined", jax.grad(jax.jit(f)), X, Y)
program("jit.nested", jax.jit(lambda x: jax.jit(vector)(jax.jit(jnp.sin)(x))), X)

program("stopGradient.factor", jax.grad(lambda x: jnp.sum(x * lax.stop_gradient(x * x))), X)
program("stopGradient.all", jax.grad(lambda x: jnp.sum(lax.stop_gradient(jnp.sin(x)))), X)
program("stopGradient.jvp", lambda x, t: jax.jvp(lambda v: v * lax.stop_gradient(v), (x,), (t,)), X, Y)
program("checkpoint.grad", jax.grad(lambda x: jnp.sum(jax.checkpoint(lambda v: jnp.sin(jnp.sin(v)))(x) * x)), X)
program("checkpoint.hessian", jax.hessian(lambda x: jnp.sum(jax.checkpoint(lambda v: jnp.exp(jnp.sin(v)))(x))), X)
program("checkpoint.vmap", jax.vmap(jax.grad(lambda x: jax.checkpoint(f)(x, jnp.cos(x)))), ROWS)


@jax.custom_jvp
def log1pexp(x):
    return jnp.log(1 + jnp.exp(x))


@log1pexp.defjvp
def _(primals, tangents):
    (x,), (t,) = primals, tangents
    return log1pexp(x), t * (1 - 1 / (1 + jnp.exp(x)))


program("customJvp.grad", jax.grad(lambda x: jnp.sum(log1pexp(x) * x)), X)
program("customJvp.hessian", jax.hessian(lambda x: jnp.sum(log1pexp(x) * x)), X)
program("customJvp.vmap", jax.vmap(jax.vmap(jax.grad(log1pexp))), M)


@jax.custom_vjp
def clipped(x, low):
    return x * x


clipped.defvjp(
    lambda x, low: (x * x, (x, low)),
    lambda saved, ct: (jnp.maximum(2 * saved[0] * ct, saved[1]), jnp.zeros_like(saved[1])),
)
program("customVjp.grad", jax.grad(lambda x, low: jnp.sum(clipped(x, low) * x), argnums=(0, 1)), X, -0.5)
program("customVjp.vmap", jax.vmap(jax.grad(lambda x: jnp.sum(clipped(x, 0.25)))), M)
program("customVjp.secondReverse", jax.jacrev(jax.grad(lambda x: jnp.sum(clipped(x, jnp.asarray(-0.5, x.dtype)) * x))), X)
