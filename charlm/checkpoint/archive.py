"""The members of a stored zip archive, as untrusted input.

Archives are written by Python's `zipfile`, whose reader allocates any size claimed by an archive's directory and
raises many kinds of exceptions. This reader accepts only archives as charlm writes them: contiguous stored members
without encryption, comments or other bytes. Sizes are checked against the file's size before anything is read.

References
----------
.. [1] PKWARE, "APPNOTE.TXT - .ZIP File Format Specification", 6.3.10, section 4.3.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from io import BufferedReader

__all__ = ["NAME", "DamagedError", "ZippedTensor", "list_members", "read_exactly"]

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,199}")

_LOCAL = struct.Struct("<4s5H3L2H")  # [1]_ 4.3.7
_ENTRY = struct.Struct("<4s6H3L5H2L")  # 4.3.12
_END64 = struct.Struct("<4sQ2H2L4Q")  # 4.3.14
_LOCATOR = struct.Struct("<4sLQL")  # 4.3.15
_END = struct.Struct("<4s4H2LH")  # 4.3.16
_WIDE = 0xFFFFFFFF  # the number is in the zip64 extra field, 4.5.3

# a stack of 64 layers with two optimiser slots, averages and states has about 1,100 tensors
_MAX_MEMBERS = 4096
_MAX_DIRECTORY = 1 << 20


class DamagedError(Exception):
    """A fault in a file's bytes, as a clause; `as_checkpoint_error` completes the message.

    Parameters
    ----------
    reason : str
    remedy : str
        Advice.
    """

    def __init__(self, reason: str, remedy: str = "use the run's other checkpoint, or a copy") -> None:
        super().__init__(reason)
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class ZippedTensor:
    """The position of a member's bytes in the file.

    Parameters
    ----------
    start, size : int
        Bytes.
    """

    start: int
    size: int


def list_members(file: BufferedReader, file_size: int) -> dict[str, ZippedTensor]:
    """Locate the members of an archive, in file order.

    Parameters
    ----------
    file : BufferedReader
        Seekable.
    file_size : int
        Bytes.

    Returns
    -------
    dict of str to ZippedTensor
        By name without ``.npy``.

    Raises
    ------
    DamagedError
        If charlm cannot have written the archive.
    """
    directory_start, directory, count = _read_directory(file, file_size)
    members: dict[str, ZippedTensor] = {}
    position = offset = 0
    for _ in range(count):
        if len(directory) - position < _ENTRY.size:
            raise DamagedError("its table of contents ends early")
        signature, _, _, flags, method, _, _, crc, packed, size, n, extra, comment, disk, _, _, local = (
            _ENTRY.unpack_from(directory, position)
        )
        if signature != b"PK\1\2" or comment or disk:
            raise DamagedError("its table of contents is garbled")
        if flags or method:
            raise DamagedError("it has an encrypted or compressed member, which charlm never writes")
        position += _ENTRY.size
        raw_name = directory[position : position + n]
        fields = directory[position + n : position + n + extra]
        position += n + extra
        size, packed, local = _widen((size, packed, local), fields)
        if packed != size or local != offset or size > file_size:
            raise DamagedError("its members are not where its table of contents says")
        name = _member_name(raw_name)
        if name in members:
            raise DamagedError(f"{name!r} is in it twice")
        start = _data_start(file, offset, raw_name, crc)
        offset = start + size
        members[name] = ZippedTensor(start, size)
    if position != len(directory) or offset != directory_start:
        raise DamagedError("something lies in it that its table of contents does not name")
    return members


def read_exactly(file: BufferedReader, start: int, size: int) -> bytes:
    """Read `size` bytes from `start` on, or raise `DamagedError` at the end of the file."""
    file.seek(start)
    data = file.read(size)
    if len(data) != size:
        raise DamagedError("it ends early")
    return data


def _read_directory(file: BufferedReader, file_size: int) -> tuple[int, bytes, int]:
    """Return the start of the table of contents, its bytes and its number of entries."""
    end = file_size - _END.size
    if end < 0:
        raise DamagedError(f"it has {file_size} bytes, too few for a checkpoint")
    signature, *disks, here, count, size, start, comment = _END.unpack(read_exactly(file, end, _END.size))
    if signature != b"PK\5\6" or any(disks) or comment:
        raise DamagedError("it does not end as a .npz file does: cut short, or not a checkpoint")
    wide = end - _LOCATOR.size - _END64.size
    if wide >= 0 and read_exactly(file, wide + _END64.size, 4) == b"PK\6\7":
        _, disk, record, _ = _LOCATOR.unpack(read_exactly(file, wide + _END64.size, _LOCATOR.size))
        signature, _, _, _, *disks, here, count, size, start = _END64.unpack(read_exactly(file, wide, _END64.size))
        if signature != b"PK\6\6" or disk or any(disks) or record != wide:
            raise DamagedError("its zip64 end is garbled")
        end = wide
    if start + size != end or here != count:
        raise DamagedError("its table of contents is not where its end says")
    if count > _MAX_MEMBERS or size > _MAX_DIRECTORY:
        raise DamagedError(f"it claims {count} members; a checkpoint has at most {_MAX_MEMBERS}")
    return start, read_exactly(file, start, size), count


def _widen(numbers: tuple[int, ...], extra: bytes) -> list[int]:
    """Replace numbers beyond 32 bits by those of the zip64 extra field, in its fixed order."""
    count = numbers.count(_WIDE)
    head = struct.pack("<2H", 1, 8 * count) if count else b""
    if extra[:4] != head or len(extra) != len(head) + 8 * count:
        raise DamagedError("it has an extra field that charlm never writes")
    wide = iter(struct.unpack(f"<{count}Q", extra[len(head) :]))
    return [next(wide) if number == _WIDE else number for number in numbers]


def _member_name(raw: bytes) -> str:
    name = raw.decode("latin-1")
    if not name.endswith(".npy") or not NAME.fullmatch(name.removesuffix(".npy")):
        raise DamagedError(f"it has a member {name[:40]!r}, which is no tensor's name")
    return name.removesuffix(".npy")


def _data_start(file: BufferedReader, offset: int, raw_name: bytes, crc: int) -> int:
    """Check a member's local header against its entry, and return the start of its data."""
    signature, _, flags, method, _, _, local_crc, _, _, n, extra = _LOCAL.unpack(
        read_exactly(file, offset, _LOCAL.size)
    )
    start: int = offset + _LOCAL.size + n + extra
    if signature != b"PK\3\4" or flags or method or local_crc != crc or n != len(raw_name):
        raise DamagedError("a member's header contradicts the table of contents")
    if read_exactly(file, offset + _LOCAL.size, n) != raw_name:
        raise DamagedError("a member's name contradicts the table of contents")
    return start
