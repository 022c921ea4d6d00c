"""What each report says: parameters, files, columns and rows."""
