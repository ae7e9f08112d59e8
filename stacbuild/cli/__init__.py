"""The command line: one file a command, over the Python API. Decides nothing about builds; words are made in `ui`."""
