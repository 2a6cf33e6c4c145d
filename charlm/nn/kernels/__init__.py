"""Why it is fast. Nothing here is needed to understand what is computed; `charlm.nn.reference` does without.

===============  =====================================================================================
`memory`         arrays begin where a line of the cache begins
`blocks`         products in blocks below the size from which OpenBLAS copies its operands
`gate_products`  the recurrent product of all gates in one call, and the one with the transposes
`weights`        weights packed once an update, sigmoid gates' halved, so that one tanh serves all gates
`projection`     the input product outside the time loop; a lookup in a projected table for symbols
`sums`           the gradient of a lookup: sums of rows by symbol
`window`         the arrays of a window and every step's views of them, made once
`workspace`      arrays that are allocated once and used by every window
===============  =====================================================================================
"""
