"""A pytest plugin that writes which test proves which requirement: bin/requirements."""

import tomllib
from collections import defaultdict
from pathlib import Path

import pytest

HEAD = """# Which test proves which requirement

Made by `bin/requirements` from the `@pytest.mark.req` marks; do not edit. A requirement without a
test is not claimed.

| requirement | what it asks | proven by |
|---|---|---|
"""


def rows(items: list[pytest.Item]) -> str:
    """The table, one line for each requirement in order of its number."""
    titles = tomllib.loads(Path(__file__).with_name("requirements.toml").read_text())["titles"]
    proofs: dict[str, set[str]] = defaultdict(set)
    for item in items:
        for mark in item.iter_markers("req"):
            for name in mark.args:
                if name not in titles:
                    raise pytest.UsageError(f"{item.nodeid}: {name} has no title in tests/requirements.toml")
                proofs[name].add(item.nodeid.split("[")[0])
    lines = []
    for name in sorted(proofs):
        tests = "<br>".join(f"`{test}`" for test in sorted(proofs[name]))
        lines.append(f"| {name} | {titles[name]} | {tests} |")
    return HEAD + "\n".join(lines) + "\n"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--requirements-doc", help="write the table to this file")


def pytest_collection_finish(session: pytest.Session) -> None:
    target = session.config.getoption("--requirements-doc", None)
    if target:
        Path(target).write_text(rows(session.items))
