"""Code that exists for speed alone; `charlm.nn.reference` computes the same without it.

===============  =====================================================================================
`memory`         arrays that begin at a cache line
`blocks`         products in blocks so small that OpenBLAS does not copy its operands
`gates`          the order of gates; weights of sigmoid gates halved: one tanh serves all gates
`products`       the recurrent products, forward and backward, as the time loops call them:
`gate_products`  of several streams, all gates in one call
`single_stream`  of one stream, with the weights as they are stored
`weights`        the weights of a window, packed once an update
`projection`     the input product outside the time loop; for symbols, a lookup in a projected table
`sums`           the gradient of a lookup: sums of rows by symbol
`window`         the arrays of a window and the views of every step, made once
`lstm_window`    those of an LSTM
`gru_window`     those of a GRU
`reader`         the input product of inference, one symbol at a time
`workspace`      arrays that are allocated once and reused by every window
===============  =====================================================================================
"""
