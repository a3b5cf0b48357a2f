"""jax.example_libraries.optimizers: five steps down a bowl that is not round, by every method and schedule."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.example_libraries import optimizers as opt

from families import camel, case

X = np.array([1.5, -0.4, 0.8])
METHODS = {
    "sgd": (0.1,),
    "momentum": (0.1, 0.9),
    "nesterov": (0.1, 0.9),
    "adagrad": (0.1,),
    "rmsprop": (0.1,),
    "rmsprop_momentum": (0.1,),
    "adam": (0.1,),
    "adamax": (0.1,),
}
SCHEDULES = {
    "constant": (0.1,),
    "exponential_decay": (0.1, 2, 0.5),
    "inverse_time_decay": (0.1, 2, 0.5),
    "polynomial_decay": (0.1, 4, 0.01, 2.0),
    "piecewise_constant": ([1, 3], [0.1, 0.05, 0.2]),
}


def loss(x):
    return jnp.sum(x**2 * jnp.array([1.0, 2.0, 0.5], x.dtype)) + jnp.prod(jnp.sin(x))


def steps(method):
    def run(x):
        init, update, params = method
        state = init(x)
        for i in range(5):
            state = update(jnp.asarray(i, jnp.int32), jax.grad(loss)(params(state)), state)
        return params(state)

    return run


for name, arguments in METHODS.items():
    case(f"optimizers.{camel(name)}.steps", steps(getattr(opt, name)(*arguments)), [X], dtypes=("f32",))
for name, arguments in SCHEDULES.items():
    case(f"optimizers.{camel(name)}.steps", steps(opt.sgd(getattr(opt, name)(*arguments))), [X], dtypes=("f32",))
case("optimizers.clipGrads.norm", lambda x: opt.clip_grads({"a": x, "b": x * 2}, 1.0), [X], dtypes=("f32",))
case("optimizers.l2Norm.tree", lambda x: opt.l2_norm([x, x * 2]), [X], dtypes=("f32",))
