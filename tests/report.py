"""What tests/report.t looks at in a page of plastc --report: its JSON, its DOM as a browser dumped it,
pictures of it. Ends with 1 and a line that says why where something is not as it must be."""
import html.parser
import json
import re
import struct
import sys
import zlib

COUNTS = ("units", "synapses", "multiply_adds", "bytes")
VOID = ("meta", "link", "img", "br", "hr", "input")


def after(name):
    return "live_synapses" if name == "synapses" else name


def require(good, *why):
    if not good:
        print(*why)
        sys.exit(1)


# ---------------------------------------------------------------- files

def checkpoint(path):
    raw = open(path, "rb").read()
    size = struct.unpack("<Q", raw[:8])[0]
    head = json.loads(raw[8:8 + size])
    head.pop("__metadata__")
    return {name: (e["shape"], raw[8 + size + e["data_offsets"][0]:8 + size + e["data_offsets"][1]])
            for name, e in head.items()}


def picture(path):
    """Rows of (red, green, blue)."""
    raw = open(path, "rb").read()
    require(raw[:8] == b"\x89PNG\r\n\x1a\n", path, "is no PNG")
    at, packed = 8, b""
    while at < len(raw):
        size, kind = struct.unpack(">I4s", raw[at:at + 8])
        if kind == b"IHDR":
            width, height, depth, colour, _, _, lace = struct.unpack(">IIBBBBB", raw[at + 8:at + 21])
        if kind == b"IDAT":
            packed += raw[at + 8:at + 8 + size]
        at += 12 + size
    require(depth == 8 and colour in (2, 6) and not lace, path, "is a PNG of another kind")
    step = 3 if colour == 2 else 4
    lines, rows, above = zlib.decompress(packed), [], bytearray(width * step)
    for y in range(height):
        start = y * (width * step + 1)
        line = bytearray(lines[start + 1:start + 1 + width * step])
        unfilter(lines[start], line, above, step)
        rows.append([tuple(line[i:i + 3]) for i in range(0, len(line), step)])
        above = line
    return rows


def unfilter(kind, line, above, step):
    if kind == 2 and not any(line):
        line[:] = above
        return
    for i in range(len(line) if kind else 0):
        a = line[i - step] if i >= step else 0
        b = above[i]
        c = above[i - step] if i >= step else 0
        near = min((a, b, c), key=lambda v: abs(a + b - c - v))
        line[i] = (line[i] + (0, a, b, (a + b) // 2, near)[kind]) & 255


class Page(html.parser.HTMLParser):
    """Of each row of the table its cells: {layer: {name: (value, text)}}; by their ids what stands in
    elements."""

    def __init__(self, path):
        super().__init__()
        self.rows, self.ids, self.row, self.cell, self.open = {}, {}, None, None, []
        self.feed(open(path, encoding="utf-8").read())

    def handle_starttag(self, tag, attributes):
        has = dict(attributes)
        if tag == "tr":
            self.row = has.get("data-layer", has.get("id"))
        if tag == "td":
            self.cell = has.get("data-of")
        if tag == "data" and self.row and self.cell:
            self.rows.setdefault(self.row, {})[self.cell] = [has["value"], ""]
        if tag not in VOID:
            self.open.append((tag, has.get("id")))

    def handle_endtag(self, tag):
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, text):
        if [t for t, _ in self.open[-1:]] == ["data"] and self.row and self.cell:
            self.rows[self.row][self.cell][1] += text
        for _, name in self.open:
            if name:
                self.ids[name] = self.ids.get(name, "") + text

    def number(self, text):
        require(re.fullmatch(r"\d{1,3}(,\d{3})*", text), "no number:", text)
        return int(text.replace(",", ""))

    def seen(self):
        return json.loads(self.ids["seen"])


# ---------------------------------------------------------------- what is looked at

def sums(path, trained):
    """Of layers, what their matrices say, and what the checkpoint has; in all, what the layers say."""
    report, tensors = json.load(open(path)), checkpoint(trained)
    for layer in report["layers"]:
        name = layer["name"]
        for key in ("bytes",):
            require(layer[key] == sum(m[key] for m in layer["matrices"]), name, key)
        whole = [v for n, (shape, v) in tensors.items() if re.fullmatch(re.escape(name) + r"\.weight\d*", n)]
        require(layer["synapses_before"] == sum(len(v) // 4 for v in whole), name, "synapses before")
        require(layer["bytes_before"] == 4 * layer["synapses_before"], name, "bytes before")
        require(layer["live_synapses"] <= layer["synapses_before"], name, "synapses")
        for m in layer["matrices"]:
            require(m["inputs"] <= m["inputs_before"] and m["outputs"] == layer["units"] and
                    m["outputs_before"] == layer["units_before"], name, "shapes")
            require(m["live"] <= m["inputs"] * m["outputs"], name, "live")
    for name in COUNTS:
        for key in (name + "_before", after(name)):
            require(report[key] == sum(l[key] for l in report["layers"]), "all", key)
    require(report["bytes"] < report["constant_bytes"], "constants are weights and more")
    fewer = [l for l in report["layers"] if l["units"] < l["units_before"] and l["live_synapses"] < l["synapses_before"]]
    require(len(fewer) >= 3, "hardly a layer is smaller")


def numbers(page, path):
    page, report = Page(page), json.load(open(path))
    rows = {l["name"]: l for l in report["layers"]}
    require(list(page.rows) == list(rows) + ["all"], "layers:", list(page.rows))
    for name, cells in page.rows.items():
        wanted = rows.get(name, report)
        require(len(cells) == 2 * len(COUNTS), name, "cells:", list(cells))
        for key, (value, text) in cells.items():
            require(wanted[key] == int(value) == page.number(text), name, key, value, text, wanted[key])
    for key in ("constant_bytes", "scratch_bytes"):
        require(page.number(page.ids[key]) == report[key], key, page.ids[key])


def still(page):
    seen = Page(page).seen()
    require(not seen["loaded"] and not seen["wrong"], seen["loaded"], seen["wrong"])


def colour(text):
    digits = text.lstrip("#")
    digits = "".join(2 * d for d in digits) if len(digits) == 3 else digits
    return tuple(bytes.fromhex(digits))


def masks(tensors, layer, rows, cols):
    """Of the layer's weights, those whose shape has these columns: which of them live."""
    found = [(n, shape) for n, (shape, _) in tensors.items()
             if re.fullmatch(re.escape(layer) + r"\.weight\d*", n) and shape[0] == rows]
    for name, shape in found:
        alive = tensors.get(name + ".alive", (None, b"\1" * (shape[0] * shape[1])))[1]
        yield shape[1], alive


def lives(tensors, name, unit):
    shape, alive = tensors.get(name + ".alive", (None, None))
    return alive is None or alive[unit] == 1


# What a layer reads, as the model of the test has it: where in the columns of which weight.
READS = {("a", "image"): (196, 0), ("b", "a"): (37, 0), ("c", "a"): (61, 0), ("c", "b"): (61, 37),
         ("d", "a"): (37, 0), ("digit", "c"): (45, 0), ("digit", "d"): (45, 21)}


def pixels(page, report, shot, trained):
    """Each cell of a map has the colour of what became of its weight."""
    seen, rows, tensors = Page(page).seen(), picture(shot), checkpoint(trained)
    report = {l["name"]: l for l in json.load(open(report))["layers"]}
    live, dead, gone = (colour(seen[k]) for k in ("live", "dead", "gone"))
    require(len({live, dead, gone}) == 3, "colours")
    require({(m["of"], m["from"]) for m in seen["maps"]} == set(READS), "maps:", [(m["of"], m["from"]) for m in seen["maps"]])
    for m in seen["maps"]:
        matrix = next(x for x in report[m["of"]]["matrices"] if x["from"] == m["from"])
        high, wide = matrix["outputs_before"], matrix["inputs_before"]
        cell = m["width"] / wide
        require(cell >= 1 and cell == m["height"] / high, m["of"], "is not of whole cells", m)
        width, first = READS[m["of"], m["from"]]
        alive = next(a for cols, a in masks(tensors, m["of"], high, width) if cols == width)
        counted = 0
        at = [[rows[int(m["y"] + (r + 0.5) * cell)][int(m["x"] + (c + 0.5) * cell)] for c in range(wide)]
              for r in range(high)]
        away = [all(at[r][c] == gone for c in range(wide)) for r in range(high)]
        taken = [all(at[r][c] == gone for r in range(high)) for c in range(wide)]
        for r in range(high):
            for c in range(wide):
                kept = alive[r * width + first + c] == 1
                wanted = gone if away[r] or taken[c] else live if kept else dead
                require(at[r][c] == wanted, m["of"], "from", m["from"], "row", r, "column", c, at[r][c], wanted)
                counted += wanted == live
            require(away[r] or lives(tensors, m["of"], r), m["of"], "row", r, "is dead in the checkpoint")
        for c in range(wide):
            require(taken[c] or lives(tensors, m["from"], c), m["of"], "column", c, "is dead in the checkpoint")
        require(counted == matrix["live"], m["of"], "has", counted, "live pixels", matrix["live"])
        require(sum(away) == high - matrix["outputs"] and sum(taken) == wide - matrix["inputs"], m["of"], "shapes")


def high(page):
    print(Page(page).seen()["high"])


def dark(page, shot):
    seen, rows = Page(page).seen(), picture(shot)
    require(rows[2][2] == colour(seen["page"]) and sum(rows[2][2]) < 200, "its page is", rows[2][2])


def narrow(page):
    seen = Page(page).seen()
    require(seen["room"] <= 500 and seen["wide"] <= seen["room"], seen["wide"], "in", seen["room"])


def pages(path):
    raw = open(path, "rb").read()
    require(raw[:5] == b"%PDF-", "no PDF")
    count = len(re.findall(rb"/Type\s*/Page\b", raw))
    require(1 <= count <= 6, count, "pages")


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
