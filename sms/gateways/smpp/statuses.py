"""What a message centre's answers mean to us, and ours to it; pure. SMPP 3.4, 5.1.3."""

OK = 0x00

# Of ours, to a deliver_sm: come again later; never come again; too much at once.
LATER, NEVER, TOO_MANY = 0x64, 0x66, 0x14

# The text itself is wrong, here and elsewhere: its length, its number, a receiver that refuses for good.
PERMANENT = frozenset({0x01, 0x0B, 0x65, 0x66})
# We are too quick for it: ESME_RTHROTTLED, ESME_RMSGQFUL.
THROTTLED = frozenset({0x58, 0x14})
