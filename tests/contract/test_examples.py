"""Every example in a docstring runs and shows what it says."""

from __future__ import annotations

import doctest
from types import ModuleType

FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def test_every_docstring_example_runs(modules: dict[str, ModuleType]) -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    runner = doctest.DocTestRunner(optionflags=FLAGS, verbose=False)
    report: list[str] = []
    for module in modules.values():
        for example in finder.find(module, module=module):
            runner.run(example, out=report.append)
    assert runner.tries > 0
    assert runner.failures == 0, "".join(report)
