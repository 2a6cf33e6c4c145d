"""The commands, one file each: settings from the command line, a call of the library, its result on the screen."""
