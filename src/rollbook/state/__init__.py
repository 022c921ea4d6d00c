"""What Rollbook itself remembers: runs, report files, tokens, workers."""
