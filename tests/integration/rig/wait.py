"""Waiting for a state instead of sleeping."""
import time


def wait_until(condition, timeout=10, what=None, every=0.02):
    """Call `condition` until it gives something true, and return that. At the end of the time the last
    value, or the last failed assertion, tells why."""
    end = time.monotonic() + timeout
    pause = every
    while True:
        failure = None
        try:
            value = condition()
            if value:
                return value
        except AssertionError as error:
            failure, value = error, None
        if time.monotonic() > end:
            name = what or getattr(condition, "__doc__", None) or getattr(condition, "__name__", "condition")
            raise AssertionError(f"not within {timeout} s: {name}; last: {failure if failure is not None else value!r}")
        time.sleep(pause)
        pause = min(pause * 1.3, 0.3)
