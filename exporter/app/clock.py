"""The time of day as the exporter takes it: of a clock that jumps, the new time is not believed at once."""

import logging
import threading
import time
from collections.abc import Callable

from exporter import catalog
from exporter.telemetry import Telemetry

logger = logging.getLogger(__name__)

JUMP_SECONDS = 10.0
BELIEVED_SECONDS = 60.0


def _since_boot() -> float:
    """Return seconds that nobody sets; those that the machine has slept count too."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class Clock:
    """Unix seconds for windows, evidence and what waits; for several threads.

    Where the clock of the machine jumps, time goes on as before for a minute: a wrong time that is put right within it
    has moved no window and given nothing up. Then the new time is taken.
    """

    def __init__(
        self,
        telemetry: Telemetry,
        wall: Callable[[], float] = time.time,
        elapsed: Callable[[], float] = _since_boot,
    ) -> None:
        self._telemetry, self._wall, self._elapsed = telemetry, wall, elapsed
        self._offset = wall() - elapsed()
        self._doubted: float | None = None
        self._lock = threading.Lock()
        telemetry.count(catalog.CLOCK_JUMPS.name, 0)

    def now(self) -> float:
        """Return the time."""
        with self._lock:
            elapsed = self._elapsed()
            offset = self._wall() - elapsed
            jump = offset - self._offset
            if abs(jump) < JUMP_SECONDS:
                self._doubted, self._offset = None, offset
            elif self._doubted is None:
                self._doubt(jump, elapsed)
            elif elapsed - self._doubted >= BELIEVED_SECONDS:
                logger.warning("the clock has stayed %+.0f s away, which is taken for the time now", jump)
                self._doubted, self._offset = None, offset
            return elapsed + self._offset

    def _doubt(self, jump: float, elapsed: float) -> None:
        self._doubted = elapsed
        self._telemetry.count(catalog.CLOCK_JUMPS.name)
        logger.warning(
            "the clock has jumped by %+.0f s; time goes on as before, unless it stays so for %.0f s",
            jump,
            BELIEVED_SECONDS,
        )
