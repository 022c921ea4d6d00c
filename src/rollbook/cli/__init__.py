"""The command line: one thin door on to the same functions as the API and the library."""
