#!/usr/bin/env python3
"""Make base/name_prep_table.h, the character table of base/name_prep.c, from Python's Unicode data.

    python3 base/name_prep_table.py >base/name_prep_table.h

What a character becomes is the fixed point of: RFC 4518, 2.2 (characters that are removed, blanks), compatibility
decomposition, full case folding, and upper case followed by lower case, since Java compares in that way. Hangul
syllables are decomposed by name_prep.c.
"""
import unicodedata as u

YPOGEGRAMMENI = "\u0345"                 # folds to a letter; name_prep.c does that after it has sorted marks
STAND_IN = "\ue345"
BLANKS = {0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x85}
REMOVED = {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x1806, 0x3164, 0xFFA0, 0xFFFC} \
    | set(range(0x180B, 0x1810)) | set(range(0xFE00, 0xFE10))


def decompose(text):
    return u.normalize("NFKD", text)


def once(text):
    out = ""
    for c in text:
        if ord(c) in BLANKS or u.category(c) in ("Zs", "Zl", "Zp"):
            out += " "
        elif ord(c) not in REMOVED and u.category(c) not in ("Cc", "Cf"):
            out += c
    out = decompose(out).replace(YPOGEGRAMMENI, STAND_IN)
    out = decompose(out.casefold())
    out = decompose(out.upper().lower())
    return out.replace("\u03c2", "\u03c3").replace(STAND_IN, YPOGEGRAMMENI)


def fold(c):
    before, after = None, c
    while before != after:
        before, after = after, once(after)
    return after


def put(words, columns=100):
    line = "\t"
    for word in words:
        if len(line.expandtabs(8)) + len(word) + 2 > columns:
            print(line.rstrip())
            line = "\t"
        line += word + ", "
    print(line.rstrip())


def main():
    ones, many, pool = [], [], []
    for cp in range(0x110000):
        if 0xD800 <= cp < 0xE000 or 0xAC00 <= cp < 0xD7A4 or 0xE0000 <= cp < 0xE1000:
            continue
        folded = fold(chr(cp))
        if len(folded) == 1 and folded != chr(cp):
            ones.append("{0x%x,0x%x}" % (cp, ord(folded)))
        elif len(folded) != 1:
            many.append((cp, [ord(c) for c in folded]))
    places = {}
    for cp, to in many:
        if tuple(to) not in places:
            places[tuple(to)] = len(pool)
            pool += to
    marks, last = [], -2
    for cp in range(0x110000):
        if not u.combining(chr(cp)):
            continue
        if cp == last + 1:
            marks[-1][1] = cp
        else:
            marks.append([cp, cp])
        last = cp
    print("/* clang-format off */")
    print("/* Made by name_prep_table.py from Unicode %s; see name_prep.c. */" % u.unidata_version)
    print("/* characters that become another one */\nstatic const struct { uint32_t from, to; } ones[] = {")
    put(ones)
    print("};\n/* characters that become many or none: their place and number in pool */")
    print("static const struct { uint32_t from; uint16_t at, n; } many[] = {")
    put("{0x%x,%d,%d}" % (cp, places[tuple(to)], len(to)) for cp, to in many)
    print("};\nstatic const uint32_t pool[] = {")
    put("0x%x" % cp for cp in pool)
    print("};\n/* characters with a combining class: first and last */")
    print("static const struct { uint32_t first, last; } marks[] = {")
    put("{0x%x,0x%x}" % tuple(m) for m in marks)
    print("};")


main()
