"""Files that are wrong on purpose, and the worker that watches the reader read them.

`seeds.py` makes small good files, the mutators (`dicom.py`, `volumes.py`, `archives.py`,
`raw.py`) spoil them, `mutants.py` picks from a number what is spoiled how, `judge.py` says what
reading it did, and `pool.py` runs many in processes that may die. `benchmarks/fuzz.py` is the
command; `tests/readers/test_fuzz.py` runs some.
"""
