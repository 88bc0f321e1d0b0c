"""The picture of bench/run for the README: bars of throws, and of programs' run and compile time, as an SVG by hand.

    bench/picture.py RESULTS.json PICTURE.svg          from what `bench/run --json` wrote
"""
import json, sys
from xml.sax.saxutils import escape

from tables import geometric_mean, ratio

WIDTH, LABEL, BAR, GAP, LEFT = 900, 165, 15, 5, 16
OURS, OTHERS, INK, FAINT = '#c2410c', '#94a3b8', '#1e293b', '#64748b'


def text(x, y, content, size=12, colour=INK, anchor='start', weight='normal'):
    return (f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}" '
            f'font-weight="{weight}">{escape(content)}</text>')


def bars(x, y, width, title, rows):
    """rows: [(label, length, what stands behind it)]. Returns the shapes and the y below them."""
    shapes, most = [text(x, y, title, 13, weight='bold')], max((length for _, length, _ in rows), default=1)
    y += 10
    for label, length, behind in rows:
        ours = label.startswith('Trapeze')
        shapes += [text(x + LABEL - 8, y + BAR - 3, label, 11, INK if ours else FAINT, 'end'),
                   f'<rect x="{x + LABEL}" y="{y}" width="{max(1, length / most * (width - LABEL - 70)):.1f}" height="{BAR}" rx="2" '
                   f'fill="{OURS if ours else OTHERS}"/>',
                   text(x + LABEL + max(1, length / most * (width - LABEL - 70)) + 6, y + BAR - 3, behind, 11)]
        y += BAR + GAP
    return shapes, y + 18


def svg(panels, caption):
    """panels: [(title, rows)], two beside each other."""
    shapes, y, width = [], 24, (WIDTH - 3 * LEFT) / 2
    for i in range(0, len(panels), 2):
        below = []
        for column, (title, rows) in enumerate(panels[i:i + 2]):
            more, end = bars(LEFT + column * (width + LEFT), y, width, title, rows)
            shapes += more
            below.append(end)
        y = max(below)
    shapes.append(text(LEFT, y, caption, 11, FAINT))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + 14}" font-family="system-ui, sans-serif">'
            f'<rect width="{WIDTH}" height="{y + 14}" fill="#ffffff"/>\n' + '\n'.join(shapes) + '\n</svg>\n')


def throws(data, benchmark):
    least = {one['engine']: min(one['ns']) for one in data if one['benchmark'] == benchmark}
    return [(engine, ns, f'{ns:.0f} ns') for engine, ns in least.items()]


def programs(data, key):
    """Geometric means of how many times as long as Trapeze; its own is 1."""
    rounds = {(one['engine'], one['program']): [answer and answer.get(key) for answer in one['rounds']] for one in data}
    work = [program for (engine, program), values in rounds.items() if engine == 'Trapeze' and min(filter(None, values)) >= 1e5]
    rows = []
    for engine in dict.fromkeys(engine for engine, _ in rounds):
        ratios = [ratio(rounds[engine, program], rounds['Trapeze', program]) for program in work if (engine, program) in rounds]
        if mean := geometric_mean(filter(None, ratios)):
            rows.append((engine, mean, f'{mean:.2f}'))
    return rows


def write(path, results):
    """`results`: what bench/run gives to --json. Writes nothing where there is nothing to compare."""
    panels = []
    if 'throws' in results:
        panels += [('A throw that is caught one frame up', throws(results['throws'], 'throw_1')),
                   ('A throw that is caught ten frames up', throws(results['throws'], 'throw_10'))]
    if 'programs' in results:
        panels.append(('Programs: run time, Trapeze = 1', programs(results['programs'], 'run')))
    if 'compile' in results:
        rows = programs(results['compile'], 'compile')
        panels.append(('Programs: compile time, one thread, Trapeze = 1', [row for row in rows if '2 threads' not in row[0]]))
    panels = [panel for panel in panels if len(panel[1]) > 1]
    if panels:
        with open(path, 'w') as file:
            file.write(svg(panels, f'Shorter is better. {results["machine"]}. bench/RESULTS.md says how it was measured.'))


if __name__ == '__main__':
    write(sys.argv[2], json.load(open(sys.argv[1])))
