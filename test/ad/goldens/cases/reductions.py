"""jax.numpy: reductions, statistics, scans over an axis, sorting and searching."""

import jax.numpy as jnp
import numpy as np

from families import ARRAYS, SMOOTH, camel, case, normal

A = normal("reductions", 2, 3)
B = normal("reductions of positive numbers", 2, 3, 2)
LINE = np.array([0.5, -1.25, 3.0, 2.0, -0.5])
TIES = np.array([[3.0, 1.0, 3.0], [2.0, 2.0, 0.5]])
HOLES = np.array([[1.5, np.nan, -2.0], [np.nan, 0.25, 4.0]])
INTS = np.array([[3, -1, 4], [1, -5, 9]])
FLAGS = np.array([[True, False, True], [True, True, True]])
ORDERED = np.array([-1.0, 0.0, 0.5, 0.5, 2.0])


def numpy(label, name, call, args, *rest, **options):
    f = getattr(jnp, name)
    case(f"numpy.{camel(name)}.{label}", lambda *xs: call(f, *xs), args, *rest, **options)


def each(names, label, call, args, *rest, **options):
    for name in names.split():
        numpy(label, name, call, args, *rest, **options)


each("sum prod mean var std max min ptp", "all", lambda f, x: f(x), [A], SMOOTH)
each("sum prod mean var std max min ptp", "axis", lambda f, x: f(x, axis=1), [A], ARRAYS)
each("sum mean max std", "axes", lambda f, x: f(x, axis=(0, -1), keepdims=True), [B], ARRAYS)
each("sum prod max min mean", "ints", lambda f, x: f(x, axis=0), [INTS], dtypes=("f32",))
each("sum mean max any all", "flags", lambda f, x: f(x, axis=0), [FLAGS], dtypes=("f32",))
each("max min", "ties", lambda f, x: f(x, axis=1), [TIES], ("grad",))
each("var std", "ddof", lambda f, x: f(x, axis=1, ddof=1), [A], ARRAYS)
each("any all", "floats", lambda f, x: f(x, axis=1), [np.array([[0.0, 1.0], [0.0, 0.0]])])
each("argmax argmin", "axis", lambda f, x: f(x, axis=1), [TIES])
each("argmax argmin", "flat", lambda f, x: f(x), [A])
each("argmax max", "nan", lambda f, x: f(x, axis=0), [HOLES], dtypes=("f32",))
each("nansum nanprod nanmean nanvar nanstd nanmax nanmin", "axis", lambda f, x: f(x, axis=1), [HOLES])
each("nansum nanmean", "gradient", lambda f, x: f(x, axis=0), [HOLES], ("grad",))
each("nanargmax nanargmin", "axis", lambda f, x: f(x, axis=1), [HOLES])
each("nancumsum nancumprod", "axis", lambda f, x: f(x, axis=1), [HOLES])
each("nanmedian", "axis", lambda f, x: f(x, axis=1), [HOLES])
each("count_nonzero", "axis", lambda f, x: f(x, axis=1), [np.array([[0.0, 1.0], [2.0, 3.0]])])
each("cumsum cumprod", "axis", lambda f, x: f(x, axis=1), [A], SMOOTH)
each("cumsum cumprod", "flat", lambda f, x: f(x), [A], ("value", "grad"))
each("cumsum", "ints", lambda f, x: f(x, axis=0), [INTS], dtypes=("f32",))
each("cumulative_sum", "initial", lambda f, x: f(x, axis=1, include_initial=True), [A])
each("diff", "second", lambda f, x: f(x, n=2, axis=1), [A], ARRAYS)
each("ediff1d", "line", lambda f, x: f(x), [LINE], ("value", "grad"))
numpy("weights", "average", lambda f, x, w: f(x, axis=1, weights=w), [A, [0.5, 1.0, 2.5]], ("value", "grad"))
numpy("rows", "cov", lambda f, x: f(x), [A], SMOOTH)
numpy("rows", "corrcoef", lambda f, x: f(x), [normal("corrcoef", 3, 5)], ("value", "grad"))
numpy("where", "sum", lambda f, x: f(x, axis=0, where=x > 0), [A], ("value", "grad"))
numpy("where", "mean", lambda f, x: f(x, where=x > 0), [A], ("value", "grad"))
numpy("initial", "max", lambda f, x: f(x, axis=0, initial=0.25), [A])

numpy("line", "sort", lambda f, x: f(x), [LINE], ("value", "grad"))
numpy("axis", "sort", lambda f, x: f(x, axis=0), [A], SMOOTH)
numpy("descending", "sort", lambda f, x: f(x, descending=True), [LINE], ("value", "grad"))
numpy("nan", "sort", lambda f, x: f(x, axis=1), [HOLES], dtypes=("f32",))
numpy("stable", "argsort", lambda f, x: f(x, axis=1), [TIES], ("value", "vmap"))
numpy("ints", "sort", lambda f, x: f(x, axis=1), [INTS], dtypes=("f32",))
numpy("descending", "argsort", lambda f, x: f(x, axis=1, descending=True), [TIES])
numpy("keys", "lexsort", lambda f, a, b: f((a, b)), [LINE, [1.0, 0.0, 1.0, 0.0, 0.0]])
numpy("axis", "median", lambda f, x: f(x, axis=1), [A], ("value", "grad"))
numpy("even", "median", lambda f, x: f(x, axis=0), [A], ("value", "grad"))
for method in "linear lower higher midpoint nearest".split():
    numpy(method, "quantile", lambda f, x: f(x, jnp.array([0.1, 0.6], x.dtype), axis=1, method=method), [A], ("value",))
numpy("gradient", "quantile", lambda f, x: f(x, 0.3, axis=1), [A], ("grad", "vmap"))
numpy("half", "percentile", lambda f, x: f(x, 35, axis=0), [A], ("value",))
numpy("left", "searchsorted", lambda f, a, v: f(a, v), [ORDERED, [-2.0, 0.0, 0.5, 1.0, 3.0]], ("value", "vmap"))
numpy("right", "searchsorted", lambda f, a, v: f(a, v, side="right"), [ORDERED, [-2.0, 0.0, 0.5, 1.0, 3.0]])
numpy("bins", "digitize", lambda f, x, b: f(x, b), [LINE, ORDERED])
numpy("length", "bincount", lambda f, x: f(x, length=6), [np.array([1, 4, 1, 0, 5])], dtypes=("f32",))
numpy("weights", "bincount", lambda f, x, w: f(x, weights=w, length=6), [np.array([1, 4, 1, 0, 5]), LINE], ("value", "grad"))
numpy("bins", "histogram", lambda f, x: f(x, bins=4, range=(-2, 4)), [LINE])
numpy("sized", "unique", lambda f, x: f(x, size=4, fill_value=0), [np.array([3, 1, 3, 2])], dtypes=("f32",))
numpy("plain", "unique", lambda f, x: f(x), [TIES])
numpy("sized", "nonzero", lambda f, x: f(x, size=4, fill_value=-1), [INTS > 0], dtypes=("f32",))
numpy("plain", "flatnonzero", lambda f, x: f(x), [INTS > 0], dtypes=("f32",))
numpy("plain", "argwhere", lambda f, x: f(x), [INTS > 0], dtypes=("f32",))
numpy("plain", "union1d", lambda f, x, y: f(x, y), [LINE, ORDERED])
numpy("plain", "intersect1d", lambda f, x, y: f(x, y), [LINE, ORDERED])
numpy("plain", "setdiff1d", lambda f, x, y: f(x, y), [LINE, ORDERED])
numpy("plain", "isin", lambda f, x, y: f(x, y), [LINE, ORDERED])
numpy("kth", "partition", lambda f, x: jnp.sort(f(x, 2)[:2]), [LINE])
