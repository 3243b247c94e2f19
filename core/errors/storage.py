"""What is no answer of the engine at all."""

from core.errors.base import Coded


class StorageAway(Coded):
    """The database does not answer, or has no room. It will by itself again; then ask again.

    No Refusal: the rules were not asked, and nobody may take it for their no. When it broke at a commit
    nobody knows whether that was kept, so no words say that nothing has happened. To repeat the same command
    with the same key is safe, and the cure: it is done once, and answered as the first time.
    """

    code = "storage-away"
