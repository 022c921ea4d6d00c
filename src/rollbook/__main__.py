"""`python -m rollbook`."""

from rollbook.cli.main import main

main()
