"""What every test shares: the account of where the time went."""

from collections import defaultdict
from pathlib import PurePosixPath

import pytest
from hypothesis import settings

from tests.servers import Authority


class TimePerFolder:
    """Adds up what each folder of tests took and prints it at the end."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Set-up, test and tear-down all count."""
        folder = PurePosixPath(report.nodeid.partition("::")[0]).parent
        self.seconds[str(folder)] += report.duration

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Slowest folder first."""
        terminalreporter.write_sep("=", "seconds per folder")
        for folder, seconds in sorted(self.seconds.items(), key=lambda item: -item[1]):
            terminalreporter.write_line(f"{seconds:8.1f}  {folder}")


def pytest_configure(config: pytest.Config) -> None:
    """One account per run."""
    config.pluginmanager.register(TimePerFolder(), "time-per-folder")
    # A busy machine is no failure: what takes long is seen in the account above.
    settings.register_profile("patient", deadline=None)
    settings.load_profile("patient")


@pytest.fixture(scope="session")
def authority() -> Authority:
    """Who vouches for every server of this run that speaks TLS."""
    return Authority()
