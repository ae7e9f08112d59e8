"""`python -m stacbuild` is `stacbuild`. The guard matters: workers import this module when they start."""

from stacbuild.cli.main import main

if __name__ == "__main__":
    main()
