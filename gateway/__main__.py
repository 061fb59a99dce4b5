"""``python -m gateway`` is ``commentgate``."""

from gateway.cli import main

main(prog_name="commentgate")
