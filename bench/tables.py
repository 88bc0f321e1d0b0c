"""Tables of bench/run: Markdown, ratios, means."""
import math, os, platform, statistics, time


def cpu_name():
    for line in open('/proc/cpuinfo'):
        if line.startswith('model name'):
            return line.split(':', 1)[1].strip()
    return platform.machine()


def machine():
    return (f'{cpu_name()}, {os.cpu_count()} CPUs, {platform.system()} {platform.release().split("-")[0]}, '
            f'{time.strftime("%Y-%m-%d")}')


def table(columns, lines, text_of):
    """`text_of(line, column)`: what the cell says."""
    return ['| | ' + ' | '.join(columns) + ' |', '|---|' + '---:|' * len(columns),
            *(f'| {line} | ' + ' | '.join(text_of(line, column) for column in columns) + ' |' for line in lines)]


def geometric_mean(values):
    values = list(values)
    return math.exp(statistics.fmean(map(math.log, values))) if values else None


def median(values):
    return statistics.median(value for value in values if value is not None)


def ratio(values, base):
    """Of what was measured side by side, a value or None a round: the median of the rounds' ratios."""
    ratios = [a / b for a, b in zip(values, base) if a is not None and b]
    return statistics.median(ratios) if ratios else None


def digits(value):
    """Three digits that mean something."""
    return f'{value:.0f}' if value >= 100 else f'{value:.1f}' if value >= 10 else f'{value:.2f}'
