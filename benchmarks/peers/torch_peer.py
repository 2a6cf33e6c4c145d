"""PyTorch's side: the same model, optimiser, clipping and carried state as charlm's, on all cores."""

from __future__ import annotations

from typing import Any

from protocol import Job, answer_training, median_s, missing, read_job, reply, resident_mib

try:
    import torch
    from torch import Tensor, nn
    from torch.nn import functional
except ImportError as error:
    missing(error)

RECURRENT: dict[str, Any] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
TEMPERATURE = 0.8
DRAWS = 100


class Network(nn.Module):
    """One-hot or embedded ids (T, N), recurrent layers, logits (T, N, V)."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        V, E, H = job.vocab, job.embedding, job.hidden
        self.vocab = V
        self.embedding = nn.Embedding(V, E) if E else None
        self.layers = RECURRENT[job.cell](E or V, H, job.layers, dropout=job.dropout if job.layers > 1 else 0.0)
        head = nn.Linear(H, V)
        self.head = nn.Sequential(nn.Dropout(job.dropout), head) if job.dropout else head  # no call for nothing

    def forward(self, ids: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Return logits and the state after the window."""
        x = self.embedding(ids) if self.embedding else functional.one_hot(ids, self.vocab).float()
        h, state = self.layers(x, state)
        return self.head(h), state


def train(job: Job) -> None:
    """Measure an update: forward, backward, norm clipped to 5, Adagrad."""
    network = Network(job)
    optimizer = torch.optim.Adagrad(network.parameters(), lr=0.05)
    inputs, targets = torch.randint(job.vocab, (2, job.length, job.streams))
    state: Any = None

    def step() -> float:
        nonlocal state
        optimizer.zero_grad()
        logits, state = network(inputs, state)
        state = tuple(part.detach() for part in state) if isinstance(state, tuple) else state.detach()
        loss = functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        return loss.item()

    answer_training(job, median_s(step, job.seconds), resident_mib=resident_mib())


def sample(job: Job) -> None:
    """Measure drawing from N streams at once."""
    network = Network(job).eval()
    ids, state = torch.zeros(1, job.streams, dtype=torch.long), None

    @torch.inference_mode()
    def draw_some() -> None:
        nonlocal ids, state
        for _ in range(DRAWS):
            logits, state = network(ids, state)
            ids = torch.multinomial(torch.softmax(logits[0] / TEMPERATURE, -1), 1).T

    seconds = median_s(draw_some, job.seconds) / DRAWS
    reply(seconds=seconds, chars_per_s=job.streams / seconds)


def main() -> None:
    """Do the job on the command line."""
    job = read_job()
    torch.manual_seed(0)
    match job.what:
        case "train":
            train(job)
        case "sample":
            sample(job)
        case _:
            reply(peer=f"PyTorch {torch.__version__}", threads=torch.get_num_threads())


if __name__ == "__main__":
    main()
