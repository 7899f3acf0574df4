"""Spoils the checkpoint frail.st of tests/spoilt.t in every way that has a name, and looks at what those
who read it make of that: of each kind every Nth, as its argument says. Prints TAP."""
import itertools
import json
import os
import struct
import subprocess
import sys

READERS = {
    "--deploy": [os.environ["PLASTC"], "frail.pl", "--deploy", "FILE", "-o", "out.c", "--header", "--report", "out.html"],
    "--from": [os.environ["PLASTC"], "frail.pl", "--from", "FILE", "-o", "out.c", "--header"],
    "the program": ["./frail", "predict", "--load", "FILE", "--data", "first:20:glyphs", "--quiet", "--raw", "out.npy"],
}
SIZES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I8": 1, "U8": 1, "BOOL": 1}
EVERY = int(sys.argv[1])
number = 0


class Checkpoint:
    """One to be spoilt: `head` and `values`, and the `raw` bytes as they were."""

    def __init__(self, path="frail.st"):
        self.raw = open(path, "rb").read()
        self.start = 8 + struct.unpack("<Q", self.raw[:8])[0]
        self.head, self.values = json.loads(self.raw[8:self.start]), bytearray(self.raw[self.start:])

    def tensors(self, kind=None):
        """In the order of their values."""
        names = [n for n in self.head if n != "__metadata__" and kind in (None, self.head[n]["dtype"])]
        return sorted(names, key=lambda n: self.head[n]["data_offsets"])

    def elements(self, name):
        begin, end = self.head[name]["data_offsets"]
        return (end - begin) // SIZES[self.head[name]["dtype"]]

    def put(self, name, at, kind, value):
        begin = self.head[name]["data_offsets"][0]
        struct.pack_into("<" + kind, self.values, begin + at * struct.calcsize("<" + kind), value)

    def move(self, at, by):
        """What begins there or later, by so many bytes."""
        for n in self.tensors():
            if self.head[n]["data_offsets"][0] >= at:
                self.head[n]["data_offsets"] = [o + by for o in self.head[n]["data_offsets"]]

    def drop(self, name):
        begin, end = self.head.pop(name)["data_offsets"]
        del self.values[begin:end]
        self.move(end, begin - end)

    def add(self, name, kind, shape, values):
        end = len(self.values)
        self.head[name] = {"dtype": kind, "shape": shape, "data_offsets": [end, end + len(values)]}
        self.values += values

    def note(self, key, value):
        """In __metadata__; None: it is not there."""
        self.head["__metadata__"][key] = value
        if value is None:
            del self.head["__metadata__"][key]

    def bytes(self, change=lambda text: text):
        text = change(json.dumps(self.head)).encode()
        return struct.pack("<Q", len(text)) + text + self.values


def ends(c, name):
    last = c.elements(name) - 1
    return sorted({0, last // 2, last})


# ---------------------------------------------------------------- one kind after the other
# Each gives what it did, the bytes, and words that must be in the message beside the file's name.

def lengths():
    c = Checkpoint()
    for wrong in (0, 1, c.start - 9, c.start - 7, c.start, len(c.raw) - 8, len(c.raw), 2**31, 2**32, 2**63 - 1, 2**63,
                  2**64 - 8, 2**64 - 1):
        yield wrong, struct.pack("<Q", wrong) + c.raw[8:]


def cuts():
    c = Checkpoint()
    for end in (0, 1, 7, 8, 9, c.start // 2, c.start - 1, c.start, c.start + 1, (c.start + len(c.raw)) // 2,
                len(c.raw) - 8, len(c.raw) - 1):
        yield end, c.raw[:end]
    yield "longer", c.raw + b"\0", "1 bytes at the end belong to no tensor"
    yield "twice", c.raw + c.raw, "belong to no tensor"


def types():
    for name in Checkpoint().tensors():
        for kind in (*SIZES, "F33", "f32", ""):
            c = Checkpoint()
            was = c.head[name]["dtype"]
            c.head[name]["dtype"] = kind
            if kind not in SIZES:
                yield (name, kind), c.bytes(), name, "has a dtype that is not known"
            elif SIZES[kind] != SIZES[was]:
                yield (name, kind), c.bytes(), name, "not as long as dtype and shape say"
            elif kind != was:
                yield (name, kind), c.bytes(), f"is of another model: {name} is {was}", kind


def shapes():
    for name in Checkpoint().tensors():
        was = Checkpoint().head[name]["shape"]
        for shape in (was[::-1], was + [1], [1] + was, was[:-1] + [was[-1] + 1], was[:-1] + [was[-1] - 1], [], [0],
                      was[:-1] + [2**62], [2**32, 2**32], [2**63 - 1] * 3, [1] * 9, [2**61 + was[0]] + was[1:]):
            c = Checkpoint()
            c.head[name]["shape"] = shape
            if shape != was:
                yield (name, shape), c.bytes(), name
        for text in ("[-1]", "[1.5]", "[1e3]", "[9223372036854775808]", "[18446744073709551617]", '["1"]', "{}", "null", "[1", "[,]"):
            c.head[name]["shape"] = "HERE"
            yield (name, text), c.bytes(lambda head: head.replace('"HERE"', text)), "byte ", "was expected"


def offsets():
    for name in Checkpoint().tensors():
        begin, end = Checkpoint().head[name]["data_offsets"]
        for wrong in ([begin + 1, end + 1], [begin - 1, end - 1], [begin, end + 8], [begin, end - 1], [end, begin],
                      [begin + 2**40, end + 2**40], [2**63 - 1 - end + begin, 2**63 - 1], [0, 2**63 - 1], [2**63 - 1, 0],
                      [2**64 + begin, 2**64 + end], [begin], [begin, end, end]):
            c = Checkpoint()
            c.head[name]["data_offsets"] = wrong
            yield (name, wrong), c.bytes()


def overlaps():
    """Each tensor but the first begins where the one before it does, or later than that ends."""
    names = Checkpoint().tensors()
    for before, name in zip(names, names[1:]):
        c = Checkpoint()
        begin, end = c.head[name]["data_offsets"]
        start = c.head[before]["data_offsets"][0]
        c.head[name]["data_offsets"] = [start, start + end - begin]
        yield ("overlap", name), c.bytes(), "its values overlap those of another tensor"
        c = Checkpoint()
        c.move(begin, 8)
        c.values[begin:begin] = bytes(8)
        yield ("gap", name), c.bytes(), name, "there is a gap before its values"


def missing():
    for name in Checkpoint().tensors():
        c = Checkpoint()
        c.drop(name)
        yield name, c.bytes(), f"is of another model: it has no {name}"
        c.add(name + "r", "F32", [1], bytes(4))
        yield name + "r", c.bytes(), "is of another model", name


def extra():
    for name, kind in (("h3.weight", "F32"), ("h1", "U8"), ("", "U8"), ("h1.weight ", "F32"), ("H1.weight", "F32")):
        c = Checkpoint()
        c.add(name, kind, [1], bytes(SIZES[kind]))
        yield name, c.bytes(), f"is of another model: it has {name}, which frail has not"
    c = Checkpoint()
    again = ', "h1.bias": ' + json.dumps(c.head["h1.bias"]) + "}"
    yield "twice", c.bytes(lambda head: head[:-1] + again), "h1.bias"
    c.add("h1.bi\x1bas", "U8", [1], bytes(1))
    yield "not to be printed", c.bytes(), "a tensor's name has a control character"


def others():
    for name, word in (("frailer", "is of another model"), ("frail_wide", "is of another model"), ("frail_other", "is of another model")):
        yield name, open(name + ".st", "rb").read(), word
    for name in ("frail_wide", "frail_other"):  # and claims to be of this one
        c = Checkpoint(name + ".st")
        c.note("model", "frail")
        yield name + " as frail", c.bytes(), "is of another model", "h2" if name == "frail_wide" else "unused"
    for path in ("frail.pl", "frail.c", "frail"):
        yield path, open(path, "rb").read()


def not_numbers():
    for name in Checkpoint().tensors("F32"):
        if not name.endswith((".weight", ".bias")):
            continue
        for at, value in itertools.product(ends(Checkpoint(), name), (float("nan"), float("inf"), -float("inf"))):
            c = Checkpoint()
            shape = c.head[name]["shape"]
            width = shape[1] if len(shape) > 1 else 1
            c.put(name, at, "f", value)
            yield (name, at, value), c.bytes(), f"{name} is infinite or not a number in row {at // width}, column {at % width}"


def masks():
    for name in Checkpoint().tensors("U8"):
        for at, value in itertools.product(ends(Checkpoint(), name), (2, 128, 255)):
            c = Checkpoint()
            c.put(name, at, "B", value)
            yield (name, at, value), c.bytes(), f"{name} is {value} in row", ": 0 (dead) or 1 (alive) was expected"


def counters():
    for name in Checkpoint().tensors("I64"):
        for at, value in itertools.product(range(Checkpoint().elements(name)), (-1, -2**63, 2)):
            c = Checkpoint()
            c.put(name, at, "q", value)
            if value < 0 or at == 0:  # the first says whether the rule has begun
                yield (name, at, value), c.bytes(), f"{name} is {value} in row {at}", "was expected"


def run():
    for key in ("epoch", "epochs", "step", "steps_per_epoch"):
        for value in ("-1", "", "x", "1x", "nan", "inf", "1e9", "99999999999999999999", None):
            c = Checkpoint()
            c.note(key, value)
            yield (key, value), c.bytes(), key, "__metadata__"
    for key, value, word in (("format", "plast 2", "of a version of plast that is not known"), ("model", "frailer", "of another model"),
                             ("model", None, "of another model")):
        c = Checkpoint()
        c.note(key, value)
        yield (key, value), c.bytes(), word
    c = Checkpoint()
    c.head["__metadata__"] = [1]
    yield "a list", c.bytes(), "was expected"


KINDS = (lengths, cuts, types, shapes, offsets, overlaps, missing, extra, others, not_numbers, masks, counters, run)


# ---------------------------------------------------------------- what is looked at

def outcome(reader, raw):
    """Status, what was said, what was written."""
    with open("spoilt.st", "wb") as file:
        file.write(raw)
    before = set(os.listdir("."))
    line = ["spoilt.st" if word == "FILE" else word for word in READERS[reader]]
    done = subprocess.run(line, capture_output=True, timeout=60)
    written = set(os.listdir(".")) - before
    for path in written:
        os.remove(path)
    return done.returncode, done.stderr.decode(errors="replace"), written or done.stdout


def complaint(reader, raw, words):
    """What is not as it should be where something is to be refused, or nothing."""
    status, said, written = outcome(reader, raw)
    if status != 3:
        return f"status {status}: {said}"
    if "spoilt.st" not in said or said.count("\n") != 1:
        return f"not one line that names the file: {said}"
    missed = [word for word in words if word not in said]
    return f"not {missed}: {said}" if missed else f"wrote {written}" if written else ""


def result(name, wrong):
    global number
    number += 1
    print("not ok" if wrong else "ok", number, "-", name)
    for line in wrong[:5]:
        print("# " + str(line).strip().replace("\n", "\n# "))
    sys.stdout.flush()


def all_refused(kind):
    wrong, count = {reader: [] for reader in READERS}, 0
    for what, raw, *words in itertools.islice(kind(), 0, None, EVERY):
        count += 1
        for reader in READERS:
            bad = complaint(reader, raw, words)
            if bad:
                wrong[reader].append(f"{what}: {bad}")
    for reader in READERS:
        result(f"{kind.__name__}: {count} refused by {reader}", wrong[reader] if count else ["nothing was tried"])


def accepted():
    """The same, written otherwise."""
    again, noted = Checkpoint(), Checkpoint()
    again.head = dict(reversed(again.head.items()))
    noted.note("note", "a \u00e9 \\ \" \U0001f600")
    for what, raw in (("itself", again.raw), ("in another order", again.bytes()), ("with a note", noted.bytes())):
        for reader in READERS:
            status, said, written = outcome(reader, raw)
            result(f"{what}: read by {reader}", [] if status == 0 and written else [f"status {status}: {said}"])


def any_byte():
    """Whatever a byte of the header becomes, it is read, or refused as all else."""
    c = Checkpoint()
    for reader in READERS:
        wrong, read, count = [], 0, 0
        for at, change in itertools.product(range(0, c.start, 5 * EVERY), (0x01, 0x80)):
            spoilt = bytearray(c.raw)
            spoilt[at] ^= change
            status, said, written = outcome(reader, bytes(spoilt))
            count += 1
            read += status == 0
            if not (status == 0 and written and not said or status == 3 and "spoilt.st" in said and not written):
                wrong.append(f"byte {at} ^ {change}: status {status}: {said}")
        result(f"{count} headers with a byte changed: {reader}", wrong if read < count / 2 else [f"{read} of {count} were read"])


accepted()
for each in KINDS:
    all_refused(each)
any_byte()
print(f"1..{number}")
