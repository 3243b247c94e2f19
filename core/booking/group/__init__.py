"""The store of the hot path that commits many commands at once (docs/architecture.md, The spine).

Commands wait in a bounded line. A batch is taken, its facts are read together, each command is decided by
the same pure rules as everywhere, what they write is written together, and one commit stands behind all
answers. What a batch cannot do by itself, and whatever fails in it, is done by the plain store, one by one.
"""
