"""The ledger of visit cards; a balance never below zero."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "card_entry",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("card_id", KEY, nullable=False),
        sa.Column("amount_fen", sa.Integer(), nullable=False),
        sa.Column("balance_fen", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("payment_id", KEY, nullable=True),
        sa.Column("refund_id", KEY, nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.CheckConstraint("amount_fen <> 0", name=op.f("ck_card_entry_something")),
        sa.CheckConstraint("balance_fen >= 0", name=op.f("ck_card_entry_not_negative")),
        sa.ForeignKeyConstraint(["card_id"], ["visit_card.id"], name=op.f("fk_card_entry_card_id")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_card_entry_payment_id")),
        sa.ForeignKeyConstraint(["refund_id"], ["refund.id"], name=op.f("fk_card_entry_refund_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_entry")),
        sa.UniqueConstraint("refund_id", name=op.f("uq_card_entry_refund_id")),
    )
    op.create_index("ix_card_entry_card_id", "card_entry", ["card_id"])
    op.create_index("ix_card_entry_payment_id", "card_entry", ["payment_id"])
    with op.batch_alter_table("visit_card") as batch:
        batch.create_check_constraint(op.f("ck_visit_card_not_negative"), "balance_fen >= 0")


def downgrade() -> None:
    with op.batch_alter_table("visit_card") as batch:
        batch.drop_constraint(op.f("ck_visit_card_not_negative"), type_="check")
    op.drop_table("card_entry")
