"""Where a secret is not to be found: the memory of processes, and files."""

from pathlib import Path


def maps(pid):
    ranges = []
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        place, rights, *_ = line.split()
        if "r" in rights and not line.endswith(("[vvar]", "[vsyscall]")):
            first, last = (int(x, 16) for x in place.split("-"))
            ranges.append((first, last))
    return ranges


def search(path, needles, ranges):
    """How many bytes were read; AssertionError where one of the needles is."""
    done, overlap = 0, max(map(len, needles))
    with open(path, "rb", buffering=0) as f:
        for first, last in ranges:
            at, tail = first, b""
            while at < last:
                try:
                    f.seek(at)
                    piece = f.read(min(1 << 22, last - at))
                except OSError:
                    break
                if not piece:
                    break
                text = tail + piece
                for needle in needles:
                    assert needle not in text, f"{path} at {at:x}"
                tail = text[-overlap:]
                at += len(piece)
                done += len(piece)
    return done


def search_everywhere(env, needles):
    """Memory of the workers, database files with their WAL, logs."""
    env.psql("checkpoint", "postgres")
    looked = 0
    for pid in sorted(env.workers()):
        looked += search(Path(f"/proc/{pid}/mem"), needles, maps(pid))
    for path in (env.dir / "state").rglob("*"):
        if path.is_file() and not path.is_symlink():
            looked += search(path, needles, [(0, path.stat().st_size)])
    return looked
