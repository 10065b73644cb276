"""The sections of the page: each module words one, from the tables of the results."""
