"""Reading clinical sources: from cells as written to the long table of visits."""
