"""Partners and their signed calls, and which of them booked an appointment."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "partner",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("key_id", sa.String(length=24), nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("functions", sa.JSON(), nullable=False),
        sa.Column("quota", sa.Integer(), nullable=False),
        sa.Column("pace", sa.Integer(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.CheckConstraint("quota >= 0 and pace > 0", name=op.f("ck_partner_limits")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner")),
        sa.UniqueConstraint("key_id", name=op.f("uq_partner_key_id")),
    )
    op.create_table(
        "partner_nonce",
        sa.Column("partner_id", KEY, nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk_partner_nonce_partner_id")),
        sa.PrimaryKeyConstraint("partner_id", "nonce", name=op.f("pk_partner_nonce")),
    )
    op.create_index(op.f("ix_partner_nonce_at"), "partner_nonce", ["at"])
    op.create_table(
        "partner_day",
        sa.Column("partner_id", KEY, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("booked", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk_partner_day_partner_id")),
        sa.PrimaryKeyConstraint("partner_id", "day", name=op.f("pk_partner_day")),
    )
    op.create_table(
        "partner_call",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("partner_id", KEY, nullable=False),
        sa.Column("operation", sa.String(length=40), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=True),
        sa.Column("took_ms", sa.Integer(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk_partner_call_partner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner_call")),
    )
    op.create_index("ix_partner_call_partner", "partner_call", ["partner_id", "at"])
    op.create_index(op.f("ix_partner_call_at"), "partner_call", ["at"])
    with op.batch_alter_table("appointment") as table:
        table.add_column(sa.Column("partner_id", KEY, nullable=True))
        table.create_foreign_key(op.f("fk_appointment_partner_id"), "partner", ["partner_id"], ["id"])
        table.create_index(op.f("ix_appointment_partner_id"), ["partner_id"])


def downgrade() -> None:
    with op.batch_alter_table("appointment") as table:
        table.drop_index(op.f("ix_appointment_partner_id"))
        table.drop_constraint(op.f("fk_appointment_partner_id"), type_="foreignkey")
        table.drop_column("partner_id")
    for table_name in ("partner_call", "partner_day", "partner_nonce", "partner"):
        op.drop_table(table_name)
