"""The points that are measured, and the figures to reach."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from string import ascii_uppercase

from peers.protocol import Job

__all__ = ["CELLS", "GROUPS", "GROUP_TARGETS", "PATTERNS", "Contestant", "Point", "Target", "points"]

SIZES = ((128, 16, 32), (128, 32, 50), (192, 16, 32), (256, 32, 64), (512, 32, 64), (512, 64, 64))  # H, N, T
CELLS = ("lstm", "gru", "rnn")
ONE_HOT = {"lstm": 1.15, "rnn": 1.3, "gru": 1.5}
GROUPS = {
    "train": "Training, one-hot input",
    "embedding": "Training, an embedding of H",
    "online": "Online training, as min-char-rnn",
    "layers": "Training two layers with dropout",
    "vocabulary": "Training on 5,000 symbols",
    "sampling": "Sampling",
    "constrained": "Sampling under a pattern",
    "product": "Share of the machine's matrix-product speed, LSTM",
    "memory": "Peak memory of training",
    "startup": "Start of a command",
    "busy": "Training while another process keeps a core busy",
}
_RANDOM = Random(0)
_WORDS = ["".join(_RANDOM.choices(ascii_uppercase, k=_RANDOM.randint(3, 9))) for _ in range(100)]
PATTERNS = {
    "any text": "(?s:.)*",
    "300 words": "(?:[A-Z]+ ){300,}",
    "a count": "[A-Z ]{2000}",
    "three holes": "DEAR .{100}, .{500,900} AND (?s:.)*",
    "lines": "(?:[^_]{0,60}_){1,80}",
    "words of a list": f"(?:{'|'.join(f'{word} ' for word in _WORDS)}){{330,}}",
}
"""Of texts of the length asked for. Three holes are a template's; lines end in _, as the model has no line feed; a
list has a hundred words of three to nine random letters."""


@dataclass(frozen=True)
class Contestant:
    """A program that does a job.

    Parameters
    ----------
    name : str
        In the tables.
    peer : str
        The script: ``peers/<peer>_peer.py``.
    job : Job
    busy : {"", "pinned", "anywhere"}
        Whether another process counts to infinity meanwhile, held on one core or wherever it likes.
    """

    name: str
    peer: str
    job: Job
    busy: str = ""


@dataclass(frozen=True)
class Target:
    """A figure to reach: of one contestant, or of the ratio of two.

    Parameters
    ----------
    of, over : str
        Contestants; no `over` means the figure itself.
    bound : float or None
        None shows the ratio without asking anything of it.
    at_least : bool
        Whether the bound is a lower one.
    """

    of: str
    over: str
    bound: float | None
    at_least: bool = True


@dataclass(frozen=True)
class Point:
    """Contestants that are measured in turn, and what is asked of their medians.

    Parameters
    ----------
    group, title : str
        Together the point's name.
    figure : {"chars_per_s", "us_per_char", "gflops", "memory_mib", "seconds"}
        The part of the answer that is compared.
    """

    group: str
    title: str
    figure: str
    contestants: tuple[Contestant, ...]
    targets: tuple[Target, ...]


GROUP_TARGETS = {"train": Target("charlm", "PyTorch", 1.5), "embedding": Target("charlm", "PyTorch", 1.8)}
"""Of the median of a group's ratios."""


def points(groups: tuple[str, ...], *, seconds: float, cores: int) -> list[Point]:
    """Return what to measure.

    Parameters
    ----------
    groups : tuple of str
        Among `GROUPS`.
    seconds : float
        For each measurement.
    cores : int
        Of the machine: what one of them being busy explains.
    """
    makers: dict[str, Callable[[Job], list[Point]]] = {
        "train": lambda job: _training("train", job),
        "embedding": lambda job: _training("embedding", job),
        "online": _online,
        "layers": _layers,
        "vocabulary": _vocabulary,
        "sampling": _sampling,
        "constrained": _constrained,
        "product": _product,
        "memory": _memory,
        "startup": _startup,
        "busy": lambda job: _busy(job, cores),
    }
    return [point for group in groups for point in makers[group](Job(what="train", seconds=seconds))]


def _against(peers: dict[str, str], job: Job) -> tuple[Contestant, ...]:
    """Let charlm and its peers, script by name, do the same job."""
    names = {"charlm": "charlm"} | peers
    return tuple(Contestant(name, peer, job) for name, peer in names.items())


def _training(group: str, job: Job) -> list[Point]:
    made = []
    for cell in CELLS:
        for H, N, T in SIZES:
            embedding = H if group == "embedding" else 0
            peers, bound = {"PyTorch": "torch"}, 1.3 if embedding else ONE_HOT[cell]
            targets = [Target("charlm", "PyTorch", bound)]
            if cell == "lstm" and not embedding:
                peers["JAX"] = "jax"
                targets.append(Target("charlm", "JAX", 1.3))
            work = replace(job, cell=cell, hidden=H, streams=N, length=T, embedding=embedding)
            title = f"{cell.upper()} {H}, {N}, {T}"
            made.append(Point(group, title, "chars_per_s", _against(peers, work), tuple(targets)))
    return made


def _online(job: Job) -> list[Point]:
    made = []
    for cell in CELLS:
        peers = {"PyTorch": "torch", "JAX": "jax"}
        targets = [Target("charlm", "PyTorch", 2.0), Target("charlm", "JAX", None)]
        if cell != "gru":  # min-char-rnn is an RNN; people have made LSTMs of it
            peers["plain NumPy"] = "numpy"
            targets.append(Target("charlm", "plain NumPy", 3.0 if cell == "rnn" else None))
        work = replace(job, cell=cell, hidden=100, streams=1, length=25)
        title = f"{cell.upper()} 100, 1, 25"
        made.append(Point("online", title, "chars_per_s", _against(peers, work), tuple(targets)))
    return made


def _layers(job: Job) -> list[Point]:
    work = replace(job, hidden=512, streams=64, length=64, layers=2, dropout=0.5)
    targets = (Target("charlm", "PyTorch", 1.3),)
    return [Point("layers", "LSTM 2×512, 64, 64", "chars_per_s", _against({"PyTorch": "torch"}, work), targets)]


def _vocabulary(job: Job) -> list[Point]:
    """Compare with PyTorch's embedding of H, its quickest input; memory is that of a whole `charlm train`."""
    made = []
    for H in (256, 512):
        work = replace(job, hidden=H, streams=16, length=32, vocab=5000)
        peer = Contestant("PyTorch", "torch", replace(work, embedding=H))
        sides = (Contestant("charlm", "charlm", work), Contestant("charlm, an embedding", "charlm", peer.job), peer)
        speed = tuple(Target(side.name, "PyTorch", 5.0) for side in sides[:2])
        made.append(Point("vocabulary", f"LSTM {H}, 16, 32", "chars_per_s", sides, speed))
        run = Contestant("charlm", "charlm", replace(work, what="run"))
        memory = (Target("charlm", "PyTorch", 1.0, at_least=False),)
        made.append(Point("vocabulary", f"LSTM {H}, 16, 32, memory", "memory_mib", (run, peer), memory))
    return made


def _sampling(job: Job) -> list[Point]:
    made = []
    for H, bound in ((128, 12.0), (256, 8.0), (512, 6.0)):
        work = replace(job, what="sample", hidden=H)
        contestants, title = _against({"PyTorch": "torch"}, work), f"LSTM {H}, one stream"
        made.append(Point("sampling", title, "chars_per_s", contestants, (Target("charlm", "PyTorch", bound),)))
    one = replace(job, what="sample", hidden=128)
    many = replace(one, streams=64)
    all_three = (
        Contestant("charlm", "charlm", many),
        Contestant("charlm, one stream", "charlm", one),
        Contestant("PyTorch", "torch", many),
    )
    targets = (Target("charlm", "charlm, one stream", 10.0), Target("charlm", "PyTorch", None))
    return [*made, Point("sampling", "LSTM 128, 64 streams", "chars_per_s", all_three, targets)]


def _constrained(job: Job) -> list[Point]:
    made = []
    for streams, title in ((1, "one stream"), (32, "a block of 32")):
        free = replace(job, what="write", length=2000, streams=streams)
        contestants = [Contestant("unconstrained", "charlm", free)]
        contestants += [
            Contestant(name, "charlm", replace(free, pattern=pattern)) for name, pattern in PATTERNS.items()
        ]
        targets = tuple(Target(name, "unconstrained", 1.3, at_least=False) for name in PATTERNS)
        made.append(Point("constrained", f"LSTM 128, {title}", "us_per_char", tuple(contestants), targets))
    return made


def _product(job: Job) -> list[Point]:
    contestants = (
        Contestant("charlm", "charlm", replace(job, hidden=512, streams=64, length=64)),
        Contestant("np.dot 2048³", "numpy", replace(job, what="product")),
    )
    targets = (Target("charlm", "np.dot 2048³", 0.75),)
    return [Point("product", "LSTM 512, 64, 64", "gflops", contestants, targets)]


def _memory(job: Job) -> list[Point]:
    work = replace(job, hidden=512, streams=64, length=64)
    targets = (Target("charlm", "PyTorch", 0.5, at_least=False),)
    return [Point("memory", "LSTM 512, 64, 64", "memory_mib", _against({"PyTorch": "torch"}, work), targets)]


def _startup(job: Job) -> list[Point]:
    asked = (("charlm --help", "help", 0.3), ("first character of charlm sample", "first", 0.7))
    return [
        Point(
            "startup",
            title,
            "seconds",
            (Contestant("charlm", "charlm", replace(job, what=what)),),
            (Target("charlm", "", bound, at_least=False),),
        )
        for title, what, bound in asked
    ]


def _busy(job: Job, cores: int) -> list[Point]:
    work = replace(job, hidden=256, streams=32, length=64)
    contestants, targets = [], []
    for name, peer in (("charlm", "charlm"), ("PyTorch", "torch")):
        contestants.append(Contestant(name, peer, work))
        for busy, words in (("pinned", "a core held"), ("anywhere", "a core busy")):
            disturbed = f"{name}, {words}"
            contestants.append(Contestant(disturbed, peer, work, busy))
            targets.append(Target(disturbed, name, 1 - 1 / cores if peer == "charlm" else None))
    return [Point("busy", "LSTM 256, 32, 64", "chars_per_s", tuple(contestants), tuple(targets))]
