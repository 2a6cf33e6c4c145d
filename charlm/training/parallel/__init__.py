"""The update of one model by several ranks: threads, processes on shared memory, or machines over MPI."""
