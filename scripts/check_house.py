#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""House rules that need no compiler: who may include whom, sizes, names, paths.

Prints one line per breach, `file:line: rule`, and exits 1 if there is one. Runs from the
top of the repository with Python's standard library alone.
"""
import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CODE_FOLDERS = ("lib", "server", "jobs", "tools", "tests", "bench")

MAX_LINES = 500
MAX_TEST_LINES = 600
MAX_FUNCTION_LINES = 60

# Which folder may include which. `proto` stands for generated messages. A folder may
# always include itself.
DOMAIN = {"lib/base", "lib/math", "proto"}
ALL_LIB = {
    "lib/base", "lib/math", "lib/store", "lib/customers", "lib/events", "lib/metrics",
    "lib/value", "lib/predict", "lib/lifecycle", "lib/facts", "lib/filter", "lib/reference",
    "lib/feedback", "lib/segments", "lib/segment_store", "lib/cohorts", "lib/journey",
    "lib/frameworks",
    "proto"}
ALLOWED = {
    "lib/base": set(),
    "lib/math": {"lib/base"},
    "lib/store": {"lib/base", "proto"},
    "lib/customers": DOMAIN | {"lib/store"},
    "lib/events": DOMAIN | {"lib/store", "lib/customers"},
    "lib/filter": DOMAIN,
    "lib/metrics": DOMAIN | {"lib/filter", "lib/lifecycle"},
    "lib/reference": DOMAIN | {"lib/store", "lib/metrics"},
    "lib/feedback": DOMAIN,
    "lib/segments": DOMAIN | {"lib/filter", "lib/metrics"},
    "lib/segment_store": DOMAIN | {"lib/store", "lib/segments"},
    "lib/cohorts": DOMAIN | {"lib/filter", "lib/lifecycle", "lib/metrics"},
    "lib/journey": DOMAIN | {"lib/filter", "lib/lifecycle", "lib/metrics"},
    "lib/frameworks": DOMAIN | {"lib/filter", "lib/lifecycle", "lib/metrics"},
    "lib/value": DOMAIN,
    "lib/predict": DOMAIN,
    "lib/lifecycle": DOMAIN,
    "lib/facts": DOMAIN | {"lib/metrics", "lib/predict", "lib/value", "lib/lifecycle"},
    "jobs": ALL_LIB,
    "server": ALL_LIB,
    "tools": ALL_LIB,
    "bench": ALL_LIB | {"tools", "proto"},
    "tests/support": {"lib/base", "proto"},
    "tests/unit": ALL_LIB | {"server", "jobs", "tools", "tests/support"},
    "tests/integration": {"lib/base", "proto", "server", "tests/support", "tools"},
    "tests/fuzz": ALL_LIB | {"tools", "server"},
    "tests/golden": ALL_LIB | {"tests/support", "tools"},
    "tests/statistical": ALL_LIB | {"tests/support", "tools"},
}
# Libraries that only some folders may see: prefix of the include > folders or files.
RESTRICTED = {
    "rocksdb/": ("lib/store/", "tests/unit/store/", "bench/"),
    "grpcpp/": ("server/", "tools/", "jobs/admin_client", "tests/integration/",
                "tests/unit/server/", "tests/unit/tools/", "tests/unit/jobs/", "bench/"),
    "grpc/": ("server/", "tools/", "jobs/admin_client", "tests/integration/",
              "tests/unit/server/", "tests/unit/tools/", "tests/unit/jobs/", "bench/"),
}
# Files that put a program together from its folders; nothing depends on them.
COMPOSERS = {"server/main.cc", "server/server.cc", "jobs/nightly_main.cc",
             "tools/rapportctl/main.cc"}
GRPC_STUB = re.compile(r"\.grpc\.pb\.h$")

BAD_TYPE_NAME = re.compile(
    r"\b(?:class|struct|enum class|enum)\s+(?:\[\[\w+\]\]\s*)?(\w*(?:Manager|Helpers?|Utils?|Utility|Impl))\b")
BAD_FILE_WORD = re.compile(r"(?:^|_)(managers?|helpers?|utils?|common|misc|impl)(?:_|$)")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b(?!\s*\(#\d+\))")
MACHINE_PATH = re.compile(r"(?<![\w.$}~/-])/(?:work|tmp|root|home)/")
PACKAGE_HOST = re.compile(r"https?://(?:registry|deb|pypi|files|proxy|crates|repo|mirror)[\w-]*\.")

breaches = []


def breach(path, line, text):
    breaches.append(f"{path}:{line}: {text}")


def code_files():
    for folder in CODE_FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".cc", ".h") and path.is_file():
                yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def text_files():
    skipped = {"build", ".git", "node_modules", ".cache", "__pycache__"}
    suffixes = {".cc", ".h", ".py", ".sh", ".md", ".proto", ".txt", ".cmake", ".json", ".yaml",
                ".js", ".mjs", ".textproto", ".service", ".timer", ".conf"}
    for path in sorted(ROOT.rglob("*")):
        relative = path.relative_to(ROOT)
        if skipped & set(relative.parts) or path.suffix not in suffixes or not path.is_file():
            continue
        yield relative.as_posix(), path.read_text(encoding="utf-8", errors="replace")


def layer_of(path):
    parts = path.split("/")
    if parts[0] in ("lib", "tests"):
        return "/".join(parts[:2])
    if path.startswith("rapport/"):
        return "proto"
    return parts[0]


def folder_of(path):
    return path.rsplit("/", 1)[0] if "/" in path else ""


INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.M)


def check_includes(files):
    """Each include against the table, then pairs of folders that include each other."""
    folder_edges = collections.defaultdict(set)
    for path, text in files:
        layer = layer_of(path)
        if layer not in ALLOWED:
            breach(path, 1, f"folder {layer} is not in the include table of scripts/check_house.py")
            continue
        for match in INCLUDE.finditer(text):
            target = match.group(2)
            line = text.count("\n", 0, match.start(2)) + 1
            check_restricted(path, line, target)
            if match.group(1) == "<" or "/" not in target:
                if match.group(1) == '"' and "/" not in target and not path.startswith("bench/echo"):
                    breach(path, line, f'include "{target}" by its full path from the top')
                continue
            other = layer_of(target)
            known = other == "proto" or other in ALLOWED
            if known and other != layer and other not in ALLOWED[layer]:
                breach(path, line, f"{layer} may not include {other}")
            if known and other != "proto" and path not in COMPOSERS:
                folder_edges[folder_of(path)].add(folder_of(target))
    for folder, others in sorted(folder_edges.items()):
        for other in sorted(others):
            if folder < other and folder in folder_edges.get(other, ()):
                breach(folder, 1, f"{folder} and {other} include each other")


def check_restricted(path, line, target):
    for prefix, where in RESTRICTED.items():
        if target.startswith(prefix) and not path.startswith(where):
            breach(path, line, f"<{target}> belongs in {', '.join(where[:3])} only")
    if GRPC_STUB.search(target) and not path.startswith(RESTRICTED["grpcpp/"]):
        breach(path, line, f"service stub {target} outside server, tools and the admin client")


def blanked(text):
    """The code with comments, literals and preprocessor lines as spaces, lines kept."""
    pattern = re.compile(
        r'//[^\n]*|/\*.*?\*/|R"(?P<d>[^()\s\\]{0,16})\(.*?\)(?P=d)"|"(?:\\.|[^"\\\n])*"'
        r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'|^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.S | re.M)
    return pattern.sub(lambda m: re.sub(r"[^\n]", " ", m.group(0)), text)


NOT_A_FUNCTION = re.compile(r"^\s*(?:(?:inline\s+)?namespace|extern|class|struct|union|enum)\b")
TEMPLATE = re.compile(r"^\s*template\s*<[^{}]*?>\s*(?=class|struct|union)")


def opens_function(head):
    head = TEMPLATE.sub("", head).strip()
    if not head or NOT_A_FUNCTION.match(head) or "(" not in head:
        return False
    # A variable's initialiser, also when a call makes it: `= std::to_array<T>({`.
    return not re.search(r"=\s*(?:[\w:<>, ]+\(\s*)?$", head)


def functions(text):
    """(line, length) of each outermost function body with its signature."""
    code = blanked(text)
    stack = []  # True where a function began
    start = 0   # where the current declaration's text begins
    for match in re.finditer(r"[{};]", code):
        symbol, at = match.group(0), match.start()
        if symbol == "{":
            inside = any(kind is not None for kind in stack)
            head = code[start:at]
            begin = start + (len(head) - len(head.lstrip()))
            stack.append(begin if not inside and opens_function(head) else None)
        elif symbol == "}" and stack:
            begin = stack.pop()
            if begin is not None:
                first = code.count("\n", 0, begin) + 1
                yield first, code.count("\n", 0, at) + 2 - first
        if symbol != "{" or not stack or stack[-1] is None:
            start = at + 1


def check_sizes(files):
    for path, text in files:
        lines = text.count("\n")
        limit = MAX_TEST_LINES if path.startswith("tests/") else MAX_LINES
        if lines > limit:
            breach(path, lines, f"{lines} lines, limit {limit}")
        for line, length in functions(text):
            if length > MAX_FUNCTION_LINES:
                breach(path, line, f"function of {length} lines, limit {MAX_FUNCTION_LINES}")


def check_names(files):
    for path, text in files:
        stem = path.rsplit("/", 1)[-1].split(".")[0]
        if BAD_FILE_WORD.search(stem) or "/common/" in path:
            breach(path, 1, "file name says nothing about its purpose")
        if stem != stem.lower():
            breach(path, 1, "file names are snake_case")
        for match in BAD_TYPE_NAME.finditer(blanked(text)):
            breach(path, text.count("\n", 0, match.start()) + 1,
                   f"type name {match.group(1)} says nothing about its purpose")


def check_text(files):
    for path, text in files:
        if path in ("scripts/check_house.py", "package-lock.json"):
            continue
        lines = text.split("\n")
        if path.endswith((".cc", ".h", ".sh", ".py", ".mjs", ".js")) and not any(
                "SPDX-License-Identifier: Apache-2.0" in line for line in lines[:3]):
            breach(path, 1, "the SPDX licence line is missing")
        for number, line in enumerate(lines, 1):
            if UNFINISHED.search(line) and not path.endswith(".md"):
                breach(path, number, "unfinished work without an issue number")
            if MACHINE_PATH.search(line) and not path.startswith("tests/"):
                breach(path, number, "path of one machine")
            if PACKAGE_HOST.search(line):
                breach(path, number, "address of a registry")


def main():
    files = list(code_files())
    check_includes(files)
    check_sizes(files)
    check_names(files)
    check_text(list(text_files()))
    for line in breaches:
        print(line)
    print(f"check: {len(files)} code files, {len(breaches)} breaches of the house rules.")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
