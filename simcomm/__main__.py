"""``python -m simcomm``."""

from simcomm.cli import main

if __name__ == "__main__":
    main()
