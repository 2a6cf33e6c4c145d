"""Completion of the command line in bash, zsh, fish and PowerShell.

``words``
    Completions of the word at the cursor, from the words before it.
``values``
    Completions of a value, by its name in the help: FILE, MODEL, ``rnn|lstm|gru``.
``shells``
    The script of each shell, and the forms of its queries and answers.
``bash``
    Parsing of the line and quoting of completions, which only bash needs.
``install``
    Installation of a shell's script.

A shell runs the program with `VARIABLE` in its environment and the words as arguments. The program prints the
completions of the last word, and nothing else, even after an error. Nothing here needs NumPy.
"""

from charlm.cli.completion.shells import SCRIPTS, VARIABLE, answer, current_shell, script

__all__ = ["SCRIPTS", "VARIABLE", "answer", "current_shell", "script"]
