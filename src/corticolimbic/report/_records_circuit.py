"""The circuit as measured, as typed records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from corticolimbic.report import _lenient as read


@dataclass(frozen=True)
class Region:
    """A region with its place in MNI space in mm (NaN where it has none)."""

    id: str
    name: str
    side: str
    x: float
    y: float
    z: float


@dataclass(frozen=True)
class Link:
    """An edge between two region ids; ``stands_in_for`` names the edge that the atlas cannot tell apart."""

    target: str
    a: str
    b: str
    primary: bool
    stands_in_for: str
    atlas: str


@dataclass(frozen=True)
class Mean:
    """The mean of one edge over the people of one population, with its 95 % interval."""

    population: str
    task: str
    acq: str
    space: str
    atlas: str
    strategy: str
    statistic: str
    target: str
    mean: float
    sd: float
    ci_low: float
    ci_high: float
    n: int
    unit: str

    @property
    def series(self) -> tuple[str, str, str, str, str]:
        """Task, acquisition, space, atlas and denoising: means of one edge that differ in any stay apart."""
        return self.task, self.acq, self.space, self.atlas, self.strategy


@dataclass(frozen=True)
class Circuit:
    """Regions, edges and mean connectivity."""

    regions: tuple[Region, ...]
    links: tuple[Link, ...]
    means: tuple[Mean, ...]

    @property
    def primary(self) -> frozenset[str]:
        """Targets of the primary edges."""
        return frozenset(link.target for link in self.links if link.primary)

    @classmethod
    def read(cls, value: Any) -> Circuit:
        """Read ``circuit.json``."""
        top = read.mapping(value)
        return cls(
            regions=tuple(_region(item) for item in read.objects(top.get("regions"))),
            links=tuple(_link(item) for item in read.objects(top.get("edges"))),
            means=tuple(_mean(item) for item in read.objects(top.get("means"))),
        )


def _region(item: dict[str, Any]) -> Region:
    name = read.text(item.get("id"))
    return Region(
        id=name,
        name=read.text(item.get("name")) or name,
        side=read.text(item.get("side")) or "M",
        x=read.number(item.get("x")),
        y=read.number(item.get("y")),
        z=read.number(item.get("z")),
    )


def _link(item: dict[str, Any]) -> Link:
    target = read.text(item.get("target"))
    a, b = read.text(item.get("a")), read.text(item.get("b"))
    primary = item.get("primary") in (True, 1, "1", "true")
    stands_in_for, atlas = read.text(item.get("stands_in_for")), read.text(item.get("atlas"))
    return Link(target or f"{a}--{b}", a, b, primary, stands_in_for, atlas)


def _mean(item: dict[str, Any]) -> Mean:
    return Mean(
        population=read.text(item.get("population")),
        task=read.text(item.get("task")),
        acq=read.text(item.get("acq")),
        space=read.text(item.get("space")),
        atlas=read.text(item.get("atlas")),
        strategy=read.text(item.get("strategy")),
        statistic=read.text(item.get("statistic")),
        target=read.text(item.get("target")),
        mean=read.number(item.get("mean")),
        sd=read.number(item.get("sd")),
        ci_low=read.number(item.get("ci_low")),
        ci_high=read.number(item.get("ci_high")),
        n=read.count(item.get("n")),
        unit=read.text(item.get("unit")),
    )
