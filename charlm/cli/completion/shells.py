"""The script of each shell, and the forms of its queries and answers."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from charlm.cli.completion.bash import inserted, read_line
from charlm.cli.completion.values import Completion, values
from charlm.cli.completion.words import candidates

__all__ = ["SCRIPTS", "VARIABLE", "answer", "current_shell", "script"]

VARIABLE = "_CHARLM_COMPLETE"
"""Names the shell that asks; the words are the program's arguments, the one at the cursor last."""

_BASH = """\
_charlm_completion() {
    local found
    COMPREPLY=()
    while IFS= read -r found; do
        COMPREPLY+=("$found")
    done < <(_CHARLM_COMPLETE=bash %(program)s "${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null)
}
complete -o nospace -F _charlm_completion charlm
"""

_ZSH = """\
#compdef charlm
_charlm_completion() {
    local found
    local -a whole begun
    if [[ $PREFIX == "~"* ]]; then
        _files
        return
    fi
    while IFS= read -r found; do
        if [[ $found == "+"* ]]; then
            begun+=("${found#+}")
        else
            whole+=("${found# }")
        fi
    done < <(_CHARLM_COMPLETE=zsh %(program)s "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)
    _describe -V charlm whole
    _describe -V charlm begun -S ''
}
if (( ! $+functions[compdef] )); then
    autoload -Uz compinit
    compinit
fi
compdef _charlm_completion charlm
"""

_FISH = """\
function __charlm_completion
    set -l begun (commandline -ct)
    set -l words (commandline -opc)
    env _CHARLM_COMPLETE=fish %(program)s $words[2..] "$begun" 2>/dev/null
end
complete -c charlm -f -k -a '(__charlm_completion)'
"""

_POWERSHELL = """\
Register-ArgumentCompleter -Native -CommandName charlm -ScriptBlock {
    param($begun, $line, $cursor)
    $words = @($line.CommandElements | Select-Object -Skip 1 | Where-Object { $_.Extent.EndOffset -lt $cursor })
    $env:_CHARLM_COMPLETE = 'powershell'
    try {
        %(program)s @($words | ForEach-Object { "$_".Trim('"', "'") }) "=$begun" 2>$null | ForEach-Object {
            $value, $help = $_ -split "`t", 2
            $shown = if ($help) { $help } else { $value }
            $text = if ($value -match '[ ()&;]') { "'$value'" } else { $value }
            [System.Management.Automation.CompletionResult]::new($text, $value, 'ParameterValue', $shown)
        }
    } finally {
        Remove-Item Env:_CHARLM_COMPLETE
    }
}
"""

SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH, "powershell": _POWERSHELL}


def script(shell: str, started_as: str = "charlm") -> str:
    """Return the script that makes a shell query the program.

    Parameters
    ----------
    shell : str
        One of `SCRIPTS`.
    started_as : str
        ``sys.argv[0]``; for ``python -m charlm`` the script runs that Python.
    """
    module = Path(started_as).parts[-2:] == ("charlm", "__main__.py")
    call = "& " if shell == "powershell" else ""
    return SCRIPTS[shell] % {"program": f'{call}"{sys.executable}" -m charlm' if module else "charlm"}


def current_shell() -> str | None:
    """Return the shell that started the program, None if unknown."""
    try:
        name = importlib.import_module("shellingham").detect_shell()[0]  # a dependency of typer
    except Exception:
        name = Path(os.environ.get("SHELL", "")).name
    name = {"pwsh": "powershell"}.get(name, name)
    return name if name in SCRIPTS else None


def answer(program: Any, shell: str, arguments: Sequence[str]) -> str:
    """Return the answer that a shell's script expects: a line for every completion.

    Parameters
    ----------
    program : Group
        Of click.
    shell : str
        Value of `VARIABLE`; an unknown shell gets nothing.
    arguments : sequence of str
        The words, the incomplete one last; for bash the line up to the cursor and ``COMP_WORDBREAKS``.
    """
    if shell == "bash":
        line = read_line(arguments[0])
        found = values("FILE", line.begun) if line.redirected else candidates(program, line.words, line.begun)
        rows = [inserted(one, line, arguments[1]) for one in found]
    elif shell in SCRIPTS:
        *words, begun = arguments or [""]
        if shell == "fish":
            begun = read_line(f"charlm {begun}").begun  # it has quotes
        elif shell == "powershell":
            begun = begun.removeprefix("=").strip("'\"")  # older versions drop an empty argument
        rows = [_row(shell, one) for one in candidates(program, words, begun)]
    else:
        rows = []
    return "".join(f"{row}\n" for row in rows)


def _row(shell: str, found: Completion) -> str:
    if shell != "zsh":
        return f"{found.value}\t{found.help}".rstrip("\t")
    value = found.value.replace("\\", "\\\\").replace(":", "\\:")
    return ("+" if value.endswith("/") else " ") + (f"{value}:{found.help}" if found.help else value)
