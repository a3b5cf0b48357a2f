"""Loops and branches of jax.lax, a plain RNN and an mLSTM cell among them, with their derivatives."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from families import ARRAYS, SMOOTH, case, normal

XS = normal("xs", 4, 3)
H = normal("h", 3)
W = normal("recurrent", 3, 3)
LINE = np.array([0.9, -0.4, 1.3, 0.2])


def loop(name, fun, *args, variants=("value", "grad", "hvp")):
    case(f"lax.{name}", fun, args, variants)


def decay(c, x):
    return 0.5 * c + x, c * x


loop("scan.forward", lambda h, xs: lax.scan(decay, h, xs), H, XS, variants=SMOOTH)
loop("scan.reverse", lambda h, xs: lax.scan(decay, h, xs, reverse=True), H, XS, variants=SMOOTH)
loop("scan.length", lambda h: lax.scan(lambda c, _: (jnp.sin(c) + c, c), h, None, length=5), H, variants=SMOOTH)
loop("scan.tree", lambda h, xs: lax.scan(lambda c, x: ({"n": c["n"] + 1, "v": c["v"] * x["a"]}, {"o": c["v"] - x["b"]}), {"n": jnp.int32(0), "v": h}, {"a": xs, "b": xs[::-1]}), H, XS)
loop("scan.closure", lambda h, xs, w: lax.scan(lambda c, x: (jnp.tanh(w @ c + x), jnp.sum(c)), h, xs), H, XS, W)
loop("scan.nested", lambda h, xs: lax.scan(lambda c, x: (lax.scan(lambda d, _: (jnp.sin(d) * x, d), c, None, length=2)[0], jnp.sum(c)), h, xs), H, XS)
loop("scan.reverseOfForward", lambda h, xs: lax.scan(decay, h, lax.scan(decay, h, xs)[1], reverse=True), H, XS)
loop("scan.zeroSteps", lambda h: lax.scan(lambda c, _: (c * 2, c), h, None, length=0), H, variants=("value", "grad"))
loop("scan.jacfwd", jax.jacfwd(lambda h, xs: lax.scan(decay, h, xs)), H, XS, variants=("value",))
loop("scan.jacrev", jax.jacrev(lambda h, xs: lax.scan(decay, h, xs)), H, XS, variants=("value",))
loop("scan.hessian", lambda h: jax.hessian(lambda v: jnp.sum(lax.scan(lambda c, _: (jnp.sin(c) * c, None), v, None, length=3)[0]))(h), H, variants=("value",))
loop("scan.checkpointed", lambda h, xs: lax.scan(jax.checkpoint(lambda c, x: (jnp.tanh(c * x) + c, None)), h, xs)[0], H, XS)


def rnn(w, u, b, h, xs):
    def cell(c, x):
        c = jnp.tanh(w @ c + u @ x + b)
        return c, c

    return lax.scan(cell, h, xs)[1]


loop("scan.rnn", rnn, W, normal("u", 3, 3), normal("b", 3), H, XS, variants=SMOOTH)


def mlstm(wx, wh, wmx, wmh, b, xs):
    """The cell of UniRep (Krause et al. 2016) at four units."""

    def cell(state, x):
        h, c = state
        m = (x @ wmx) * (h @ wmh)
        i, f, o, u = jnp.split(x @ wx + m @ wh + b, 4)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(u)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    zero = jnp.zeros(4, wx.dtype)
    (h, c), hs = lax.scan(cell, (zero, zero), xs)
    return h, c, jnp.mean(hs, axis=0)


loop("scan.mlstm", mlstm, normal("wx", 3, 16), normal("wh", 4, 16), normal("wmx", 3, 4), normal("wmh", 4, 4), normal("bias", 16), normal("residues", 5, 3), variants=SMOOTH)

loop("foriLoop.power", lambda x: lax.fori_loop(0, 5, lambda i, c: c * x + i, jnp.ones_like(x)), LINE, variants=SMOOTH)
loop("foriLoop.index", lambda x: lax.fori_loop(1, 4, lambda i, c: c + x[i] * i, jnp.zeros((), x.dtype)), LINE)
loop("foriLoop.none", lambda x: lax.fori_loop(3, 1, lambda i, c: c * 2, x), LINE, variants=("value",))
loop("foriLoop.traced", lambda x, n: lax.fori_loop(0, n, lambda i, c: c * 0.5 + i, x), LINE, np.array(4), variants=("value", "vmap"))
loop("whileLoop.doubling", lambda x: lax.while_loop(lambda c: jnp.sum(c) < 40, lambda c: c * 2, x), LINE, variants=("value", "vmap"))
loop("whileLoop.state", lambda x: lax.while_loop(lambda s: s[0] < 6, lambda s: (s[0] + 2, jnp.sin(s[1]) + s[0]), (jnp.int32(0), x)), LINE, variants=("value", "vmap"))
loop("whileLoop.never", lambda x: lax.while_loop(lambda c: jnp.sum(c) < -100, lambda c: c * 2, x), LINE, variants=("value",))
loop("whileLoop.jvp", lambda x, t: jax.jvp(lambda v: lax.while_loop(lambda c: jnp.sum(c) < 40, lambda c: c * c + 1, v), (x,), (t,)), LINE, LINE[::-1].copy(), variants=("value",))
loop("whileLoop.newton", lambda x: jax.vmap(lambda a: lax.while_loop(lambda r: jnp.abs(r * r - a) > 1e-3, lambda r: 0.5 * (r + a / r), a))(jnp.abs(x) + 2), LINE, variants=("value",))
for flag in (True, False):
    loop(f"cond.{str(flag).lower()}", lambda x: lax.cond(jnp.sum(x) > (0 if flag else 9), jnp.sin, lambda v: v * v, x), LINE)
loop("cond.vmapped", lambda x: jax.vmap(lambda v: lax.cond(v > 0, jnp.sin, lambda u: u * u, v))(x), LINE)
loop("cond.tree", lambda x, y: lax.cond(x[0] > 0, lambda a, b: {"p": a, "q": b}, lambda a, b: {"p": b, "q": a * b}, x, y), LINE, LINE[::-1].copy())
loop("cond.inScan", lambda xs: lax.scan(lambda c, x: lax.cond(x > 0, lambda a: (a * x, a), lambda a: (a - x, x), c), jnp.ones((), xs.dtype), xs), LINE)
BRANCHES = [jnp.sin, lambda v: v * v, lambda v: jnp.exp(v) * v]
for index in (0, 2, 7):
    loop(f"switch.index{index}", lambda x, i: lax.switch(i, BRANCHES, x), LINE, np.array(index), variants=("value", "grad", "hvp"))
loop("switch.vmapped", lambda x, i: jax.vmap(lambda v, k: lax.switch(k, BRANCHES, v))(x, i), LINE, np.array([0, 1, 2, -3]))
loop("map.rows", lambda xs: lax.map(lambda x: jnp.outer(x, x), xs), XS, variants=SMOOTH)
loop("map.tree", lambda xs, ys: lax.map(lambda p: {"s": p["a"] + p["b"], "t": jnp.sum(p["a"])}, {"a": xs, "b": ys}), XS, XS[::-1].copy())
loop("associativeScan.sum", lambda x: lax.associative_scan(jnp.add, x), XS, variants=SMOOTH)
loop("associativeScan.product", lambda x: lax.associative_scan(jnp.multiply, x, reverse=True), LINE, variants=SMOOTH)
loop("associativeScan.axis", lambda x: lax.associative_scan(jnp.maximum, x, axis=1), XS, variants=ARRAYS)
loop("associativeScan.matrices", lambda m: lax.associative_scan(jnp.matmul, m), normal("five matrices", 5, 2, 2))
loop("associativeScan.affine", lambda a, b: lax.associative_scan(lambda l, r: (l[0] * r[0], r[0] * l[1] + r[1]), (a, b)), XS, XS[::-1].copy())
