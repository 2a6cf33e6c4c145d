"""A disk that is full, a limit on file sizes, a disk that fails: exit 5, and what was saved before is untouched."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.figures import figure

pytestmark = [
    pytest.mark.promise(6),
    pytest.mark.skipif(os.name == "nt", reason="needs limits and mounts of POSIX"),
]

# In a folder of its own: a finished run, then three ways to let saving fail when it goes on, each time from there.
SCRIPT = textwrap.dedent("""
    import contextlib, errno, io, os, resource, sys
    from pathlib import Path
    from charlm.cli.entry import run

    how = sys.argv[1]
    Path("t.txt").write_text("the cat sat on the mat and ran far off to see the dog " * 9)
    flags = ["--hidden-size", "24", "--batch-size", "4", "--seq-length", "9", "--shards", "1"]
    assert run(["train", "t.txt", "--out", "r", "--steps", "4", "--save-every", "2", "--quiet", *flags]) == 0
    files = ("last.npz", "best.npz", "config.json", "log.jsonl")
    before = {name: Path("r", name).read_bytes() for name in files}

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    real = os.fsync
    def broken(_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))
    if how == "ENOSPC":
        with contextlib.suppress(OSError), open("junk", "wb", buffering=0) as junk:
            while junk.write(bytes(64)):
                pass
    if how == "EFBIG":
        size = len(before["last.npz"]) // 2
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    if how == "EIO":
        os.fsync = broken

    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        code = run(["resume", "r", "--steps", "8", "--quiet"])

    os.fsync = real
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    Path("junk").unlink(missing_ok=True)
    print(code, repr(said.getvalue()))
    print([name for name in files[:2] if Path("r", name).read_bytes() != before[name]])
    print(sorted(file.name for file in Path("r").iterdir()))
    assert run(["resume", "r", "--steps", "8", "--quiet"]) == 0  # and nothing is lost
    print(b'"step": 8' in Path("r", "log.jsonl").read_bytes())
""")
REMEDIES = {
    "ENOSPC": "free some space",
    "EFBIG": "raise the limit on file sizes (ulimit -f)",
    "EIO": "check the disk",
}
MOUNT = [
    "unshare",
    "--mount",
    "--map-root-user",
    "sh",
    "-c",
    'mount -t tmpfs -o size=256k none "$0" && cd "$0" && "$@"',
]


def mounts(folder: Path) -> bool:
    """Tell whether a small file system can be mounted here."""
    if not shutil.which("unshare"):
        return False
    return subprocess.run([*MOUNT, str(folder), "true"], capture_output=True).returncode == 0


@pytest.mark.parametrize("how", figure(["ENOSPC", "EIO"], [*REMEDIES]))
def test_the_checkpoint_before_is_whole(tmp_path: Path, how: str) -> None:
    command = [sys.executable, "-c", SCRIPT, how]
    if how == "ENOSPC":
        if not mounts(tmp_path):
            pytest.skip("no small file system can be mounted here (unshare and mount are refused or missing)")
        command = [*MOUNT, str(tmp_path), *command]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    code_and_error, changed, files, finished = done.stdout.splitlines()
    code, error = code_and_error.split(" ", 1)
    assert code == "5"
    assert error.startswith("\"charlm: cannot write 'r/")
    assert error.endswith(f'; {REMEDIES[how]}\\n"')
    assert error.count("\\n") == 1
    assert changed == "[]"
    assert files == "['.lock', 'best.npz', 'config.json', 'last.npz', 'log.jsonl']"
    assert finished == "True"
