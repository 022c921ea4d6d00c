"""The institution's tables and the words Canvas uses for its things."""
