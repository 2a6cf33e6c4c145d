"""Small programs to read from top to bottom, each at most 40 lines, run by ``python -m charlm.examples.NAME``.

In this order they lead from a single step to whole networks:

- `lstm_step`, `gru_step`: one step forward and backward
- `update_gate`: two conventions for the GRU's update gate
- `lstm_sequence`: back-propagation through time
- `gradient_checks`: by entries and along a direction, with planted faults
- `own_cell`: a cell of one's own, with its gradient checked
- `vanishing_gradients`: how far a gradient reaches in RNN, GRU and LSTM
- `truncation`, `windows`: windows of a sequence, their length, and where they begin
- `clipping`, `optimizers`: from gradients to updates
- `toy_lstm`, `sine`: numbers in, numbers out, squared error
- `sigmoid_head`: yes or no at every step
- `mask`: sequences of unequal length in a batch
- `names_to_language`: one class for a whole sequence
- `bidirectional`: a tag for every symbol
- `captioning`: a text from a feature vector
- `teacher_forcing`, `reverse`: encoder and decoder, with attention and without

Each says what it shows and what it prints. Their numbers are the same at every run.
"""
