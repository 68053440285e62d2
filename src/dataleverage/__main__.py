"""`python -m dataleverage`."""

from dataleverage.cli import main

main()
