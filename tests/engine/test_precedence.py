"""Our loop goes before the threads of the switch, and no child of ours inherits that."""

import os
import subprocess
import sys
from unittest.mock import patch

import pytest

from core import precedence

TELLS = "import os; print(os.getpriority(os.PRIO_PROCESS, 0))"
TAKES = f"""
import os, subprocess, sys, threading
from core import precedence
print(precedence.take())
ours = threading.Thread(target=lambda: print(os.getpriority(os.PRIO_PROCESS, 0)))
ours.start()
ours.join()
subprocess.run(precedence.plainly(sys.executable, "-c", {TELLS!r}))
print(precedence.GROUP.read_text().split()[-1] if precedence.GROUP.exists() else {precedence.NICE})
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs the right to go first: root has it")
def test_we_and_our_threads_go_first_and_a_child_does_not() -> None:
    told = subprocess.run(
        [sys.executable, "-uc", TAKES], capture_output=True, text=True, check=True, start_new_session=True
    ).stdout.split()
    assert told == ["True", str(precedence.NICE), "0", str(precedence.NICE)]


def test_a_machine_that_does_not_let_us_is_no_error() -> None:
    with patch("os.setpriority", side_effect=PermissionError):
        assert precedence.take() is False


def test_without_precedence_a_command_is_what_it_was() -> None:
    with patch("os.getpriority", return_value=0):
        assert precedence.plainly("sox", "-V1") == ("sox", "-V1")
