"""Cashiers: hospitals' accounts, tries to pay, refunds on their way, and the daily reconciliation."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)

OF_REFUND = (
    ("way", sa.String(length=8)),
    ("order_no", sa.String(length=32)),
    ("sent_at", INSTANT),
    ("ask_at", INSTANT),
    ("txn", sa.String(length=64)),
    ("settle_day", sa.Date()),
    ("code", sa.String(length=24)),
    ("settled_by", sa.String(length=64)),
    ("note", sa.String(length=200)),
)
COUNTS_OF_REFUND = ("sendings", "asked")


def upgrade() -> None:
    _accounts()
    _payments()
    _attempts()
    _refunds()
    _reconciliation()


def _accounts() -> None:
    op.create_table(
        "merchant_account",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("hospital_id", KEY, nullable=False),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("merchant_no", sa.String(length=32), nullable=False),
        sa.Column("certificate_id", sa.String(length=64), nullable=False),
        sa.Column("certificate", sa.Text(), nullable=False),
        sa.Column("key_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("closed_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["hospital_id"], ["hospital.id"], name=op.f("fk_merchant_account_hospital_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merchant_account")),
        sa.UniqueConstraint("provider", "merchant_no", name=op.f("uq_merchant_account_provider_merchant_no")),
    )
    _index_where(
        "uq_merchant_account_live",
        "merchant_account",
        ["hospital_id", "provider"],
        "state = 'live'",
        unique=True,
    )


def _payments() -> None:
    op.add_column("payment", sa.Column("pay_by", INSTANT, nullable=True))
    # Written out, because SQLite adds a check only together with its column, and making the table anew
    # would drop one that refunds refer to.
    op.execute(
        "alter table payment add column owed_fen integer default 0 not null "
        "constraint ck_payment_owed check (owed_fen between 0 and amount_fen)"
    )
    op.execute(
        "update payment set owed_fen = "
        "(select coalesce(sum(refund.amount_fen), 0) from refund where refund.payment_id = payment.id)"
    )
    op.execute(
        "update payment set pay_by = (select appointment.pay_by from appointment "
        "where appointment.id = payment.appointment_id) where state = 'created'"
    )


def _attempts() -> None:
    op.create_table(
        "payment_attempt",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("payment_id", KEY, nullable=False),
        sa.Column("account_id", KEY, nullable=False),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("order_no", sa.String(length=32), nullable=False),
        sa.Column("amount_fen", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("sent_at", INSTANT, nullable=False),
        sa.Column("open_until", INSTANT, nullable=False),
        sa.Column("ask_at", INSTANT, nullable=True),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("txn", sa.String(length=64), nullable=True),
        sa.Column("settle_day", sa.Date(), nullable=True),
        sa.Column("code", sa.String(length=24), nullable=True),
        sa.Column("flag", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_payment_attempt_payment_id")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["merchant_account.id"], name=op.f("fk_payment_attempt_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_attempt")),
        sa.UniqueConstraint("order_no", name=op.f("uq_payment_attempt_order_no")),
        sa.UniqueConstraint("payment_id", "number", name=op.f("uq_payment_attempt_payment_id_number")),
    )
    undecided = "state in ('submitted', 'unknown')"
    table = "payment_attempt"
    _index_where(f"uq_{table}_undecided", table, ["payment_id", "provider"], undecided, unique=True)
    _index_where(f"uq_{table}_txn", table, ["provider", "txn"], "txn is not null", unique=True)
    _index_where(f"ix_{table}_ask", table, ["ask_at"], "ask_at is not null")
    op.create_index(f"ix_{table}_settled", table, ["account_id", "settle_day"])


def _refunds() -> None:
    for name, kind in OF_REFUND:
        op.add_column("refund", sa.Column(name, kind, nullable=True))
    for name in COUNTS_OF_REFUND:
        op.add_column("refund", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    op.add_column("refund", sa.Column("flag", sa.String(length=16), nullable=False, server_default="none"))
    # Nobody has sent these anywhere: they are due.
    op.execute("update refund set ask_at = asked_at where state = 'requested'")
    op.create_index("uq_refund_order_no", "refund", ["order_no"], unique=True)
    _index_where("ix_refund_ask", "refund", ["ask_at"], "ask_at is not null")
    op.create_index("ix_refund_settle_day", "refund", ["settle_day"])


def _reconciliation() -> None:
    op.create_table(
        "reconciliation",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("account_id", KEY, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(length=200), nullable=True),
        sa.Column("matched", sa.Integer(), nullable=False),
        sa.Column("platform_fen", sa.Integer(), nullable=False),
        sa.Column("provider_fen", sa.Integer(), nullable=False),
        sa.Column("hospital_fen", sa.Integer(), nullable=True),
        sa.Column("done_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["merchant_account.id"], name=op.f("fk_reconciliation_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliation")),
        sa.UniqueConstraint("account_id", "day", name=op.f("uq_reconciliation_account_id_day")),
    )
    op.create_index("ix_reconciliation_day", "reconciliation", ["day"])
    _index_where("ix_reconciliation_due", "reconciliation", ["due_at"], "state = 'due'")
    op.create_table(
        "reconciliation_line",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("reconciliation_id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("order_no", sa.String(length=32), nullable=False),
        sa.Column("flag", sa.String(length=16), nullable=False),
        sa.Column("platform_fen", sa.Integer(), nullable=True),
        sa.Column("provider_fen", sa.Integer(), nullable=True),
        sa.Column("hospital_fen", sa.Integer(), nullable=True),
        sa.Column("settled_at", INSTANT, nullable=True),
        sa.Column("settled_by", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(
            ["reconciliation_id"],
            ["reconciliation.id"],
            name=op.f("fk_reconciliation_line_reconciliation_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliation_line")),
        sa.UniqueConstraint(
            "reconciliation_id",
            "kind",
            "order_no",
            name=op.f("uq_reconciliation_line_reconciliation_id_kind_order_no"),
        ),
    )
    op.create_index("ix_reconciliation_line_order_no", "reconciliation_line", ["order_no"])


def _index_where(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    there = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=there, postgresql_where=there)


def downgrade() -> None:
    op.drop_table("reconciliation_line")
    op.drop_table("reconciliation")
    for name in ("ix_refund_settle_day", "ix_refund_ask", "uq_refund_order_no"):
        op.drop_index(name, table_name="refund")
    for name in ("flag", *COUNTS_OF_REFUND, *(name for name, _ in OF_REFUND)):
        op.drop_column("refund", name)
    op.drop_table("payment_attempt")
    # What was at a cashier waits to be paid again, by the tables of before.
    op.execute("update payment set state = 'created' where state in ('submitted', 'unknown', 'failed')")
    op.drop_column("payment", "owed_fen")
    op.drop_column("payment", "pay_by")
    op.drop_table("merchant_account")
