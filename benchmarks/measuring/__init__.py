"""The parts of `benchmarks/speed.py`.

``points``
    What is measured, and the figures to reach.
``run``
    One measurement: a fresh process, with the machine to itself as far as others let it.
``machine``
    What the figures were measured on, and how busy it was.
``results``
    Medians, ratios, and whether they reach the targets.
``report``
    The same for people: lines and Markdown tables.
``picture``
    The same as bars, in SVG.
"""
