"""`python -m mtlhelpers COMMAND` is `mtlhelpers COMMAND`."""

import sys

from mtlhelpers.cli import main

if __name__ == "__main__":
    sys.exit(main())
