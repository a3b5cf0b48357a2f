"""Makes top-model.json: regressions of small data sets by scikit-learn, to hold ours against.

    pip install scikit-learn && python make_top_model.py > top-model.json
"""

import json

import numpy as np
import sklearn
from scipy.stats import spearmanr
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss, r2_score, roc_auc_score
from sklearn.model_selection import LeaveOneOut, cross_val_predict
from sklearn.preprocessing import StandardScaler

random = np.random.default_rng(7)


def rounded(x):
    return np.asarray(x, float).round(12).tolist()


def features(rows, columns):
    x = random.normal(size=(rows, columns)) * random.uniform(0.1, 10, columns)
    return (x + random.normal(size=columns)).round(3)


def ridge(rows, columns, penalty):
    x = features(rows, columns)
    z = StandardScaler().fit_transform(x)
    y = (z[:, 0] - 2 * z[:, 1] + 5 + random.normal(size=rows)).round(3)
    model = Ridge(alpha=penalty, tol=1e-14).fit(z, y)
    left = cross_val_predict(Ridge(alpha=penalty), z, y, cv=LeaveOneOut())
    return {
        "x": x.tolist(),
        "y": y.tolist(),
        "penalty": penalty,
        "coefficients": rounded(model.coef_),
        "intercept": float(model.intercept_),
        "leaveOneOut": rounded(left),
        "r2": r2_score(y, left),
        "spearman": float(spearmanr(y, left).statistic),
    }


def logistic(rows, columns, classes, penalty):
    x = features(rows, columns)
    z = StandardScaler().fit_transform(x)
    score = z[:, :classes] + 0.7 * random.normal(size=(rows, classes))
    y = np.array(list("pqrs"))[score.argmax(1)]
    model = LogisticRegression(C=1 / penalty, tol=1e-12, max_iter=100000).fit(z, y)
    p = model.predict_proba(z)
    many = {"multi_class": "ovr", "average": "macro"} if classes > 2 else {}
    return {
        "x": x.tolist(),
        "y": y.tolist(),
        "penalty": penalty,
        "coefficients": rounded(model.coef_.T),
        "intercepts": rounded(model.intercept_),
        "probabilities": rounded(p),
        "logLoss": log_loss(y, p),
        "auroc": roc_auc_score(y, p if classes > 2 else p[:, 1], **many),
        "accuracy": float((model.predict(z) == y).mean()),
    }


print(
    json.dumps(
        {
            "scikit-learn": sklearn.__version__,
            "ridge": [ridge(12, 4, 0.7), ridge(9, 15, 3.0)],
            "logistic": [logistic(30, 5, 2, 0.5), logistic(40, 6, 4, 2.0)],
        }
    )
)
