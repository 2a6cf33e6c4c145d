"""The build step that pyproject.toml cannot express: the models under checkpoints/ become part of the package."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithModels(build_py):
    """Copy ``checkpoints/pretrained`` to ``charlm/pretrained``, where `charlm.checkpoint.locate` looks for it.

    An editable installation needs no copy: its package stands beside ``checkpoints``.
    """

    def run(self) -> None:
        """Build the package, then add the models."""
        super().run()
        if not self.editable_mode:
            for file in Path("checkpoints", "pretrained").glob("*/best.npz"):
                folder = Path(self.build_lib, "charlm", "pretrained", file.parent.name)
                self.mkpath(str(folder))
                self.copy_file(str(file), str(folder))


setup(cmdclass={"build_py": BuildWithModels})
