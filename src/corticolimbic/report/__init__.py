"""The page: reads the tables of one results folder, draws and words them; computes nothing statistical."""

from corticolimbic.report._individual_page import render_individual as render_individual
from corticolimbic.report._page import render as render
from corticolimbic.report._pool_page import render_pool as render_pool
