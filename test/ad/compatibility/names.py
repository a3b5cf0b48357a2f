"""Writes jax.json: the names of the public functions and classes of JAX that docs/ad-compatibility.md goes through.

Run from the root of the repository with the environment of test/ad/goldens/generate.py:
    JAX_PLATFORMS=cpu jaxenv/bin/python test/ad/compatibility/names.py
"""

import inspect
import json
import pathlib

import jax
import jax.example_libraries.optimizers
import jax.example_libraries.stax
import jax.numpy
import jax.scipy.linalg
import jax.scipy.special
import jax.scipy.stats


def public(module, own=False):
    """Callable names; with `own` those defined in the module itself, and stax's layers, which are pairs of functions."""
    found = []
    for name, value in vars(module).items():
        layer = own and isinstance(value, tuple)
        local = not own or getattr(value, "__module__", "") == module.__name__
        if name.startswith("_") or inspect.ismodule(value):
            continue
        if layer or (callable(value) and local):
            found.append(name)
    return sorted(found, key=lambda name: (name.lower(), name))


stats = jax.scipy.stats
modules = {
    "jax": public(jax),
    "jax.lax": public(jax.lax),
    "jax.numpy": public(jax.numpy),
    "jax.numpy.linalg": public(jax.numpy.linalg),
    "jax.scipy.linalg": public(jax.scipy.linalg),
    "jax.scipy.special": public(jax.scipy.special),
    "jax.scipy.stats": sorted(
        public(stats)
        + [
            f"{name}.{method}"
            for name, module in vars(stats).items()
            if inspect.ismodule(module) and not name.startswith("_")
            for method in public(module)
        ]
    ),
    "jax.random": public(jax.random),
    "jax.nn": public(jax.nn),
    "jax.nn.initializers": public(jax.nn.initializers),
    "jax.tree": public(jax.tree),
    "jax.example_libraries.optimizers": public(jax.example_libraries.optimizers, own=True),
    "jax.example_libraries.stax": public(jax.example_libraries.stax, own=True),
}
target = pathlib.Path(__file__).parent / "jax.json"
target.write_text(json.dumps({"version": jax.__version__, "modules": modules}, indent=1) + "\n")
