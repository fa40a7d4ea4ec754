"""Line plots as SVG files without a library: log axes, spread as bars, light and dark."""

import math
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 640, 410
LEFT, RIGHT, TOP, BOTTOM = 74, 24, 72, 54
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .title { font-size: 15px; font-weight: 600 }
  .note { font-size: 12px; fill: #57606a }
  .back { fill: #ffffff } .frame { stroke: #8c959f; fill: none }
  .grid { stroke: #d8dee4 } .line { fill: none; stroke-width: 2 }
  .s0 { stroke: #0969da } .s1 { stroke: #bc4c00 } .s2 { stroke: #1a7f37 }
  .f0 { fill: #0969da } .f1 { fill: #bc4c00 } .f2 { fill: #1a7f37 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .note { fill: #9198a1 }
    .back { fill: #0d1117 } .frame { stroke: #656c76 } .grid { stroke: #2a313c }
    .s0 { stroke: #4493f8 } .s1 { stroke: #f0883e } .s2 { stroke: #3fb950 }
    .f0 { fill: #4493f8 } .f1 { fill: #f0883e } .f2 { fill: #3fb950 }
  }
"""


@dataclass
class Series:
    """Points (x, values): drawn at the median, with a bar from the lowest to the highest."""
    name: str
    points: list = field(default_factory=list)


@dataclass
class Plot:
    title: str
    note: str
    x_label: str
    y_label: str
    series: list
    log_x: bool = True
    log_y: bool = True
    ticks_x: list = None  # where they are not powers and halves
    names_x: list = None  # written at ticks_x in place of numbers


def median(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def log_ticks(low, high):
    """1, 2, 5 of each decade, or the decades alone where those would be many."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    digits = (1, 2, 5) if math.log10(high / low) < 2.2 else (1,)
    return [d * 10**e for e in decades for d in digits if low <= d * 10**e <= high * 1.0001]


def linear_ticks(high):
    step = 10 ** math.floor(math.log10(high / 4))
    step *= next(m for m in (1, 2, 5, 10) if high / (step * m) <= 6)
    return [i * step for i in range(int(high / step) + 1)]


class Axis:
    """From values to pixels; `begin` and `end` are pixels."""

    def __init__(self, values, log, begin, end, margin):
        self.log, self.begin, self.end = log, begin, end
        low, high = min(values), max(values)
        if log:
            self.low, self.high = low / margin, high * margin
            self.ticks = log_ticks(self.low, self.high)
        else:
            self.low, self.high = 0, high * 1.08
            self.ticks = linear_ticks(self.high)

    def at(self, value):
        convert = math.log if self.log else float
        low, high = convert(self.low), convert(self.high)
        return self.begin + (convert(value) - low) / (high - low) * (self.end - self.begin)


def draw_axes(plot, x, y):
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    for tick in y.ticks:
        at = y.at(tick)
        yield f'<line class="grid" x1="{LEFT}" x2="{right}" y1="{at:.1f}" y2="{at:.1f}"/>'
        yield f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{number(tick)}</text>'
    ticks = plot.ticks_x or x.ticks
    for tick, name in zip(ticks, plot.names_x or map(number, ticks)):
        at = x.at(tick)
        yield f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{TOP}" y2="{bottom}"/>'
        yield f'<text x="{at:.1f}" y="{bottom + 18}" text-anchor="middle">{escape(name)}</text>'
    yield (f'<rect class="frame" x="{LEFT}" y="{TOP}" width="{right - LEFT}" '
           f'height="{bottom - TOP}"/>')
    yield (f'<text x="{(LEFT + right) / 2}" y="{HEIGHT - 12}" text-anchor="middle">'
           f'{escape(plot.x_label)}</text>')
    yield (f'<text transform="translate(16 {(TOP + bottom) / 2}) rotate(-90)" '
           f'text-anchor="middle">{escape(plot.y_label)}</text>')


def draw_series(index, series, x, y):
    places = [(x.at(at), y.at(median(values))) for at, values in series.points]
    path = " ".join(f"{px:.1f},{py:.1f}" for px, py in places)
    yield f'<polyline class="line s{index}" points="{path}"/>'
    for (px, py), (_, values) in zip(places, series.points):
        yield (f'<line class="s{index}" x1="{px:.1f}" x2="{px:.1f}" y1="{y.at(min(values)):.1f}" '
               f'y2="{y.at(max(values)):.1f}"/>')
        yield f'<circle class="f{index}" cx="{px:.1f}" cy="{py:.1f}" r="3.5"/>'


def draw_legend(plot):
    at = LEFT
    for index, series in enumerate(plot.series):
        yield f'<line class="line s{index}" x1="{at}" x2="{at + 22}" y1="57" y2="57"/>'
        yield f'<text x="{at + 28}" y="61">{escape(series.name)}</text>'
        at += 56 + 7 * len(series.name)


def draw(plot):
    """The SVG file's text."""
    points = [point for series in plot.series for point in series.points]
    x = Axis([at for at, _ in points], plot.log_x, LEFT, WIDTH - RIGHT, 1.15)
    if plot.names_x:
        x.low, x.high = min(plot.ticks_x) - 0.4, max(plot.ticks_x) + 0.4
    y = Axis([v for _, values in points for v in values], plot.log_y, HEIGHT - BOTTOM, TOP, 1.3)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
             f'width="{WIDTH}" height="{HEIGHT}" role="img">',
             f"<title>{escape(plot.title)}</title>", f"<style>{STYLE}</style>",
             f'<rect class="back" width="{WIDTH}" height="{HEIGHT}"/>',
             f'<text class="title" x="{LEFT}" y="20">{escape(plot.title)}</text>',
             f'<text class="note" x="{LEFT}" y="37">{escape(plot.note)}</text>',
             *draw_axes(plot, x, y)]
    for index, series in enumerate(plot.series):
        parts += draw_series(index, series, x, y)
    if len(plot.series) > 1:
        parts += draw_legend(plot)
    return "\n".join([*parts, "</svg>", ""])
