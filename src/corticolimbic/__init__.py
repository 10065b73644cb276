"""Measure the corticolimbic circuit from MRI derivatives, and follow people from acute to chronic pain."""
