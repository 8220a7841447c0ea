#!/usr/bin/env python3
"""Hold the house to its layers; exit 1 and name every violation.

    tests/check_layers.py [ROOT]

* A room includes only itself and what lies below it. The table is the CMake files':
  `lensmill_room(NAME NEEDS ...)` in lib/, stages/ and pipeline/.
* No include cycle between files.
* A C library is included only by the rooms whose USES name it, so the rooms of physics
  and measurement stay free of MPI, HDF5, FITS and YAML (PURE_ROOMS may never use them).
* Includes are written from the root; no source file has more than MAX_LINES lines.
* lib/imaging asks a lens what it must know and does not know which lens it is: it
  names no parameters of it (KEPT_FROM).
* A name of a header of NAMED_BY comes from that header, included in the file or in a
  file of ours that it includes: what one standard library's headers happen to bring
  along, the next one's do not.
"""

import pathlib
import re
import sys

MAX_LINES = 400
PURE_ROOMS = {"core", "lens", "light", "psf", "imaging", "measure", "analysis",
              "recovery"}
# What is included -> CMake targets that bring it.
LIBRARIES = {
    "MPI": (re.compile(r"mpi\.h$"), {"MPI::MPI_C", "lensmill_mpi", "lensmill_hdf5"}),
    "HDF5": (re.compile(r"(hdf5|H5\w*)\.h(pp)?$"), {"lensmill_hdf5"}),
    "FITS": (re.compile(r"(cfitsio/)?(fitsio2?|longnam|CCfits\S*)(\.h)?$"),
             {"PkgConfig::CFITSIO"}),
    "WCS": (re.compile(r"wcslib/"), {"PkgConfig::WCSLIB"}),
    "YAML": (re.compile(r"yaml-cpp/"), {"yaml-cpp"}),
}
# Standard headers that newer libraries' other headers no longer bring along -> what is
# theirs.
NAMED_BY = {
    "cstdint": re.compile(r"\b(std::)?u?int(8|16|32|64)_t\b|std::u?int(ptr|max)_t\b"),
    "algorithm": re.compile(r"std::(min|max|clamp|sort|copy|fill|transform|find_if|any_of"
                            r"|all_of|none_of|lower_bound|upper_bound|reverse)\("),
}
# room -> names that it may not use, and what to use instead.
KEPT_FROM = {
    "imaging": (re.compile(r"\bLensParams\b|\blens(->|\.)params\(\)"),
                "ask lens::LensModel what integration must know"),
}
CODE_FOLDERS = ("lib", "stages", "pipeline", "tests", "cmake", "jobs", "python")
CODE_SUFFIXES = {".cpp", ".hpp", ".h", ".py", ".sh", ".cmake"}
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


def without_comments(cmake):
    return re.sub(r"#[^\n]*", "", cmake)


class Rooms:
    """The CMake table: which rooms a room may include, which targets it uses."""

    def __init__(self, root):
        self.needs = {}
        self.uses = {}
        for name in ("lib", "stages", "pipeline"):
            text = (root / name / "CMakeLists.txt").read_text()
            for body in re.findall(r"lensmill_room\s*\(([^)]*)\)",
                                   without_comments(text)):
                room, *words = body.split()
                lists = {"NEEDS": [], "USES": []}
                for word in words:
                    if word in lists:
                        current = lists[word]
                    else:
                        current.append(word)
                self.needs[room] = set(lists["NEEDS"])
                self.uses[room] = set(lists["USES"])

    def below(self, room):
        """The room itself and all rooms it may include, transitively."""
        reached, waiting = set(), [room]
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached.add(name)
                waiting.extend(self.needs.get(name, ()))
        return reached


def room_of(path):
    """The room of a path relative to the root, or None outside the rooms."""
    parts = path.parts
    if parts[0] in ("lib", "pipeline") and len(parts) > 2:
        return parts[1]
    return parts[0] if parts[0] == "stages" else None


def lines_kept_from(room, code):
    """Lines of `code` with a name that is kept from the room."""
    pattern, _ = KEPT_FROM.get(room, (None, None))
    return [code.count("\n", 0, found.start()) + 1
            for found in pattern.finditer(code)] if pattern else []


class Source:
    """A C++ file and its includes as (line, is_quoted, name)."""

    def __init__(self, root, path):
        self.path = path.relative_to(root)
        self.room = room_of(self.path)
        text = path.read_text(errors="replace")
        self.includes = [(text.count("\n", 0, match.start()) + 1,
                          match.group(1) == '"', match.group(2))
                         for match in INCLUDE.finditer(text)]
        code = re.sub(r"//[^\n]*", "", text)
        self.kept_from = lines_kept_from(self.room, code)
        self.uses = {header for header, names in NAMED_BY.items() if names.search(code)}


def code_files(root):
    found = [root / "CMakeLists.txt"]
    for folder in CODE_FOLDERS:
        for path in (root / folder).rglob("*"):
            if path.suffix in CODE_SUFFIXES or path.name == "CMakeLists.txt":
                found.append(path)
    return sorted(path for path in found if path.is_file())


def check_lengths(root, files):
    for path in files:
        lines = path.read_bytes().count(b"\n")
        if lines > MAX_LINES:
            yield (f"{path.relative_to(root)}: {lines} lines, more than {MAX_LINES}; "
                   "split it")


def check_table(rooms, root):
    for room, needs in rooms.needs.items():
        for missing in sorted(needs - set(rooms.needs)):
            yield f"CMake table: room {room} needs {missing}, which is not a room"
        for other in sorted(rooms.below(room) - {room}):
            if room in rooms.below(other):
                yield f"CMake table: rooms {room} and {other} need each other"
        if room in PURE_ROOMS:
            for name, (_, targets) in LIBRARIES.items():
                for target in sorted(targets & rooms.uses.get(room, set())):
                    yield f"CMake table: room {room} uses {target}; {name} is kept out"
    for top in ("lib", "pipeline"):
        for folder in sorted((root / top).iterdir()):
            if folder.is_dir() and folder.name not in rooms.needs:
                yield f"{top}/{folder.name}: not in the table of {top}/CMakeLists.txt"


def check_rooms(rooms, sources):
    for source in sources:
        if source.room is None:
            continue
        allowed = rooms.below(source.room)
        for line, _, name in source.includes:
            room = room_of(pathlib.PurePosixPath(name))
            if name.startswith("tests/"):
                yield f"{source.path}:{line}: includes {name}; tests are no part of it"
            elif room is not None and room not in allowed:
                yield (f"{source.path}:{line}: upward include of {name}; "
                       f"{source.room} may include {', '.join(sorted(allowed))}")


def check_libraries(rooms, sources):
    for source in sources:
        if source.room is None:
            continue
        for line, _, name in source.includes:
            for library, (pattern, targets) in LIBRARIES.items():
                if not pattern.match(name):
                    continue
                if source.room in PURE_ROOMS or not (
                        targets & rooms.uses.get(source.room, set())):
                    yield (f"{source.path}:{line}: {source.room} includes {name}; "
                           f"{library} belongs behind another room's interface")


def check_names(sources):
    for source in sources:
        for line in source.kept_from:
            yield f"{source.path}:{line}: {KEPT_FROM[source.room][1]}"


def check_from_root(root, sources):
    for source in sources:
        for line, quoted, name in source.includes:
            beside = root / source.path.parent / name
            if quoted and beside.is_file() and not (root / name).is_file():
                yield (f"{source.path}:{line}: write \"{name}\" from the root: "
                       f"\"{source.path.parent.as_posix()}/{name}\"")


def check_standard_headers(sources):
    known = {source.path.as_posix(): source for source in sources}
    for source in sources:
        reached, waiting, headers = set(), [source], set()
        while waiting and source.uses:
            for _, quoted, name in waiting.pop().includes:
                if not quoted:
                    headers.add(name)
                elif name in known and name not in reached:
                    reached.add(name)
                    waiting.append(known[name])
        for header in sorted(source.uses - headers):
            yield f"{source.path}: uses names of <{header}> without including it"


def check_cycles(sources):
    """One line per file that closes a cycle, with the whole cycle."""
    known = {source.path.as_posix(): source for source in sources}
    edges = {path: sorted({name for _, _, name in source.includes if name in known})
             for path, source in known.items()}
    done = set()
    for start in sorted(edges):
        trail, stack = [], [(start, iter(edges[start]))]
        on_trail = {start}
        trail.append(start)
        while stack:
            path, rest = stack[-1]
            following = next((name for name in rest if name not in done), None)
            if following is None:
                stack.pop()
                done.add(trail.pop())
                on_trail.discard(path)
            elif following in on_trail:
                cycle = trail[trail.index(following):] + [following]
                yield "include cycle: " + " -> ".join(cycle)
            else:
                stack.append((following, iter(edges[following])))
                trail.append(following)
                on_trail.add(following)


def violations(root):
    files = code_files(root)
    sources = [Source(root, path) for path in files
               if path.suffix in (".cpp", ".hpp", ".h")]
    rooms = Rooms(root)
    return [*check_table(rooms, root), *check_rooms(rooms, sources),
            *check_libraries(rooms, sources), *check_names(sources),
            *check_from_root(root, sources), *check_standard_headers(sources),
            *check_cycles(sources),
            *check_lengths(root, files)], len(files)


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1
                        else pathlib.Path(__file__).parent.parent).resolve()
    found, count = violations(root)
    for line in found:
        print(line)
    if count < 2:
        found.append("nothing to check")
    print(f"check_layers: {count} files, {len(found)} violations")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
