"""Drafts that follow the person."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ONGOING = sa.text("state in ('open', 'left')")


def upgrade() -> None:
    with op.batch_alter_table("draft") as table:
        table.add_column(sa.Column("place", sa.String(length=8), nullable=False, server_default="menu"))
        table.add_column(sa.Column("account_id", KEY, nullable=True))
        table.add_column(sa.Column("contact_print", sa.String(length=32), nullable=True))
        table.create_foreign_key(op.f("fk_draft_account_id"), "account", ["account_id"], ["id"])
    op.execute("update draft set place = 'desk' where staff_id is not null")
    op.create_index(
        "ix_draft_contact", "draft", ["contact_print"], sqlite_where=ONGOING, postgresql_where=ONGOING
    )
    op.create_index(
        "ix_draft_account", "draft", ["account_id"], sqlite_where=ONGOING, postgresql_where=ONGOING
    )


def downgrade() -> None:
    op.drop_index("ix_draft_account", "draft")
    op.drop_index("ix_draft_contact", "draft")
    with op.batch_alter_table("draft") as table:
        table.drop_constraint(op.f("fk_draft_account_id"), type_="foreignkey")
        table.drop_column("contact_print")
        table.drop_column("account_id")
        table.drop_column("place")
