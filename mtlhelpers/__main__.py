"""`python -m mtlhelpers COMMAND` is `mtlhelpers COMMAND`."""

import sys

if __name__ == "__main__":
    try:
        from mtlhelpers.cli import main
    except KeyboardInterrupt:  # in the first moment, before `main` could hear it
        sys.exit(130)
    sys.exit(main())
