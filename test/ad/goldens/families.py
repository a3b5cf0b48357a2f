"""What a golden case is, and the variants derived from one function: value, gradients, second derivatives, vmap.

test/ad/jax.cases/families.ts derives the same variants from the same function of ours.
"""

import re
import zlib

import jax
import jax.numpy as jnp
import numpy as np

FLOATS = {"f32": np.float32, "f64": np.float64}
NAMES = {
    "float32": "f32",
    "float64": "f64",
    "int32": "i32",
    "int64": "i32",  # JAX's default integer where float64 is on
    "uint32": "u32",
    "uint64": "u32",
    "bool": "bool",
}

cases = {}


def is_float(x):
    return jnp.issubdtype(jnp.result_type(x), jnp.floating)


def weights(shape, shift=0):
    """Fixed uneven weights between -1.5 and 2.5, the same on both sides."""
    i = np.arange(int(np.prod(shape))) + shift
    return (((7 * i) % 5) - 1.5).reshape(shape)


def total(f):
    """The scalar a gradient is taken of: every float result, weighted and added."""

    def run(*args):
        leaves = [y for y in jax.tree.leaves(f(*args)) if is_float(y)]
        return sum(
            jnp.sum(jnp.asarray(weights(jnp.shape(y)), y.dtype) * y) for y in leaves
        )

    return run


def float_positions(args):
    return tuple(i for i, x in enumerate(args) if is_float(x))


def value(f):
    return f


def each_grad(f):
    """First derivatives of a function of scalars, at every element."""
    return lambda *xs: jax.vmap(jax.grad(f, float_positions(xs)))(*xs)


def each_hessian(f):
    """Second derivatives of a function of scalars, at every element."""
    return lambda *xs: jax.vmap(jax.hessian(f, float_positions(xs)))(*xs)


def grad(f):
    return lambda *xs: jax.grad(total(f), float_positions(xs))(*xs)


def hvp(f):
    """The Hessian of `total(f)` times fixed tangents."""

    def run(*xs):
        at = float_positions(xs)

        def g(*floats):
            args = list(xs)
            for i, x in zip(at, floats):
                args[i] = x
            return jax.grad(total(f), at)(*args)

        primals = tuple(xs[i] for i in at)
        tangents = tuple(
            jnp.asarray(weights(x.shape, 1), x.dtype) for x in primals
        )
        return jax.jvp(g, primals, tangents)[1]

    return run


def vmapped(f):
    """Over a batch of two: the operands, and the float ones times 0.75."""

    def run(*xs):
        return jax.vmap(f)(
            *(jnp.stack([x, x * x.dtype.type(0.75) if is_float(x) else x]) for x in xs)
        )

    return run


VARIANTS = {
    "value": value,
    "eachGrad": each_grad,
    "eachHessian": each_hessian,
    "grad": grad,
    "hvp": hvp,
    "vmap": vmapped,
}


def leaf(x):
    x = np.asarray(x)
    kind = NAMES[str(x.dtype)]
    if kind in FLOATS:
        numbers = [
            float(v) if kind == "f64" else float(np.format_float_scientific(v, unique=True))
            for v in x.ravel()
        ]
        numbers = [
            str(v).replace("inf", "Infinity").replace("nan", "NaN")
            if not np.isfinite(v)
            else int(v)
            if v == int(v) and abs(v) < 2**53 and not (v == 0 and np.signbit(v))
            else v
            for v in numbers
        ]
    else:
        numbers = [int(v) for v in x.ravel()]
    return [f"{kind}[{','.join(map(str, x.shape))}]", numbers]


def cast(x, dtype):
    x = np.asarray(x)
    if x.dtype.kind == "f":
        return x.astype(FLOATS[dtype] if dtype in FLOATS else np.float32)
    if x.dtype == np.int64:
        return x.astype(np.int32)
    return x


def case(base, f, args, variants=("value",), dtypes=("f32", "f64")):
    """Adds `base.variant.dtype` for each variant and dtype; int64 operands become int32, float ones the dtype."""
    for dtype in dtypes:
        with jax.enable_x64(dtype == "f64"):
            operands = [jnp.asarray(cast(x, dtype)) for x in args]
            row = cases.setdefault(f"{base}.{dtype}", {"in": [leaf(x) for x in operands]})
            if row["in"] != [leaf(x) for x in operands]:
                raise ValueError(f"{base} has operands of its own at {variants}")
            for variant in variants:
                if variant in row:
                    raise ValueError(f"{base}.{variant}.{dtype} is there twice")
                try:
                    out = VARIANTS[variant](f)(*operands)
                except Exception as error:
                    raise RuntimeError(f"{base}.{variant}.{dtype}") from error
                row[variant] = [leaf(y) for y in jax.tree.leaves(out)]


def camel(name):
    return re.sub(r"_([a-z0-9])", lambda m: m.group(1).upper(), name.rstrip("_"))


def normal(name, *shape):
    """Numbers that depend on the name alone, of four digits so that the file stays small."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    return np.round(rng.standard_normal(shape), 4)


DOMAINS = {
    "any": [-2.3, -0.7, 0.4, 1.9],
    "small": [-1.2, -0.3, 0.6, 1.1],
    "positive": [0.2, 0.9, 1.7, 4.2],
    "unit": [-0.8, -0.25, 0.3, 0.7],
    "probability": [0.05, 0.3, 0.6, 0.95],
    "above1": [1.2, 1.9, 3.1, 6.5],
}
EDGES = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan]


def elementwise(face, module, names, domain="any", second=None, edges=True, smooth=2):
    """Functions of scalars applied to vectors: value, derivatives to order `smooth`, and edge values."""
    for name in names.split():
        f = getattr(module, name)
        first = np.array(DOMAINS[domain])
        args = [first] if second is None else [first, np.array(second)]
        base = f"{face}.{camel(name)}"
        case(base, f, args)
        if smooth > 0:
            case(base, f, args, ("eachGrad",))
        if smooth > 1:
            case(base, f, args, ("eachHessian",), ("f64",))
        if edges:
            e = np.array(EDGES)
            both = [e] if second is None else [np.repeat(e, len(e)), np.tile(e, len(e))]
            case(f"{base}.edges", f, both, dtypes=("f32",))


ARRAYS = ("value", "grad", "vmap")
SMOOTH = ("value", "grad", "hvp", "vmap")
