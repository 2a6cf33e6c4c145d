"""Exercises: backward passes to write, checked line by line; ``python -m charlm.exercises NAME`` begins one.

The folder ``sheets`` has the solutions; a learner gets them with gaps (`charlm.exercises.sheet`). A learner's file
runs in a separate process with a time limit (`child`). Each of its values is recorded (`recording`) and compared
(`checking`) with that of `charlm.nn` (`expected`).
"""
