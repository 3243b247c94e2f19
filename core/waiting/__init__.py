"""The waiting list: who wants what, and the freed slot that is offered to them."""
