"""What an operator checks before the service may serve: the schema's rules, and a schema of another age."""

import subprocess

import pytest
from harness.places import SHARED
from harness.product import Installation, run

LINT = SHARED / "tools/citus_lint.sql"
DAMAGES = [
    ("alter table app.tenant disable row level security", "tenant"),
    ("alter table app.usage_event owner to controlplane_app", "usage_event"),
    ("grant create on schema app to controlplane_app", "app"),
    ("create unique index by_event on app.usage_event (event_id)", "usage_event: unique"),
    ("comment on table app.usage_hour is 'sums'", "usage_hour: no dist: class"),
    ("insert into app.schema_migration select (jsonb_populate_record(m, '{\"name\": \"9999_from_the_future\"}')).*"
     " from app.schema_migration m limit 1", "9999"),
    ("delete from app.schema_migration where name like '0002%'", "0002"),
]


@pytest.fixture(scope="module")
def schema(cluster) -> Installation:
    return Installation.prepare(cluster, "schema")


def test_the_schema_can_be_distributed(cluster, schema):
    """By the rules that serve refuses by, and by the design's lint where it lies beside the repository."""
    checked = schema.command("serve", "--check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    if not LINT.exists():
        return
    done = subprocess.run(
        ["psql", "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-v", "s=app", "-v", "app=controlplane_app",
         "-d", cluster.url(database=schema.database), "-f", LINT],
        capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""


def test_a_second_migration_finds_nothing_to_do(schema):
    done = schema.command("migrate")
    assert done.returncode == 0 and "Nothing is pending" in done.stdout, done.stdout + done.stderr
    assert "pending" not in schema.command("migrate", "--status").stdout


@pytest.mark.parametrize("damage, named", DAMAGES)
def test_serve_refuses_a_damaged_schema(cluster, schema, damage, named):
    damaged = schema.copy(f"damaged_{DAMAGES.index((damage, named))}")
    cluster.query(damage, damaged.database)
    done = damaged.command("serve", "--check")
    assert done.returncode != 0
    assert named in done.stdout + done.stderr


def test_the_service_cannot_weaken_its_own_fence(cluster, schema):
    from harness.cluster import query

    for role in ("controlplane_app", "controlplane_system"):
        for sql in ("alter table app.tenant disable row level security", "drop policy system_all on app.tenant",
                    "create table app.mine (x int)", "set role controlplane_owner", "truncate app.usage_event"):
            with pytest.raises(AssertionError):
                query(cluster.url(role, schema.database), sql)


def test_a_missing_setting_says_what_to_do(tmp_path):
    done = run("serve", directory=tmp_path)
    assert done.returncode != 0 and "DATABASE_URL" in done.stderr
