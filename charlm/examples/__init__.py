"""Examples: programs of at most 40 lines, to read from top to bottom; ``python -m charlm.examples.NAME`` runs one.

In this order they lead from a single step to whole networks:

- `lstm_step`, `gru_step`: one step forward and backward
- `update_gate`: two conventions for the GRU's update gate
- `lstm_sequence`: back-propagation through time
- `gradient_checks`: by entries and by direction, with planted faults
- `own_cell`: a new cell, with a gradient check
- `vanishing_gradients`: the norm of the gradient over time in RNN, GRU and LSTM
- `truncation`, `windows`: windows of a sequence, their length and their start
- `clipping`, `optimizers`: updates from gradients
- `toy_lstm`, `sine`: series of numbers, squared error
- `sigmoid_head`: binary outputs at every step
- `mask`: sequences of unequal length in a batch
- `names_to_language`, `wide_and_deep`: one class for a whole sequence; its n-grams beside the network
- `bidirectional`: a tag for every symbol
- `captioning`: a text from a feature vector
- `teacher_forcing`, `reverse`: encoder and decoder, with and without attention
- `conversation`: a text by turns, with candidates, branches and surprisal, as in ``charlm console``

Each docstring describes the example and its output. The numbers are the same in every run.
"""
