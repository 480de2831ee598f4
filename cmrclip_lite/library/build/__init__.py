"""A library out of a folder of exams and a table of reports.

`plan.py` lists what is to be done, `prepare.py` reads and embeds one exam, `local.py` or
`on_ray.py` does that for many at once, and `build.py` writes what comes back.
"""
