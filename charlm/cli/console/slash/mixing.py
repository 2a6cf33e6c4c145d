"""The command for mixtures: other models and n-gram counts beside the first model of the conversation."""

from __future__ import annotations

import re
from collections.abc import Sequence

from charlm import analysis
from charlm.cli.arguments.mixing import count_ahead, has_counts, learnt_characters, split_weight
from charlm.cli.console.slash.context import Context
from charlm.cli.console.slash.models import COUNTS
from charlm.cli.terminal.waiting import waiting
from charlm.errors import UsageError
from charlm.models.counts import Counts
from charlm.models.mixture import Mixture
from charlm.models.predictor import Predictor
from charlm.ui.console import view

__all__ = ["mix", "show_members"]

OFF = "off"


def mix(context: Context, rest: str) -> None:
    """Give another model, or the counts of the training text, a weight in a mixture; show the members."""
    talk = context.conversation
    shares = context.models.shares(talk.model)
    if rest == OFF:
        shares = {next(iter(shares)): 1.0}
    elif rest == COUNTS:
        shares = _with_counts(context, shares, None)
    elif rest:
        _refuse_several(rest.split())
        name, weight = split_weight(rest, "/mix", removes=True)
        shares = _weighted(context, shares, name, weight)
    if rest:
        model = _mixture(shares)
        count_ahead(model)
        if model is not talk.model:
            talk.switch_model(model)
    show_members(context)


def _refuse_several(words: Sequence[str]) -> None:
    """Raise an error for several weighted models, as the row above the prompt names them."""
    if len(words) > 1 and all(re.fullmatch(r".+:[\d.]+", word) for word in words):
        raise UsageError(f"/mix takes one model at a time; type /mix {words[0]}, then /mix {words[1]}")


def show_members(context: Context) -> None:
    """Show the members of the mixture, or the model that writes alone."""
    shares = context.models.shares(context.conversation.model)
    context.show(view.mixture([(context.models.name(one), weight, one) for one, weight in shares.items()]))


def _weighted(context: Context, shares: dict[Predictor, float], name: str, weight: float) -> dict[Predictor, float]:
    """Give a member, by its name, a weight; the others share the rest in proportion. 0 removes it."""
    member = next((one for one in shares if context.models.name(one) == name), None)
    if member is None and not weight:
        raise UsageError(f"{name[:60]!r} is not in the mixture; /mix lists its members")
    if member is None and name == COUNTS:
        return _with_counts(context, shares, weight)
    member = _loaded(context, shares, name) if member is None else member
    if len(shares) == 1 and member in shares:
        remedy = "/mix MODEL:WEIGHT adds another" if weight else "/model takes another in its place"
        raise UsageError(f"{name[:60]!r} is the only model; {remedy}")
    return _shared(shares, member, weight)


def _shared(shares: dict[Predictor, float], member: Predictor, weight: float) -> dict[Predictor, float]:
    others = sum(w for one, w in shares.items() if one is not member)
    shared = {one: w * (1 - weight) / others for one, w in shares.items()} | {member: weight}
    return {one: w for one, w in shared.items() if w}


def _loaded(context: Context, shares: dict[Predictor, float], name: str) -> Predictor:
    """Load a model; of a file that is a member already, whatever its name was, return the member."""
    known = {one: context.models.checkpoint(one) for one in shares}
    loaded = context.models.load(name)
    same = (one for one, origin in known.items() if origin is not None and origin.path == loaded.path)
    model: Predictor = loaded.model
    return next(same, model)


def _with_counts(context: Context, shares: dict[Predictor, float], weight: float | None) -> dict[Predictor, float]:
    """Mix with the counts of the first model's training text; without a weight it is fitted."""
    rest = sum(w for one, w in shares.items() if not isinstance(one, Counts))
    models = {one: w / rest for one, w in shares.items() if not isinstance(one, Counts)}
    origin = next(filter(None, map(context.models.checkpoint, models)), None)
    if origin is None:
        raise UsageError("there is no model whose training text could be counted; /model loads one")
    own = next((context.models.name(one) for one in models if has_counts(one)), None)
    if own is not None:
        raise UsageError(f"{own!r} has counts of its own; charlm console --no-counts leaves them out")
    text, on_unknown = learnt_characters(origin, remedy="mix without counts")
    with waiting("counting n-grams"):
        mixture = analysis.with_counts(_mixture(models), text, on_unknown=on_unknown, weight=weight)
    counts = mixture.members[-1]
    return _shared(models, counts, mixture.weights[-1])


def _mixture(shares: dict[Predictor, float]) -> Predictor:
    members = [*shares]
    return members[0] if len(members) == 1 else Mixture(members, [*shares.values()])
