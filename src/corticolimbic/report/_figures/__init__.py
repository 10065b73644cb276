"""The figures: each module plans one, from rows that are ready to draw."""
