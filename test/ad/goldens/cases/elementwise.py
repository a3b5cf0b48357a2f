"""jax.numpy and jax.nn, element by element."""

import jax
import jax.numpy as jnp
import numpy as np

from families import DOMAINS, camel, case, elementwise


def numpy(names, *rest, **options):
    elementwise("numpy", jnp, names, *rest, **options)


numpy("sin cos sinh cosh tanh arctan arcsinh exp exp2 expm1 square sinc")
numpy("tan", "small")
numpy("log log2 log10 log1p sqrt cbrt reciprocal", "positive")
numpy("arcsin arccos arctanh", "unit")
numpy("arccosh", "above1")
numpy("abs absolute negative positive fabs deg2rad rad2deg degrees radians nan_to_num")
numpy("sign floor ceil trunc rint round", smooth=1)
numpy("isnan isinf isfinite isposinf isneginf signbit logical_not", smooth=0)
numpy("spacing", smooth=0, edges=False)

OTHER = [1.3, -0.6, 2.1, -1.7]
numpy("add subtract multiply divide true_divide maximum minimum fmax fmin", "any", OTHER)
numpy("arctan2 hypot logaddexp logaddexp2", "any", OTHER)
numpy("power float_power", "positive", OTHER)
numpy("fmod remainder mod", "any", OTHER, smooth=1)
numpy("copysign heaviside floor_divide nextafter", "any", OTHER, smooth=0)
PARTNER = [-2.3, 0.0, 0.4, 1.95]
numpy("equal not_equal less less_equal greater greater_equal isclose", "any", PARTNER, smooth=0)
numpy("logical_and logical_or logical_xor", "any", PARTNER, smooth=0)

X = np.array([-7, -1, 0, 3, 12, 2**31 - 1])
Y = np.array([2, -3, 5, 0, 7, 31])
BITS = np.array([0, 1, 6, 255, 2**31, 2**32 - 1], dtype=np.uint32)
SHIFTS = np.array([0, 1, 3, 8, 31, 2], dtype=np.uint32)


def ints(names, *args):
    for name in names.split():
        case(f"numpy.{camel(name)}.ints", getattr(jnp, name), args, dtypes=("i32",))


def words(names, *args):
    for name in names.split():
        case(f"numpy.{camel(name)}.words", getattr(jnp, name), args, dtypes=("u32",))


ints("add subtract multiply maximum minimum divide bitwise_and bitwise_or bitwise_xor gcd lcm", X, Y)
ints("less greater_equal equal logaddexp arctan2", X, Y)
ints("floor_divide remainder fmod", X, np.array([2, -3, 5, 4, -7, 31]))
ints("left_shift right_shift", X, np.array([2, 3, 5, 0, 7, 30]))
ints("bitwise_not invert abs sign sin exp sqrt square logical_not signbit", X)
words("add subtract multiply bitwise_and bitwise_or bitwise_xor maximum less", BITS, SHIFTS)
words("left_shift right_shift", BITS, SHIFTS)
words("bitwise_not", BITS)
case("numpy.bitwiseCount.words", lambda x: jnp.bitwise_count(x).astype(jnp.uint32), [BITS], dtypes=("u32",))
case("numpy.power.intPower", lambda x: jnp.power(x, 3), [[-2.0, -0.5, 0.0, 1.5]], ("value", "eachGrad", "eachHessian"))
case("numpy.power.negativeInt", lambda x: jnp.power(x, -2), [[-2.0, -0.5, 0.25, 1.5]], ("value", "eachGrad", "eachHessian"))

for kinds in ("i32 u32", "i32 f", "bool i32", "bool f", "u32 f"):
    sample = {
        "i32": np.array([1, -2, 3]),
        "u32": np.array([1, 2, 3], dtype=np.uint32),
        "bool": np.array([True, False, True]),
        "f": np.array([0.5, -1.5, 2.5]),
    }
    a, b = (sample[k] for k in kinds.split())
    label = "".join(k.capitalize() for k in kinds.split())
    case(f"numpy.add.promotes{label}", jnp.add, [a, b], dtypes=("f32",))
    case(f"numpy.where.promotes{label}", lambda x, y: jnp.where(jnp.array([True, False, True]), x, y), [a, b], dtypes=("f32",))
case("numpy.multiply.halfOfInts", lambda x: jnp.multiply(x, 0.5), [np.array([1, -2, 3])], dtypes=("f32",))
case("numpy.multiply.twiceInts", lambda x: jnp.multiply(x, 2), [np.array([1, -2, 3])], dtypes=("f32",))

A, B = np.array([[0.5, -1.25, 2.0], [3.5, -0.75, 1.0]]), np.array([1.5, 2.5, -0.5])
ARRAYS = ("value", "grad", "vmap")
case("numpy.multiply.broadcast", jnp.multiply, [A, B], ARRAYS)
case("numpy.divide.column", jnp.divide, [A, B[:2, None]], ARRAYS)
case("numpy.where.broadcast", lambda x, y: jnp.where(x > y, x, y * x), [A, B], ARRAYS)
case("numpy.clip.bounds", lambda x: jnp.clip(x, -1, 1.5), [A], ARRAYS)
case("numpy.maximum.ties", jnp.maximum, [np.array([1.0, 2.0]), np.array([1.0, 3.0])], ("value", "grad"))
case("numpy.modf.parts", jnp.modf, [DOMAINS["any"]])
case("numpy.frexp.parts", jnp.frexp, [[0.0, 1.0, -3.7, 100.25, 0.004]])
case("numpy.ldexp.powers", lambda x, n: jnp.ldexp(x, n), [[0.5, -1.25, 3.0], np.array([3, -2, 0])], ("value", "grad"))
case("numpy.divmod.both", jnp.divmod, [DOMAINS["any"], OTHER])
case("numpy.round.decimals", lambda x: jnp.round(x, 2), [[1.2345, -0.5678, 2.5, 10.005]])
case("numpy.nanToNum.chosen", lambda x: jnp.nan_to_num(x, nan=1.0, posinf=9.0, neginf=-9.0), [[np.nan, np.inf, -np.inf, 2.0]])
case("numpy.select.first", lambda x: jnp.select([x < 0, x < 1.2], [-x, x * x], 7.0), [A], ARRAYS)
case("numpy.interp.inside", jnp.interp, [[0.2, 1.7, 2.4, 5.0], [0.0, 1.0, 2.0, 3.0], [1.0, -1.0, 0.5, 2.0]], ("value", "grad"))
case("numpy.polyval.cubic", jnp.polyval, [[1.0, -2.0, 0.5, 3.0], [0.3, -1.2]], ("value", "grad", "hvp"))
case("numpy.allclose.near", lambda x, y: jnp.allclose(x, y), [[1.0, 2.0], [1.0, 2.0000001]])
case("numpy.gradient.line", jnp.gradient, [[1.0, 2.5, 4.5, 7.0, 11.0]], ("value", "grad"))
case("numpy.gradient.spacing", lambda x: jnp.gradient(x, 0.5, axis=1), [A], ("value", "grad"))
case("numpy.trapezoid.unit", jnp.trapezoid, [A], ("value", "grad"))
case("numpy.trapezoid.points", lambda y, x: jnp.trapezoid(y, x), [A, [0.0, 0.5, 2.0]], ("value", "grad"))

nn = jax.nn


def neural(names, *rest, **options):
    elementwise("nn", nn, names, *rest, **options)


neural("relu relu6 sigmoid softplus sparse_plus sparse_sigmoid soft_sign silu swish log_sigmoid")
neural("leaky_relu hard_sigmoid hard_silu hard_swish hard_tanh tanh elu celu selu gelu squareplus mish")
neural("log1mexp", "positive", edges=False)
neural("identity", edges=False, smooth=1)
case("nn.gelu.exact", lambda x: nn.gelu(x, approximate=False), [DOMAINS["any"]], ("value", "eachGrad", "eachHessian"))
case("nn.leakyRelu.slope", lambda x: nn.leaky_relu(x, 0.2), [DOMAINS["any"]], ("value", "eachGrad"))
case("nn.elu.alpha", lambda x: nn.elu(x, 0.7), [DOMAINS["any"]], ("value", "eachGrad"))
case("nn.relu.atZero", nn.relu, [[0.0, 1.0, -1.0]], ("value", "eachGrad"))

SMOOTH = ("value", "grad", "hvp", "vmap")
case("nn.softmax.last", nn.softmax, [A], SMOOTH)
case("nn.softmax.first", lambda x: nn.softmax(x, axis=0), [A], SMOOTH)
case("nn.softmax.masked", lambda x: nn.softmax(x, where=np.array([True, False, True])), [A], ("value", "grad"))
case("nn.logSoftmax.last", nn.log_softmax, [A], SMOOTH)
case("nn.logsumexp.all", nn.logsumexp, [A], SMOOTH)
case("nn.logsumexp.weighted", lambda x: nn.logsumexp(x, axis=1, b=B), [np.abs(A)], ("grad",))
case("nn.logmeanexp.axis", lambda x: nn.logmeanexp(x, axis=1), [A], SMOOTH)
case("nn.standardize.last", nn.standardize, [A], SMOOTH)
case("nn.standardize.axis", lambda x: nn.standardize(x, axis=0, epsilon=0.01), [A], ("value", "grad"))
case("nn.glu.last", nn.glu, [np.array([[0.5, -1.25, 2.0, 0.1], [3.5, -0.75, 1.0, 0.2]])], SMOOTH)
case("nn.oneHot.classes", lambda i: nn.one_hot(i, 4), [np.array([0, 3, 5, 1])], dtypes=("f32",))
Q = np.round(np.sin(np.arange(48.0)).reshape(2, 3, 2, 4), 4)
# JAX rounds these softmaxes to float32 whatever the dtype.
case("nn.dotProductAttention.plain", lambda q, k, v: nn.dot_product_attention(q, k, v), [Q, Q[:, ::-1] * 0.5, Q * Q], SMOOTH, ("f32",))
case("nn.dotProductAttention.causal", lambda q, k, v: nn.dot_product_attention(q, k, v, is_causal=True), [Q, Q[:, ::-1] * 0.5, Q * Q], ("value", "grad"), ("f32",))
case("nn.dotProductAttention.scaled", lambda q, k, v: nn.dot_product_attention(q, k, v, scale=0.3), [Q, Q[:, ::-1] * 0.5, Q * Q], ("value", "grad"), ("f32",))
