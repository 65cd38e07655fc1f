"""What can go wrong with a study, each with a message that says what to do."""


class RecordError(ValueError):
    """A file that is no record; the message names it and says why."""


class GridError(ValueError):
    """A grid that cannot be read; the message names file, block and fault."""


class StudyError(RuntimeError):
    """A study cannot go on; the message says why, and what to do."""
