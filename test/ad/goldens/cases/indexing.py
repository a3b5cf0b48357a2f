"""jax.numpy and jax.lax: creating, joining, reshaping, indexing, updating, and products of arrays."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from families import ARRAYS, SMOOTH, camel, case, normal

A = normal("indexing", 2, 3)
B = normal("indexing b", 2, 3)
C = normal("indexing c", 2, 3, 4)
SQUARE = normal("square", 3, 3)
LINE = normal("line", 5)
ROWS = np.array([1, 0, -1, 1])


def numpy(label, name, call, *args, variants=ARRAYS, **options):
    f = getattr(jnp, name)
    case(f"numpy.{camel(name)}.{label}", lambda *xs: call(f, *xs), args, variants, **options)


def each(names, label, call, *args, **options):
    for name in names.split():
        numpy(label, name, call, *args, **options)


def made(name, label, call):
    numpy(label, name, lambda f: call(f), variants=("value",), dtypes=("f32",))


each("concatenate stack vstack hstack dstack column_stack", "pair", lambda f, x, y: f([x, y]), A, B)
each("concatenate stack", "axis", lambda f, x, y: f([x, y], axis=1), A, B)
each("hstack vstack dstack column_stack", "lines", lambda f, x, y: f([x, y]), LINE, LINE * 2)
numpy("rows", "split", lambda f, x: f(x, 2), C)
numpy("at", "split", lambda f, x: f(x, [1, 3], axis=2), C)
numpy("uneven", "array_split", lambda f, x: f(x, 3), LINE)
each("vsplit hsplit", "two", lambda f, x: f(x[:, :2], 2), A)
numpy("last", "dsplit", lambda f, x: f(x, 2), C)
numpy("plain", "unstack", lambda f, x: f(x, axis=1), C)
numpy("axes", "transpose", lambda f, x: f(x, (2, 0, 1)), C)
numpy("two", "swapaxes", lambda f, x: f(x, 0, -1), C)
numpy("several", "moveaxis", lambda f, x: f(x, (0, 1), (-1, 0)), C)
numpy("back", "rollaxis", lambda f, x: f(x, 2), C)
numpy("last", "matrix_transpose", lambda f, x: f(x), C)
numpy("all", "squeeze", lambda f, x: f(x[:1]), A)
numpy("line", "ravel", lambda f, x: f(x), C)
numpy("inferred", "reshape", lambda f, x: f(x, (3, -1)), C)
numpy("axes", "expand_dims", lambda f, x: f(x, (0, 2)), A)
numpy("larger", "resize", lambda f, x: f(x, (3, 4)), A)
numpy("target", "broadcast_to", lambda f, x: f(x, (4, 2, 3)), A)
numpy("pair", "broadcast_arrays", lambda f, x, y: f(x, y), A, LINE[:3])
each("atleast_1d atleast_2d atleast_3d", "line", lambda f, x: f(x), LINE)
each("flip fliplr flipud", "plain", lambda f, x: f(x), A)
numpy("axis", "flip", lambda f, x: f(x, axis=2), C)
numpy("flat", "roll", lambda f, x: f(x, 2), A)
numpy("axes", "roll", lambda f, x: f(x, (1, -2), axis=(0, 1)), A)
numpy("once", "rot90", lambda f, x: f(x), A)
numpy("thrice", "rot90", lambda f, x: f(x, k=3, axes=(1, 2)), C)
numpy("reps", "tile", lambda f, x: f(x, (2, 1, 2)), A)
numpy("scalar", "repeat", lambda f, x: f(x, 2, axis=1), A)
numpy("counts", "repeat", lambda f, x: f(x, np.array([2, 0, 1]), axis=1, total_repeat_length=3), A)
numpy("zeros", "pad", lambda f, x: f(x, ((1, 0), (2, 1))), A)
numpy("value", "pad", lambda f, x: f(x, 1, constant_values=2.5), A)
for mode in "edge reflect symmetric wrap".split():
    numpy(mode, "pad", lambda f, x: f(x, ((1, 1), (2, 0)), mode=mode), A)
each("tril triu", "diagonal", lambda f, x: f(x, 1), SQUARE)
numpy("vector", "diag", lambda f, x: f(x, 1), LINE[:3])
numpy("matrix", "diag", lambda f, x: f(x, -1), SQUARE)
numpy("vector", "diagflat", lambda f, x: f(x), LINE[:3])
numpy("axes", "diagonal", lambda f, x: f(x, offset=1, axis1=1, axis2=2), C)
numpy("offset", "trace", lambda f, x: f(x, offset=-1), SQUARE)
numpy("plain", "vander", lambda f, x: f(x, 3), LINE)
numpy("middle", "insert", lambda f, x: f(x, 1, 7.5, axis=1), A, variants=("value", "grad"))
numpy("one", "delete", lambda f, x: f(x, 1, axis=1), A, variants=("value", "grad"))
numpy("rows", "append", lambda f, x, y: f(x, y, axis=0), A, B)
numpy("matrix", "meshgrid", lambda f, x, y: f(x, y), LINE, LINE[:3])
numpy("ij", "meshgrid", lambda f, x, y: f(x, y, indexing="ij"), LINE, LINE[:3])

made("arange", "steps", lambda f: f(2, 11, 3))
made("arange", "down", lambda f: f(5, 0, -2))
made("arange", "fractions", lambda f: f(0.5, 2.0, 0.25))
made("linspace", "closed", lambda f: f(-1.0, 2.0, 7))
made("linspace", "open", lambda f: f(0.0, 1.0, 4, endpoint=False))
made("logspace", "ten", lambda f: f(0.0, 2.0, 5))
made("geomspace", "doubling", lambda f: f(1.0, 16.0, 5))
made("eye", "shifted", lambda f: f(3, 4, k=1))
made("identity", "three", lambda f: f(3))
made("tri", "low", lambda f: f(3, 4, -1))
made("full", "ints", lambda f: f((2, 2), 7, dtype="int32"))
made("indices", "grid", lambda f: f((2, 3)))
made("tril_indices", "three", lambda f: f(3))
made("triu_indices", "offset", lambda f: f(3, k=1))
made("diag_indices", "three", lambda f: f(3))
for window in "bartlett blackman hamming hanning".split():
    made(window, "seven", lambda f: f(7))
made("kaiser", "seven", lambda f: f(7, 4.0))

numpy("rows", "take", lambda f, x, i: f(x, i, axis=0), A, ROWS)
numpy("columns", "take", lambda f, x, i: f(x, i, axis=1), A, np.array([[2, 0], [1, 1]]))
numpy("wrapped", "take", lambda f, x, i: f(x, i, axis=1, mode="wrap"), A, np.array([4, -5, 2]))
numpy("clipped", "take", lambda f, x, i: f(x, i, axis=1, mode="clip"), A, np.array([4, 1, 2]))
numpy("rows", "take_along_axis", lambda f, x, i: f(x, i, axis=1), A, np.array([[2, 0], [1, 1]]), variants=("value", "grad", "hvp", "vmap"))
numpy("raveled", "ravel_multi_index", lambda f, i, j: f((i, j), (3, 4)), np.array([0, 2, 1]), np.array([3, 1, 2]), variants=("value",), dtypes=("f32",))
numpy("pairs", "unravel_index", lambda f, i: f(i, (3, 4)), np.array([3, 9, 6]), variants=("value",), dtypes=("f32",))
numpy("rows", "compress", lambda f, x: f(np.array([True, False, True]), x, axis=1), A, variants=("value",))

numpy("vectors", "dot", lambda f, x, y: f(x, y), LINE, LINE[::-1].copy(), variants=SMOOTH)
numpy("tensors", "dot", lambda f, x, y: f(x, y), C, SQUARE[:1].repeat(4, 0), variants=("value", "grad"))
numpy("matrices", "matmul", lambda f, x, y: f(x, y), A, SQUARE, variants=SMOOTH)
numpy("broadcast", "matmul", lambda f, x, y: f(x, y), C, normal("four by two", 4, 2))
numpy("vector", "matmul", lambda f, x, y: f(x, y), C, normal("four", 4))
numpy("ints", "matmul", lambda f, x, y: f(x, y), np.array([[1, 2], [3, 4]]), np.array([[5, 6], [7, 8]]), variants=("value",), dtypes=("f32",))
each("inner vdot vecdot", "pair", lambda f, x, y: f(x, y), A, B)
numpy("pair", "outer", lambda f, x, y: f(x, y), LINE, LINE[:3], variants=SMOOTH)
numpy("pair", "kron", lambda f, x, y: f(x, y), A, SQUARE[:2, :2])
numpy("pair", "cross", lambda f, x, y: f(x, y), A, B)
numpy("one", "tensordot", lambda f, x, y: f(x, y, axes=1), A, SQUARE)
numpy("pairs", "tensordot", lambda f, x, y: f(x, y, axes=((1, 0), (0, 1))), C, SQUARE[:, :2])
numpy("stack", "matvec", lambda f, x, y: f(x, y), C, normal("four", 4))
numpy("stack", "vecmat", lambda f, x, y: f(x, y), normal("three", 3), C)
for label, spec, args in [
    ("transpose", "ij->ji", [A]),
    ("trace", "ii", [SQUARE]),
    ("diagonal", "ii->i", [SQUARE]),
    ("matmul", "ij,jk->ik", [A, SQUARE]),
    ("implicit", "ij,jk", [A, SQUARE]),
    ("batch", "bij,bjk->bik", [C, C.swapaxes(1, 2)]),
    ("outer", "i,j->ij", [LINE, LINE[:3]]),
    ("sum", "ijk->j", [C]),
    ("ellipsis", "...j,jk->...k", [normal("ellipsis", 2, 2, 3), SQUARE]),
    ("three", "ij,jk,kl->il", [A, SQUARE, SQUARE]),
    ("quadratic", "i,ij,j->", [LINE[:3], SQUARE, LINE[2:]]),
    ("hadamard", "ij,ij->i", [A, B]),
]:
    numpy(label, "einsum", lambda f, *xs: f(spec, *xs), *args, variants=SMOOTH)
for mode in "full same valid".split():
    each("convolve correlate", mode, lambda f, x, y: f(x, y, mode=mode), LINE, np.array([0.5, -1.0, 2.0]))
each("polyadd polysub polymul", "pair", lambda f, x, y: f(x, y), LINE, LINE[:3], variants=("value", "grad"))
each("polyder polyint", "line", lambda f, x: f(x), LINE, variants=("value", "grad"))

I = np.array([1, 3, 1])
VALUES = np.array([0.5, -2.0, 1.5])


def at(label, f, *args, variants=ARRAYS, **options):
    case(f"at.{label}", f, args, variants, **options)


at("index", lambda x: x[1], A)
at("negative", lambda x: x[:, -1], A)
at("slice", lambda x: x[1:4:2], LINE)
at("reverse", lambda x: x[::-1], LINE)
at("newaxis", lambda x: x[:, None, 1:], A)
at("ellipsis", lambda x: x[..., 2], C)
at("ints", lambda x, i: x[i], LINE, I)
at("columns", lambda x, i: x[:, i], C[0], np.array([0, 2, -1]))
at("pairs", lambda x, i, j: x[i, j], SQUARE, np.array([0, 2, 1]), np.array([1, 1, 2]))
at("beyond", lambda x, i: x.at[i].get(mode="clip"), LINE, np.array([4, 9]), variants=("value", "grad"))
at("mask", lambda x: x[np.array([True, False, True, True, False])], LINE, variants=("value", "grad"))
for name in "set add multiply min max".split():
    at(name, lambda x, v: getattr(x.at[1:4], name)(v), LINE, VALUES, variants=("value", "vmap") if name in ("multiply", "min", "max") else ARRAYS)
at("setIndex", lambda x: x.at[0, -1].set(9.0), A)
at("setInts", lambda x, i, v: x.at[i].set(v), LINE, np.array([4, 0, 2]), VALUES)
at("addInts", lambda x, i, v: x.at[i].add(v), LINE, I, VALUES, variants=SMOOTH)
at("multiplyInts", lambda x, i, v: x.at[i].multiply(v), LINE, I, VALUES, variants=("value",))
at("maxInts", lambda x, i, v: x.at[i].max(v), LINE, I, VALUES, variants=("value",))
at("setColumns", lambda x, i, v: x.at[:, i].set(v), A, np.array([2, 0]), np.array([7.0, 8.0]))
at("addBeyond", lambda x, i, v: x.at[i].add(v, mode="drop"), LINE, np.array([1, 9, -1]), VALUES)
at("getFilled", lambda x, i: x.at[i].get(mode="fill", fill_value=-1.0), LINE, np.array([1, 9, -1]))
at("apply", lambda x: x.at[1:3].apply(jnp.sin), LINE, variants=("value",))


def low(label, name, f, *args, variants=ARRAYS, **options):
    case(f"lax.{camel(name)}.{label}", lambda *xs: f(getattr(lax, name), *xs), args, variants, **options)


START = np.array(1)
low("inside", "dynamic_slice", lambda f, x, i: f(x, (i, i * 0), (1, 2)), A, START)
low("clamped", "dynamic_slice", lambda f, x, i: f(x, (i,), (3,)), LINE, np.array(4))
low("inside", "dynamic_update_slice", lambda f, x, u, i: f(x, u, (i,)), LINE, VALUES, START, variants=SMOOTH)
low("clamped", "dynamic_update_slice", lambda f, x, u, i: f(x, u, (i,)), LINE, VALUES, np.array(9))
low("axis", "dynamic_slice_in_dim", lambda f, x, i: f(x, i, 2, axis=1), A, START)
low("axis", "dynamic_index_in_dim", lambda f, x, i: f(x, i, axis=1, keepdims=False), A, START)
low("axis", "dynamic_update_index_in_dim", lambda f, x, u, i: f(x, u, i, 0), A, LINE[:3], START)
low("strided", "slice", lambda f, x: f(x, (0, 1), (2, 3), (1, 2)), A)
low("axis", "slice_in_dim", lambda f, x: f(x, 0, 3, 2, axis=1), A)
low("interior", "pad", lambda f, x: f(x, x.dtype.type(0.5), ((1, 0, 1), (0, -1, 0))), A)
low("axes", "rev", lambda f, x: f(x, (0, 1)), A)
low("three", "top_k", lambda f, x: f(x, 3), LINE, variants=("value", "grad", "vmap"))
low("axis", "sort", lambda f, x: f(x, dimension=0), SQUARE)
low("keys", "sort_key_val", lambda f, x, y: f(x, y), LINE, LINE[::-1].copy())
for name in "cummax cummin cumlogsumexp".split():
    low("reverse", name, lambda f, x: f(x, axis=1, reverse=True), A, variants=SMOOTH if name == "cumlogsumexp" else ARRAYS)
low("bounds", "clamp", lambda f, x: f(x.dtype.type(-0.5), x, x.dtype.type(0.75)), A)
low("cases", "select_n", lambda f, x, y: f(x > 0, x, y), A, B)
low("axes", "broadcast_in_dim", lambda f, x: f(x, (2, 3, 2), (0, 1)), A)
low("axis", "broadcasted_iota", lambda f: f(jnp.int32, (2, 3), 1), variants=("value",), dtypes=("f32",))
low("batch", "dot_general", lambda f, x, y: f(x, y, (((2,), (1,)), ((0,), (0,)))), C, C.swapaxes(1, 2).copy(), variants=SMOOTH)
low("pairs", "conv", lambda f, x, k: f(x, k, (1, 1), "SAME"), normal("image", 1, 2, 4, 4), normal("kernel", 3, 2, 3, 3), variants=("value", "grad"))
low("words", "population_count", lambda f, x: f(x), np.array([0, 7, 2**31], dtype=np.uint32), variants=("value",), dtypes=("u32",))
low("power", "integer_pow", lambda f, x: f(x, 3), LINE, variants=SMOOTH)
