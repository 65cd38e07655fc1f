"""Every error that the package raises itself: what is wrong, where, and what to do.

All are `MTLError`. Each is also the error of Python that callers may expect in its
place, as `ValueError`. A test holds every `raise` of the package to this file.
"""

from mtlhelpers.escapes import escaped


class MTLError(Exception):
    """Something given, read or measured is not as it must be; the message says more.

    Messages quote labels, file names and servers: wherever they are shown, what a
    terminal would obey in them is spelled out, and the middle of a long one left out.
    """

    def __str__(self) -> str:
        text = escaped(super().__str__())
        return f"{text[:1000]} … {text[-1000:]}" if len(text) > 2000 else text


class InputError(MTLError, ValueError):
    """A value that was given, or read, is none that is allowed there."""


class KindError(MTLError, TypeError):
    """A value that was given is of another type than those that are allowed there."""


class StorageError(MTLError, OSError):
    """A file or folder cannot be read or written."""


class CorpusError(MTLError, ValueError):
    """A corpus that cannot be had or used."""


class BackboneError(MTLError, ValueError):
    """A backbone or saved model that cannot be had or used, or could not be saved."""


class ScenarioError(MTLError, ValueError):
    """A scenario or part that a model does not have."""


class ExportError(MTLError, RuntimeError):
    """A model that cannot be exported."""


class PlanError(MTLError, ValueError):
    """A plan that cannot be carried out."""


class TrainingError(MTLError, RuntimeError):
    """A training that must stop: what moves is not what should, or is not finite."""


class ShortageError(MTLError, MemoryError, RuntimeError):
    """There is too little memory, of the machine or of its GPU, for what was asked."""


class StaleFeaturesError(MTLError, RuntimeError):
    """Features were asked for from a backbone that can still move."""


class GridError(MTLError, ValueError):
    """A grid that cannot be read; the message names file, block and fault."""


class RecordError(MTLError, ValueError):
    """Something that is no record, or was changed since it was written."""


class StudyError(MTLError, RuntimeError):
    """A study that cannot go on."""


class ClaimError(MTLError, ValueError):
    """A claim that cannot be judged as it is declared."""
