"""jax.scipy.special and jax.scipy.stats, element by element."""

import jax.numpy as jnp
import jax.scipy.special as special
import jax.scipy.stats as stats
import numpy as np

from families import camel, case, elementwise, normal

VALUE = ("value",)
EACH = ("value", "eachGrad", "eachHessian")


def scipy(names, *rest, **options):
    elementwise("scipy.special", special, names, *rest, **options)


scipy("erf erfc expit ndtr log_ndtr i0 i0e i1 i1e", "any")
scipy("gammaln digamma gamma entr", "positive", edges=False)
scipy("exp1 expi", "positive", smooth=1, edges=False)
scipy("spence", "positive", smooth=0, edges=False)
scipy("erfinv", "unit", edges=False)
scipy("logit ndtri", "probability", edges=False)
scipy("gammasgn", "any", smooth=0, edges=False)
scipy("xlogy xlog1py rel_entr kl_div betaln", "positive", [0.7, 1.4, 2.2, 0.4], edges=False)
scipy("poch", "positive", [0.7, 1.4, 2.2, 0.4], smooth=1, edges=False)
scipy("beta", "positive", [0.7, 1.4, 2.2, 0.4], smooth=1, edges=False)


def at(label, name, f, *args, variants=VALUE, **options):
    case(f"scipy.special.{camel(name)}.{label}", lambda *xs: f(getattr(special, name), *xs), args, variants, **options)


A = [0.4, 1.0, 2.5, 7.0, 30.0]
X = [0.1, 1.3, 2.0, 9.0, 28.0]
at("pairs", "gammainc", lambda f, a, x: f(a, x), A, X)
at("pairs", "gammaincc", lambda f, a, x: f(a, x), A, X)
at("gradient", "gammainc", lambda f, a, x: f(a, x), A[:4], X[:4], variants=("grad",))
at("triples", "betainc", lambda f, a, b, x: f(a, b, x), [0.5, 1.0, 2.5, 4.0], [0.5, 3.0, 1.5, 6.0], [0.1, 0.4, 0.7, 0.35])
at("byX", "betainc", lambda f, x: f(jnp.asarray(2.5, x.dtype), jnp.asarray(1.5, x.dtype), x), [0.1, 0.4, 0.7, 0.95], variants=("grad", "hvp"))
at("orders", "polygamma", lambda f, n, x: f(n, x), np.array([0, 1, 2, 3]), [0.7, 1.5, 2.5, 4.0])
at("byX", "polygamma", lambda f, x: f(1, x), [0.7, 1.5, 2.5, 4.0], variants=("grad",))
at("pairs", "zeta", lambda f, x, q: f(x, q), [1.5, 2.0, 3.0, 6.0], [1.0, 2.5, 0.5, 4.0])
at("order3", "multigammaln", lambda f, a: f(a, 3), [1.7, 2.5, 6.0], variants=("value", "grad"))
at("plain", "factorial", lambda f, x: f(x), [0.0, 1.0, 4.0, 7.5])
at("plain", "comb", lambda f, n, k: f(n, k), [5.0, 10.0, 6.0], [2.0, 3.0, 6.0])
for n in (0, 1, 3):
    at(f"order{n}", "expn", lambda f, x: f(n, x), [0.2, 0.9, 2.5, 7.0])
at("numbers", "bernoulli", lambda f: f(6), dtypes=("f32",))
at("rows", "softmax", lambda f, x: f(x, axis=-1), normal("softmax", 2, 3), variants=("value", "grad"))
at("rows", "log_softmax", lambda f, x: f(x, axis=-1), normal("softmax", 2, 3), variants=("value", "grad"))
at("rows", "logsumexp", lambda f, x: f(x, axis=1, keepdims=True), normal("softmax", 2, 3), variants=("value", "grad", "hvp"))
at("extremes", "erfc", lambda f, x: f(x), [4.0, 6.0, 9.0], variants=("value",))
# Its derivative in JAX is off by 2e-10 at -30: the asymptotic series is cut off.
at("tails", "log_ndtr", lambda f, x: f(x), [-30.0, -12.0, -5.5, 6.0])
at("large", "gammaln", lambda f, x: f(x), [20.5, 300.0, 0.001, 5000.0], variants=("value",))
at("negative", "digamma", lambda f, x: f(x), [-0.4, -1.7, -3.2], variants=("value",))

GRID = [-1.3, -0.2, 0.6, 2.4]
POSITIVE = [0.3, 0.9, 1.8, 3.5]
UNIT = [0.1, 0.35, 0.6, 0.9]
COUNTS = [0.0, 1.0, 3.0, 4.0]


def density(distribution, methods, x, *parameters, variants=EACH):
    """`distribution.method` at x with its parameters, which are differentiated too."""
    module = getattr(stats, distribution)
    for method in methods.split():
        args = [x, *([p] * len(x) for p in parameters)]
        case(f"scipy.stats.{camel(distribution)}.{camel(method)}", getattr(module, method), args, variants)


density("norm", "logpdf pdf logcdf cdf logsf sf", GRID, 0.3, 1.4)
density("norm", "ppf isf", UNIT, 0.3, 1.4)
density("uniform", "logpdf pdf cdf ppf", UNIT, -0.2, 1.5, variants=("value", "eachGrad"))
density("expon", "logpdf pdf cdf logcdf sf logsf ppf", UNIT, -0.1, 1.5)
density("laplace", "logpdf pdf cdf", GRID, 0.3, 1.4)
density("logistic", "logpdf pdf cdf sf", GRID, 0.3, 1.4)
density("logistic", "ppf isf", UNIT, 0.3, 1.4)
density("cauchy", "logpdf pdf cdf sf logcdf", GRID, 0.3, 1.4)
density("cauchy", "ppf", UNIT, 0.3, 1.4)
density("t", "logpdf pdf", GRID, 3.5, 0.3, 1.4)
density("gamma", "logpdf pdf", POSITIVE, 2.5, 0.1, 1.4)
density("gamma", "cdf sf", POSITIVE, 2.5, 0.1, 1.4, variants=VALUE)
density("beta", "logpdf pdf", UNIT, 2.5, 1.4)
density("beta", "cdf sf", UNIT, 2.5, 1.4, variants=VALUE)
density("chi2", "logpdf pdf", POSITIVE, 3.5)
density("chi2", "cdf sf", POSITIVE, 3.5, variants=VALUE)
density("pareto", "logpdf pdf cdf sf", [1.3, 1.9, 2.5, 6.0], 2.5)
# JAX 0.10.2 raises when it differentiates these two densities.
for gumbel in ("gumbel_r", "gumbel_l"):
    density(gumbel, "logpdf pdf", GRID, 0.3, 1.4, variants=VALUE)
    density(gumbel, "cdf", GRID, 0.3, 1.4)
density("gennorm", "logpdf pdf", GRID, 1.7)
density("vonmises", "logpdf pdf", GRID, 1.4, variants=("value", "eachGrad"))
density("wrapcauchy", "logpdf pdf", POSITIVE, 0.4, variants=("value", "eachGrad"))
density("truncnorm", "logpdf pdf", GRID[:3], -2.0, 1.5, variants=("value", "eachGrad"))
density("truncnorm", "cdf logcdf sf", GRID[:3], -2.0, 1.5, variants=VALUE)
density("bernoulli", "logpmf pmf cdf", [0.0, 1.0, 1.0, 0.0], 0.3, variants=VALUE)
density("binom", "logpmf pmf", COUNTS, 5.0, 0.3, variants=VALUE)
density("poisson", "logpmf pmf cdf", COUNTS, 2.5, variants=VALUE)
density("geom", "logpmf pmf", [1.0, 2.0, 3.0, 5.0], 0.3, variants=VALUE)
density("nbinom", "logpmf pmf", COUNTS, 5.0, 0.3, variants=VALUE)
density("betabinom", "logpmf pmf", COUNTS, 5.0, 1.4, 2.5, variants=VALUE)
MEAN, COV = np.array([0.3, -0.2]), np.array([[1.5, 0.4], [0.4, 0.9]])
for method in ("logpdf", "pdf"):
    case(f"scipy.stats.multivariateNormal.{method}", getattr(stats.multivariate_normal, method), [normal("points", 3, 2), MEAN, COV], ("value",))
case("scipy.stats.multivariateNormal.gradient", lambda x, m: stats.multivariate_normal.logpdf(x, m, COV), [normal("points", 3, 2), MEAN], ("grad", "hvp"))
case("scipy.stats.dirichlet.logpdf", stats.dirichlet.logpdf, [[0.2, 0.3, 0.5], [1.5, 2.5, 0.7]], ("value",))
case("scipy.stats.multinomial.logpmf", lambda x, p: stats.multinomial.logpmf(x, 6, p), [np.array([2, 1, 3]), [0.2, 0.3, 0.5]], ("value",))
