"""The command line: parse, call, print."""

from corticolimbic.cli._main import main as main
from corticolimbic.cli._parser import parser as parser
