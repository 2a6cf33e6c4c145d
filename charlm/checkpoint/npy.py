"""An array as a ``.npy`` member, in the form that charlm writes; reading evaluates nothing.

References
----------
.. [1] NumPy Enhancement Proposal 1, "A Simple File Format for NumPy Arrays"; version 1.0.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator
from io import BufferedReader
from typing import Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray

from charlm.checkpoint.archive import DamagedError, ZippedTensor, read_exactly

__all__ = ["DTYPES", "Tensor", "digest", "read_array", "write_array"]

Tensor: TypeAlias = NDArray[Any]

DTYPES = ("<f4", "<f8", "<i8", "|u1")

_MAGIC = b"\x93NUMPY\x01\x00"
_MAX_HEADER = 1024
# exactly NumPy's form; NumPy's reader would evaluate the text with a Python parser
_HEADER = re.compile(
    rb"\{'descr': '(<f4|<f8|<i8|\|u1)', 'fortran_order': False, "
    rb"'shape': \((|[0-9]{1,15},|[0-9]{1,15}(?:, [0-9]{1,15}){1,7})\), \} *\n"
)
_MAX_ENTRIES = 1 << 48  # an empty dimension counts as 1, as in NumPy
_CHUNK = 1 << 20


def write_array(file: BinaryIO, array: Tensor) -> None:
    """Write header and bytes of an array of one of `DTYPES`, in C order, without a copy of the whole."""
    header = {"descr": array.dtype.str, "fortran_order": False, "shape": array.shape}
    np.lib.format.write_array_header_1_0(file, header)
    for piece in _pieces(array):
        file.write(piece)


def read_array(file: BufferedReader, member: ZippedTensor) -> Tensor:
    """Read the array of a member.

    Shape and type are checked against the member's size, and this against the file's, before memory is allocated.

    Raises
    ------
    DamagedError
        If it is not an array written by `write_array`.
    """
    if member.size < len(_MAGIC) + 2:
        raise DamagedError("an array in it has no header")
    start = read_exactly(file, member.start, len(_MAGIC) + 2)
    length = int.from_bytes(start[-2:], "little")
    if start[:-2] != _MAGIC or length > min(_MAX_HEADER, member.size - len(start)):
        raise DamagedError("an array in it has a garbled header")
    found = _HEADER.fullmatch(read_exactly(file, member.start + len(start), length))
    if found is None:
        raise DamagedError("an array in it has a header that charlm never writes")
    dtype = np.dtype(found[1].decode())
    shape = tuple(int(number) for number in re.findall(rb"[0-9]+", found[2]))
    claimed = math.prod(shape) * dtype.itemsize
    held = member.size - len(start) - length
    if claimed != held or math.prod(max(1, n) for n in shape) > _MAX_ENTRIES:
        raise DamagedError(f"an array in it claims {claimed} bytes and holds {held}")
    array = np.empty(shape, dtype)
    file.seek(member.start + len(start) + length)
    for piece in _pieces(array):
        if file.readinto(piece) != len(piece):
            raise DamagedError("it ends early")
    return array


def digest(name: str, array: Tensor) -> str:
    r"""Return the SHA-256 of ``name\ndtype\nshape\n`` and the array's bytes, in hexadecimal.

    Examples
    --------
    >>> digest("head.b", np.zeros(2, "<f4")) == hashlib.sha256(b"head.b\n<f4\n2\n" + bytes(8)).hexdigest()
    True
    """
    shape = ",".join(map(str, array.shape))
    total = hashlib.sha256(f"{name}\n{array.dtype.str}\n{shape}\n".encode())
    for piece in _pieces(array):
        total.update(piece)
    return total.hexdigest()


def _pieces(array: Tensor) -> Iterator[memoryview]:
    """Yield the array's bytes in C order: views, or copies of some rows if the array has another order in memory.

    Some systems truncate a single write of gigabytes.
    """
    if not array.flags.c_contiguous:
        rows = max(1, _CHUNK // max(1, array[:1].nbytes))
        for i in range(0, len(array), rows):
            yield from _pieces(np.ascontiguousarray(array[i : i + rows]))
        return
    data = array.reshape(-1).view(np.uint8).data
    for i in range(0, len(data), _CHUNK):
        yield data[i : i + _CHUNK]
