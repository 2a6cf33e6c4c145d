"""``python -m charlm`` is the command ``charlm``."""

from charlm.cli.entry import main

if __name__ == "__main__":
    main()
