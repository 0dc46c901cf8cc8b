#!/usr/bin/env python3
"""Checks the scripts for Windows as far as that goes without Windows.

Each PowerShell script parses, and all are ASCII, which Windows PowerShell 5.1 and cmd.exe read alike
in every country, with the line ends of Windows, without which cmd.exe misses labels. A grammar for
editors stands in for PowerShell: it knows the shape of the language, not its cmdlets.

Needs the packages tree-sitter and tree-sitter-powershell.
"""

import sys
from pathlib import Path

import tree_sitter
import tree_sitter_powershell

SCRIPTS = Path(__file__).resolve().parents[1]


def faults(path, parser):
    text = path.read_bytes()
    for number, line in enumerate(text.splitlines(keepends=True), start=1):
        if not line.isascii():
            yield number, "is not ASCII"
        if not line.endswith(b"\r\n"):
            yield number, "does not end as Windows wants it; see .gitattributes"
    if path.suffix == ".ps1":
        for node in nodes(parser.parse(text).root_node):
            if node.is_error or node.is_missing:
                yield node.start_point.row + 1, f"does not parse: {node.text.decode(errors='replace')[:60]!r}"


def nodes(node):
    yield node
    for child in node.children:
        yield from nodes(child)


def main():
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
    paths = sorted(path for path in SCRIPTS.rglob("*") if path.suffix in {".ps1", ".bat"})
    found = [f"{path}:{line}: {fault}" for path in paths for line, fault in faults(path, parser)]
    if found or not paths:
        sys.exit("\n".join(found) or f"there are no scripts in {SCRIPTS}")
    print(f"{len(paths)} scripts for Windows: all good")


main()
