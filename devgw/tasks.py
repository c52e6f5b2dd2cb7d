"""What a task of asyncio knows of itself."""

import asyncio


def is_cancelled() -> bool:
    """Tell whether the running task is asked to end: else a `CancelledError` came from what it waited for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
