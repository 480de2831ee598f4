"""Building a case library from a folder of exams.

`reports.py` and `plan.py` say which exams there are and what is known of them, `prepare.py` takes
one to an embedded case, `local.py` and `on_ray.py` do so with many at once, `building.py` stores
what comes of it, and `account.py` keeps what did not.
"""

from .building import Means, Outcome, build_library
from .plan import Plan, plan_exams
from .prepare import Failure

__all__ = ["Failure", "Means", "Outcome", "Plan", "build_library", "plan_exams"]
