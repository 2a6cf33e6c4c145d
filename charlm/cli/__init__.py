"""The command line: parse, configure, call the library, render."""
