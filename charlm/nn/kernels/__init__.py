"""Code that exists for speed alone; `charlm.nn.reference` computes the same without it.

===============  =====================================================================================
`memory`         arrays that begin at a cache line
`blocks`         products in blocks so small that OpenBLAS does not copy its operands
`gate_products`  the recurrent product of all gates in one call, forward and backward
`weights`        weights packed once an update, those of sigmoid gates halved: one tanh serves all gates
`projection`     the input product outside the time loop; for symbols, a lookup in a projected table
`sums`           the gradient of a lookup: sums of rows by symbol
`window`         the arrays of a window and the views of every step, made once
`workspace`      arrays that are allocated once and reused by every window
===============  =====================================================================================
"""
