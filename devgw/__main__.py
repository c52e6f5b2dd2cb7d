"""`python -m devgw` is `devgw`."""

from devgw.cli import main

if __name__ == "__main__":
    main()
