"""What is wrong with an executor's journal: each record by its checksum, and the position of the first bad byte.

Called by `attune store check`, also beside a running executor. Nothing is changed; a record that a power cut tore was never answered.
"""

from collections.abc import Iterator
from pathlib import Path

from attune_agent.executor.fields import FieldWrong
from attune_agent.executor.frames import JournalDamaged, JournalForeign, decode_segment
from attune_agent.executor.ledger import Ledger
from attune_core.damage import Damage


def check_journal(segments: list[Path]) -> Iterator[Damage]:
    """Yield what is wrong with an executor's segments, given in their order."""
    for path in segments:
        ledger = Ledger()
        try:
            for record in decode_segment(path.read_bytes()):
                ledger.apply(record)
        except FileNotFoundError:
            continue  # a running executor has begun the next one
        except OSError as error:
            yield Damage(file=str(path), place="the file", what=str(error.strerror))
        except JournalDamaged as error:
            yield Damage(file=str(path), place=f"byte {error.offset}", what=str(error))
        except JournalForeign as error:
            yield Damage(file=str(path), place="byte 4", what=str(error))
        except FieldWrong as error:
            yield Damage(file=str(path), place="a record", what=str(error))
