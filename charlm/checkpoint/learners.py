"""Metadata and tensors of a learner or a mixture in a checkpoint, and either built from them.

The tensors of a mixture's member k are named ``members.<k>.…``. Of counts they are the text that was counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from charlm.checkpoint.archive import DamagedError
from charlm.checkpoint.locate import COMMANDS_OF_KIND
from charlm.checkpoint.npy import Tensor
from charlm.config import ModelConfig, from_mapping
from charlm.errors import CharlmError, CheckpointError, UsageError, VocabularyError
from charlm.models.counts import LONGEST_ORDER, Counts
from charlm.models.language_model import CharModel
from charlm.models.learner import Learner
from charlm.models.mixture import Mixture
from charlm.models.predictor import Predictor
from charlm.models.series import SeriesModel
from charlm.models.transducer import Transducer
from charlm.nn.arrays import Shape
from charlm.nn.parameters import ParameterStore
from charlm.text.vocabulary import Vocabulary

__all__ = ["Stored", "descriptions_of_members", "learner_of", "metadata_of", "tensors_of"]

Stored: TypeAlias = Learner | Mixture
"""A model that a checkpoint can hold."""

_KINDS: dict[str, type[Any]] = {kind.kind: kind for kind in (CharModel, Mixture, SeriesModel, Transducer)}
_MOST_MEMBERS = 64
_LARGEST = 1e9  # a weight that is a number at all


def metadata_of(model: Stored) -> dict[str, Any]:
    """Return the kind of a model and everything but its tensors, for JSON.

    Raises
    ------
    UsageError
        If a member of a mixture is neither a network nor counts.
    """
    if not isinstance(model, Mixture):
        return {"kind": model.kind, **model.describe()}
    members: list[dict[str, Any]] = []
    for member in model.members:
        if not isinstance(member, (CharModel, Counts)):
            raise UsageError(f"a mixture with a {member.kind} as a member cannot be saved; mix its members instead")
        own = {name: value for name, value in member.describe().items() if name != "vocabulary"}
        members.append({"kind": member.kind, **own})
    vocabulary = model.vocabulary.to_json()
    return {"kind": model.kind, "members": members, "weights": list(model.weights), "vocabulary": vocabulary}


def tensors_of(model: Stored) -> Mapping[str, Tensor]:
    """Return the tensors of a model by their names in checkpoints."""
    if not isinstance(model, Mixture):
        return model.params
    members = ((k, member) for k, member in enumerate(model.members) if isinstance(member, (CharModel, Counts)))
    return {f"members.{k}.{name}": tensor for k, member in members for name, tensor in member.tensors().items()}


def learner_of(meta: Mapping[str, Any], tensors: Mapping[str, Tensor], kind: type[Any] | None) -> Any:
    """Build the model of a checkpoint.

    Parameters
    ----------
    meta : mapping
        The metadata, untrusted input.
    tensors : mapping of str to ndarray
        All tensors of the model.
    kind : type or None
        The expected class; None for any that charlm has, `Predictor` for those that predict texts.

    Raises
    ------
    DamagedError
        If it is of another kind, or does not fit together.
    """
    wanted = _class_of(meta, kind)
    if wanted is CharModel:
        return _network(meta, meta.get("vocabulary"), tensors)
    try:
        if wanted is Mixture:
            return _mixture(meta, tensors)
        if wanted is Transducer or wanted is SeriesModel:
            _check_shapes(wanted.tensor_shapes(meta), tensors)
        learner: Learner = wanted.build(meta)
    except DamagedError:
        raise
    except (AttributeError, CharlmError, KeyError, TypeError, ValueError) as error:
        raise _misfit(wanted.kind, error) from error
    _fill_(learner.params, tensors)
    return learner


def _class_of(meta: Mapping[str, Any], kind: type[Any] | None) -> Any:
    """Return the class of the model, which is the expected one."""
    found = meta.get("kind", CharModel.kind)  # the only kind of the first files
    wanted: Any = kind
    if kind is None:
        wanted = _KINDS.get(found) if isinstance(found, str) else None
        if wanted is None:
            raise DamagedError(f"it holds a {str(found)[:40]}", "name its class: charlm.load(path, MyLearner)")
    elif kind is Predictor:
        wanted = Mixture if found == Mixture.kind else CharModel
    if found != wanted.kind:
        remedy = COMMANDS_OF_KIND.get(str(found), "use another checkpoint")
        raise DamagedError(f"it holds a {str(found)[:40]}, not a {wanted.kind}", remedy)
    return wanted


def _misfit(what: str, error: Exception) -> DamagedError:
    cause = str(error).replace("`", "")  # names in the file, not flags of the command line
    return DamagedError(f"its {what} does not fit together: {cause}")


def _check_shapes(shapes: Mapping[str, Shape], weights: Mapping[str, Tensor]) -> None:
    """Raise an error for tensors of other names or shapes, before any allocation."""
    odd = sorted(set(shapes) ^ set(weights))
    if odd:
        raise DamagedError(f"tensor {odd[0]} is {'missing' if odd[0] in shapes else 'not of this learner'}")
    for name, shape in shapes.items():
        if weights[name].shape != shape:
            raise DamagedError(f"tensor {name} has shape {weights[name].shape}; this learner needs {shape}")


def _fill_(params: ParameterStore, weights: Mapping[str, Tensor]) -> None:
    """Copy tensors of the same names, shapes and type into a store, in place."""
    _check_shapes(params.shapes, weights)
    for name, tensor in params.items():
        found = weights[name]
        if found.dtype != tensor.dtype:
            raise DamagedError(f"tensor {name} is {found.dtype}; this learner needs {tensor.dtype}")
        tensor[...] = found


def _network(meta: Mapping[str, Any], vocabulary: Any, weights: Mapping[str, Tensor]) -> CharModel:
    config = meta.get("model")
    if not isinstance(config, dict) or not isinstance(vocabulary, dict):
        raise DamagedError("it has no model configuration or no vocabulary")
    try:
        settings = from_mapping(ModelConfig, config)
        _check_types(settings, weights)
        return CharModel.from_tensors(settings, Vocabulary.from_json(vocabulary), weights)
    except (CheckpointError, UsageError, VocabularyError) as error:
        raise _misfit("model", error) from error


def _check_types(config: ModelConfig, weights: Mapping[str, Tensor]) -> None:
    """Raise an error for tensors of another type than the model's, such as bytes."""
    for name, tensor in weights.items():
        if tensor.dtype != config.dtype:
            raise DamagedError(f"tensor {name} is {tensor.dtype} in a model of {config.dtype}")


def descriptions_of_members(meta: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what the metadata of a mixture, untrusted input, say of each member.

    Raises
    ------
    DamagedError
        If that is no list of objects.
    """
    members = meta.get("members")
    if not isinstance(members, list) or not 0 < len(members) <= _MOST_MEMBERS:
        raise DamagedError(f"its mixture does not have from 1 to {_MOST_MEMBERS} members")
    if not all(isinstance(member, dict) for member in members):
        raise DamagedError("a member of its mixture is not described")
    return members


def _mixture(meta: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Mixture:
    described, weights = descriptions_of_members(meta), meta.get("weights")
    if not isinstance(weights, list) or not all(
        type(one) in (float, int) and abs(one) < _LARGEST for one in weights
    ):
        raise DamagedError("its mixture has no weights of its members")
    if not isinstance(meta.get("vocabulary"), dict):
        raise DamagedError("its mixture has no vocabulary")
    parts: dict[str, dict[str, Tensor]] = {str(k): {} for k in range(len(described))}
    for name, tensor in tensors.items():
        prefix, _, rest = name.partition(".")
        number, _, own = rest.partition(".")
        if prefix != "members" or number not in parts:
            raise DamagedError(f"tensor {name} is not of this mixture")
        parts[number][own] = tensor
    vocabulary = Vocabulary.from_json(meta["vocabulary"])
    members: list[Predictor] = []
    for member, part in zip(described, parts.values(), strict=True):
        kind = member.get("kind")
        if kind == Counts.kind:
            members.append(_counts(member, vocabulary, part))
        elif kind == CharModel.kind:
            members.append(_network(member, meta["vocabulary"], part))
        else:
            raise DamagedError(f"a member of its mixture is a {str(kind)[:40]}, not a network or counts")
    return Mixture(members, weights)


def _counts(description: Mapping[str, Any], vocabulary: Vocabulary, tensors: Mapping[str, Tensor]) -> Counts:
    ids, order = tensors.get("ids"), description.get("order")
    if ids is None or len(tensors) != 1 or ids.ndim != 1 or ids.dtype.kind != "u":
        raise DamagedError("the counts of its mixture have no text")
    if type(order) is not int or not 1 <= order <= LONGEST_ORDER:
        raise DamagedError(f"the counts of its mixture have no order from 1 to {LONGEST_ORDER}")
    return Counts(vocabulary, ids, order=order)
