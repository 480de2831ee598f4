"""Building a case library from a folder of exams.

`plan.py` says which exams there are and what their reports say, `prepare.py` takes one to an
embedded case, `local.py` and `on_ray.py` do so with many at once, `building.py` stores what comes
of it, and `quarantine.py` and `unfinished.py` keep account of what did not.
"""
