from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest


def _npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=(1, 0), allow_pickle=False)
    return file.getvalue()


def _archive(members: Sequence[tuple[str, bytes]], method: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return file.getvalue()


def _meta(body: bytes | dict[str, Any]) -> bytes:
    """The member ``__meta__.npy`` as the documentation of the format describes it, made without charlm."""
    if isinstance(body, dict):
        body = json.dumps(body).encode()
    text = body[:-1] + b',"meta_sha256":"' + hashlib.sha256(body).hexdigest().encode() + b'"}'
    return _npy(np.frombuffer(text, np.uint8))


def _digest(name: str, array: np.ndarray) -> str:
    head = f"{name}\n{array.dtype.str}\n{','.join(map(str, array.shape))}\n".encode()
    return hashlib.sha256(head + array.tobytes()).hexdigest()


class Forge:
    """Makes checkpoint files byte by byte, sound and hostile ones, independently of charlm's writer."""

    npy = staticmethod(_npy)
    archive = staticmethod(_archive)
    meta = staticmethod(_meta)
    digest = staticmethod(_digest)


@pytest.fixture(scope="session")
def forge() -> type[Forge]:
    return Forge
