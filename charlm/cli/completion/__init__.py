"""Completion of the command line in bash, zsh, fish and PowerShell.

``words``
    From the words before the cursor to what the begun one may become.
``values``
    What a value may be, by its name in the help: FILE, MODEL, ``rnn|lstm|gru``.
``shells``
    The script of each shell, and the form in which it asks and is answered.
``bash``
    What bash alone needs: its line is taken apart, and what goes back into it is quoted.
``install``
    Writes a shell's script to where the shell reads it.

A shell runs the program with `VARIABLE` in its environment and the words as arguments. The program prints what the
last word may become, and nothing else, whatever happens. Nothing here needs NumPy.
"""

from charlm.cli.completion.shells import SCRIPTS, VARIABLE, answer, current_shell, script

__all__ = ["SCRIPTS", "VARIABLE", "answer", "current_shell", "script"]
