"""The page: reads the tables of one results folder, draws and words them; computes nothing statistical."""

from corticolimbic.report._page import render as render
