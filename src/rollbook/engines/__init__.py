"""Where the tables live: one adapter for each kind of engine."""
