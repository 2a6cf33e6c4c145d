"""Small programs to read from top to bottom, each at most 40 lines, run by ``python -m charlm.examples.NAME``.

In this order they lead from a single step to whole networks:

- `lstm_step`, `gru_step`: one step forward and backward
- `lstm_sequence`: back-propagation through time
- `own_cell`: a cell of one's own, with its gradient checked
- `vanishing_gradients`: how far a gradient reaches in RNN, GRU and LSTM
- `toy_lstm`, `sine`: numbers in, numbers out, squared error
- `sigmoid_head`: yes or no at every step
- `names_to_language`: one class for a whole sequence

Each says what it shows and what it prints. Their numbers are the same at every run.
"""
