"""Staff log in: passwords, second factors, sessions, guesses, and the audit."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
COLUMNS = (
    ("phone_sealed", sa.LargeBinary()),
    ("password", sa.String(length=160)),
    ("one_time_until", INSTANT),
    ("totp_sealed", sa.LargeBinary()),
    ("totp_step", sa.Integer()),
)


def upgrade() -> None:
    for name, kind in COLUMNS:
        op.add_column("staff", sa.Column(name, kind, nullable=True))
    op.add_column(
        "staff", sa.Column("supreme", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.create_table(
        "staff_session",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("print", sa.String(length=32), nullable=False),
        sa.Column("staff_id", KEY, nullable=False),
        sa.Column("stage", sa.String(length=8), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("browser", sa.String(length=60), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("ended_why", sa.String(length=12), nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_session_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_session")),
        sa.UniqueConstraint("print", name=op.f("uq_staff_session_print")),
    )
    op.create_index("ix_staff_session_staff", "staff_session", ["staff_id", "ended_at"], unique=False)
    op.create_table(
        "login_guess",
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("print", sa.String(length=32), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("until", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("kind", "print", name=op.f("pk_login_guess")),
    )
    op.create_index(op.f("ix_login_guess_until"), "login_guess", ["until"], unique=False)
    op.create_table(
        "audit_entry",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("staff_id", KEY, nullable=True),
        sa.Column("hospital_id", KEY, nullable=True),
        sa.Column("session_id", KEY, nullable=True),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("act", sa.String(length=40), nullable=False),
        sa.Column("what", sa.String(length=200), nullable=False),
        sa.Column("subject_id", KEY, nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("before", sa.String(length=32), nullable=False),
        sa.Column("mark", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
        sa.UniqueConstraint("mark", name=op.f("uq_audit_entry_mark")),
    )
    op.create_index("ix_audit_entry_act", "audit_entry", ["act", "id"], unique=False)
    op.create_index("ix_audit_entry_staff", "audit_entry", ["staff_id", "id"], unique=False)
    if op.get_bind().dialect.name == "sqlite":
        for act in ("update", "delete"):
            op.execute(
                f"create trigger audit_entry_no_{act} before {act} on audit_entry "
                "begin select raise(abort, 'the audit is append-only'); end"
            )
    else:
        op.execute(
            "create or replace function audit_append_only() returns trigger language plpgsql as "
            "$$ begin raise exception 'the audit is append-only'; end $$"
        )
        op.execute(
            "create trigger audit_entry_append_only before update or delete or truncate on audit_entry "
            "for each statement execute function audit_append_only()"
        )


def downgrade() -> None:
    op.drop_table("audit_entry")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("drop function audit_append_only()")
    op.drop_table("login_guess")
    op.drop_table("staff_session")
    with op.batch_alter_table("staff") as staff:
        for name in ("supreme", *(name for name, _ in COLUMNS)):
            staff.drop_column(name)
