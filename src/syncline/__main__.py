"""Lets `python -m syncline` be the command `syncline`."""

from syncline.cli import main

if __name__ == "__main__":
    main()
