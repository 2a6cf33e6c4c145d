"""Backward passes to write by oneself, checked line by line: ``python -m charlm.exercises NAME``.

The folder ``sheets`` has the exercises solved; a learner gets them with gaps (`charlm.exercises.sheet`). A file of
a learner runs in a process of its own with a time limit (`child`). Every value that it computes is recorded
(`recording`) and compared (`checking`) with the value that `charlm.nn` computes (`expected`).
"""
