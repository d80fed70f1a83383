-- Organisations, instances, tenants, principals, API keys, sessions, audit, idempotency.
-- The roles and the schema exist already (controlplane database bootstrap); this runs as controlplane_owner.
-- Every table names its class for scale-out in its comment: dist:tenant, dist:reference or dist:local.

-- The context of a transaction. SET LOCAL inside a function is the one form that keeps bind parameters and also
-- reaches the workers of a distributed cluster.
create function app.with_tenant(t uuid) returns void language plpgsql as
$$ begin execute format('set local app.tenant_id = %L', t); end $$;

create function app.with_organisation(o uuid) returns void language plpgsql as
$$ begin execute format('set local app.organisation_id = %L', o); end $$;

-- What policies compare with: NULL when nothing is set (or '' after an earlier SET LOCAL), so they fail closed.
create function app.current_tenant() returns uuid language sql stable parallel safe as
$$ select nullif(current_setting('app.tenant_id', true), '')::uuid $$;

create function app.current_organisation() returns uuid language sql stable parallel safe as
$$ select nullif(current_setting('app.organisation_id', true), '')::uuid $$;

create table app.organisation (
    organisation_id uuid not null primary key,
    kind text not null check (kind in ('vendor', 'partner', 'end_customer')),
    -- the partner that manages this end-customer; the vendor and partners manage themselves
    managed_by uuid references app.organisation,
    display_name text not null check (char_length(display_name) between 1 and 200),
    legal_name text not null check (char_length(legal_name) between 1 and 200),
    country text not null check (country ~ '^[A-Z]{2}$'),
    address text not null default '' check (char_length(address) <= 1000),
    billing_email text not null default '' check (char_length(billing_email) <= 320),
    vat_id text check (char_length(vat_id) between 4 and 20),
    vat_id_valid boolean not null default false,
    public_sector boolean not null default false,
    critical_infrastructure boolean not null default false,
    revision bigint not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz,
    purge_at timestamptz,
    check (managed_by is null or kind = 'end_customer')
);
comment on table app.organisation is 'Legal parties: vendor, partners, end-customers. dist:reference';
create unique index organisation_one_vendor on app.organisation (kind) where kind = 'vendor';
create index organisation_managed_by on app.organisation (managed_by);
alter table app.organisation enable row level security;
create policy system_all on app.organisation to controlplane_system using (true) with check (true);
create policy organisation_own on app.organisation to controlplane_app
    using (organisation_id = (select app.current_organisation())
        or managed_by = (select app.current_organisation()))
    with check (organisation_id = (select app.current_organisation())
        or managed_by = (select app.current_organisation()));
grant select, insert on app.organisation to controlplane_app, controlplane_system;
grant update (display_name, legal_name, country, address, billing_email, vat_id, vat_id_valid, public_sector,
    critical_infrastructure, revision, updated_at, deleted_at, purge_at)
    on app.organisation to controlplane_app, controlplane_system;

create table app.instance (
    instance_id uuid not null primary key,
    -- who sees and manages it: the vendor, the licensee, or the deployment partner
    organisation_id uuid not null references app.organisation,
    -- whose stack it is: the vendor, the licensee, or the one end-customer of a deployment
    owner_id uuid not null references app.organisation,
    host text not null check (host in ('vendor', 'licensee', 'end_customer')),
    display_name text not null check (char_length(display_name) between 1 and 200),
    region text not null default '' check (char_length(region) <= 60),
    version text not null default '' check (char_length(version) <= 60),
    state text not null default 'active' check (state in ('active', 'retired')),
    -- of a deployment: the order of the contract that it belongs to, by its reference, and the size that it has there
    order_reference text check (char_length(order_reference) between 1 and 40),
    size text check (size in ('compact', 'standard', 'premium')),
    revision bigint not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    unique (instance_id, host),
    check ((order_reference is null) = (size is null)),
    check (size is null or host = 'end_customer')
);
comment on table app.instance is 'Running stacks: the unit of deployment. dist:reference';
create index instance_organisation on app.instance (organisation_id);
create index instance_owner on app.instance (owner_id);
alter table app.instance enable row level security;
create policy system_all on app.instance to controlplane_system using (true) with check (true);
-- the shared platform is visible to every partner, because tenants of partners are placed on it
create policy organisation_read on app.instance for select to controlplane_app
    using (organisation_id = (select app.current_organisation()) or owner_id = (select app.current_organisation())
        or (host = 'vendor' and (select app.current_organisation()) is not null));
create policy organisation_insert on app.instance for insert to controlplane_app
    with check (organisation_id = (select app.current_organisation()) and host <> 'vendor');
create policy organisation_update on app.instance for update to controlplane_app
    using (organisation_id = (select app.current_organisation()) and host <> 'vendor')
    with check (organisation_id = (select app.current_organisation()) and host <> 'vendor');
grant select, insert on app.instance to controlplane_app, controlplane_system;
grant update (display_name, region, version, state, order_reference, size, revision, updated_at)
    on app.instance to controlplane_app, controlplane_system;

create table app.tenant (
    tenant_id uuid not null primary key,
    -- the organisation that manages the tenant and is billed for it
    organisation_id uuid not null references app.organisation,
    instance_id uuid not null,
    -- the instance's, which never changes: the host decides the program that a tenant is billed under
    host text not null,
    -- the organisation that receives the service, where it is known as a legal party
    end_customer_id uuid references app.organisation,
    slug text not null check (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    display_name text not null check (char_length(display_name) between 1 and 200),
    kind text not null check (kind in ('production', 'sandbox', 'demo')),
    state text not null check (state in ('provisioning', 'active', 'suspended', 'archived', 'purged')),
    state_reason text not null default '' check (char_length(state_reason) <= 200),
    voice_enabled boolean not null default false,
    revision bigint not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    purge_at timestamptz,
    constraint tenant_slug unique (instance_id, slug),
    -- what rows that name both refer to: policies see only one of the two, so nothing else keeps the pair together
    constraint tenant_of_organisation unique (tenant_id, organisation_id),
    foreign key (instance_id, host) references app.instance (instance_id, host)
);
comment on table app.tenant is 'Isolated workspaces inside an instance. dist:reference';
create index tenant_organisation on app.tenant (organisation_id, tenant_id);
alter table app.tenant enable row level security;
create policy system_all on app.tenant to controlplane_system using (true) with check (true);
create policy tenant_own on app.tenant to controlplane_app
    using (tenant_id = (select app.current_tenant()))
    with check (tenant_id = (select app.current_tenant()));
create policy organisation_own on app.tenant to controlplane_app
    using (organisation_id = (select app.current_organisation()))
    with check (organisation_id = (select app.current_organisation()));
grant select, insert on app.tenant to controlplane_app, controlplane_system;
grant update (end_customer_id, display_name, kind, state, state_reason, voice_enabled, revision, updated_at, purge_at)
    on app.tenant to controlplane_app, controlplane_system;

-- Every change that a bill depends on, with the full status after it: what was provisioned when, with or without voice.
create table app.tenant_transition (
    tenant_id uuid not null,
    -- the tenant's revision after the change: the order of the history, also of changes at one instant
    revision bigint not null,
    organisation_id uuid not null,
    occurred_at timestamptz not null,
    state text not null,
    kind text not null,
    voice_enabled boolean not null,
    reason text not null default '',
    principal_id uuid not null,
    primary key (tenant_id, revision),
    foreign key (tenant_id, organisation_id) references app.tenant (tenant_id, organisation_id)
);
comment on table app.tenant_transition is 'History of a tenant''s state, kind and voice. Append-only. dist:tenant';
create index tenant_transition_organisation on app.tenant_transition (organisation_id, occurred_at);
alter table app.tenant_transition enable row level security;
create policy system_all on app.tenant_transition to controlplane_system using (true) with check (true);
create policy tenant_own on app.tenant_transition to controlplane_app
    using (tenant_id = (select app.current_tenant()))
    with check (tenant_id = (select app.current_tenant()));
create policy organisation_own on app.tenant_transition to controlplane_app
    using (organisation_id = (select app.current_organisation()))
    with check (organisation_id = (select app.current_organisation()));
grant select, insert on app.tenant_transition to controlplane_app, controlplane_system;

-- Who acts. Today API keys, the operator of the console and named jobs; people and instances join without a new shape.
-- organisation_id and tenant_id are the home scope; both null = platform.
create table app.principal (
    principal_id uuid not null primary key,
    kind text not null check (kind in ('api_key', 'operator', 'system')),
    display_name text not null check (char_length(display_name) between 1 and 200),
    organisation_id uuid references app.organisation,
    tenant_id uuid,
    created_at timestamptz not null,
    disabled_at timestamptz,
    check (tenant_id is null or organisation_id is not null),
    foreign key (tenant_id, organisation_id) references app.tenant (tenant_id, organisation_id)
);
comment on table app.principal is 'Who acts: keys, operators, named jobs. dist:local';
create index principal_organisation on app.principal (organisation_id);
alter table app.principal enable row level security;
alter table app.principal force row level security;
create policy system_all on app.principal to controlplane_system using (true) with check (true);
create policy organisation_own on app.principal to controlplane_app
    using (organisation_id = (select app.current_organisation()))
    with check (organisation_id = (select app.current_organisation()));
create policy tenant_own on app.principal to controlplane_app
    using (tenant_id = (select app.current_tenant()))
    with check (tenant_id = (select app.current_tenant()));
grant select, insert, update on app.principal to controlplane_app, controlplane_system;

-- A role at a scope node. Built-in roles are named in code; custom roles will get a table of their own.
create table app.binding (
    binding_id uuid not null primary key,
    principal_id uuid not null references app.principal,
    role text not null check (char_length(role) between 1 and 60),
    organisation_id uuid references app.organisation,
    tenant_id uuid,
    reason text not null default '' check (char_length(reason) <= 200),
    created_at timestamptz not null,
    created_by uuid not null,
    expires_at timestamptz,
    check (tenant_id is null or organisation_id is not null),
    foreign key (tenant_id, organisation_id) references app.tenant (tenant_id, organisation_id)
);
comment on table app.binding is 'Grants: principal, role, scope node. dist:local';
create index binding_principal on app.binding (principal_id);
create index binding_organisation on app.binding (organisation_id);
alter table app.binding enable row level security;
alter table app.binding force row level security;
create policy system_all on app.binding to controlplane_system using (true) with check (true);
create policy organisation_own on app.binding to controlplane_app
    using (organisation_id = (select app.current_organisation()))
    with check (organisation_id = (select app.current_organisation()));
create policy tenant_own on app.binding to controlplane_app
    using (tenant_id = (select app.current_tenant()))
    with check (tenant_id = (select app.current_tenant()));
grant select, insert on app.binding to controlplane_app, controlplane_system;
grant update (expires_at) on app.binding to controlplane_app, controlplane_system;

create table app.api_key (
    api_key_id uuid not null primary key,
    principal_id uuid not null references app.principal,
    organisation_id uuid references app.organisation,
    tenant_id uuid,
    -- the public part, shown in the console and in logs
    key_id text not null,
    display_name text not null check (char_length(display_name) between 1 and 200),
    -- SHA-256 of the whole key, which has more than 160 random bits: a slow hash would protect nothing more
    secret_hash bytea not null check (octet_length(secret_hash) = 32),
    last_four text not null check (char_length(last_four) = 4),
    created_at timestamptz not null,
    created_by uuid not null,
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    revision bigint not null default 1,
    constraint api_key_key_id unique (key_id),
    check (tenant_id is null or organisation_id is not null),
    foreign key (tenant_id, organisation_id) references app.tenant (tenant_id, organisation_id)
);
comment on table app.api_key is 'API keys by their public id; the secret only as a hash. dist:local';
create index api_key_organisation on app.api_key (organisation_id, api_key_id);
alter table app.api_key enable row level security;
alter table app.api_key force row level security;
create policy system_all on app.api_key to controlplane_system using (true) with check (true);
create policy organisation_own on app.api_key to controlplane_app
    using (organisation_id = (select app.current_organisation()))
    with check (organisation_id = (select app.current_organisation()));
create policy tenant_own on app.api_key to controlplane_app
    using (tenant_id = (select app.current_tenant()))
    with check (tenant_id = (select app.current_tenant()));
grant select, insert on app.api_key to controlplane_app, controlplane_system;
grant update (secret_hash, last_four, revoked_at, expires_at, last_used_at, revision) on app.api_key to controlplane_app, controlplane_system;

-- Console sessions and sign-in passwords: read before it is known who is there, so by the system role alone.
create table app.session (
    token_hash bytea not null primary key check (octet_length(token_hash) = 32),
    principal_id uuid not null references app.principal,
    created_at timestamptz not null,
    expires_at timestamptz not null
);
comment on table app.session is 'Console sessions by the hash of their cookie. dist:local';
grant select, insert, update, delete on app.session to controlplane_system;

-- A key's sessions end with its secret, in the same transaction: whoever may end a key sees no sessions.
create function app.end_sessions_of_key() returns trigger language plpgsql
    security definer set search_path = pg_catalog, pg_temp as
$$ begin delete from app.session where principal_id = new.principal_id; return null; end $$;
revoke execute on function app.end_sessions_of_key() from public;
create trigger api_key_ends_sessions after update of secret_hash, revoked_at on app.api_key
    for each row when (old.secret_hash <> new.secret_hash or old.revoked_at is distinct from new.revoked_at)
    execute function app.end_sessions_of_key();
create index session_principal on app.session (principal_id);

create table app.one_time_password (
    password_hash bytea not null primary key check (octet_length(password_hash) = 32),
    principal_id uuid not null references app.principal,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz
);
comment on table app.one_time_password is 'Single-use sign-in passwords, as hashes. dist:local';
grant select, insert, delete on app.one_time_password to controlplane_system;
grant update (used_at) on app.one_time_password to controlplane_system;

-- The answer of a request that carried an Idempotency-Key, stored in the transaction of its effect.
create table app.idempotency_record (
    principal_id uuid not null,
    idempotency_key text not null check (char_length(idempotency_key) between 1 and 255),
    organisation_id uuid,
    tenant_id uuid,
    request_digest bytea not null check (octet_length(request_digest) = 32),
    status bigint not null,
    body bytea not null,
    created_at timestamptz not null,
    primary key (principal_id, idempotency_key),
    check (tenant_id is null or organisation_id is not null),
    foreign key (tenant_id, organisation_id) references app.tenant (tenant_id, organisation_id)
);
comment on table app.idempotency_record is 'Stored answers by idempotency key. dist:local';
create index idempotency_record_created on app.idempotency_record (created_at);
alter table app.idempotency_record enable row level security;
alter table app.idempotency_record force row level security;
create policy system_all on app.idempotency_record to controlplane_system using (true) with check (true);
create policy organisation_own on app.idempotency_record to controlplane_app
    using (tenant_id is null and organisation_id = (select app.current_organisation()))
    with check (tenant_id is null and organisation_id = (select app.current_organisation()));
create policy tenant_own on app.idempotency_record to controlplane_app
    using (tenant_id = (select app.current_tenant()))
    with check (tenant_id = (select app.current_tenant()));
grant select, insert on app.idempotency_record to controlplane_app, controlplane_system;
grant update (status, body) on app.idempotency_record to controlplane_app, controlplane_system;
grant delete on app.idempotency_record to controlplane_system;

-- The audit log of the platform and of organisations; a tenant's own events lie beside its other rows.
create table app.audit_event (
    audit_event_id uuid not null primary key,
    organisation_id uuid references app.organisation,
    occurred_at timestamptz not null,
    principal_id uuid not null,
    principal_name text not null,
    action text not null,
    target text not null,
    detail jsonb not null default '{}',
    request_id text not null default ''
);
comment on table app.audit_event is 'What was done to the platform and to organisations. Append-only. dist:local';
create index audit_event_organisation on app.audit_event (organisation_id, audit_event_id);
alter table app.audit_event enable row level security;
alter table app.audit_event force row level security;
create policy system_all on app.audit_event to controlplane_system using (true) with check (true);
create policy organisation_own on app.audit_event to controlplane_app
    using (organisation_id = (select app.current_organisation()))
    with check (organisation_id = (select app.current_organisation()));
grant select, insert on app.audit_event to controlplane_app, controlplane_system;

create table app.tenant_audit_event (
    tenant_id uuid not null,
    audit_event_id uuid not null,
    organisation_id uuid not null,
    occurred_at timestamptz not null,
    principal_id uuid not null,
    principal_name text not null,
    action text not null,
    target text not null,
    detail jsonb not null default '{}',
    request_id text not null default '',
    primary key (tenant_id, audit_event_id),
    foreign key (tenant_id, organisation_id) references app.tenant (tenant_id, organisation_id)
);
comment on table app.tenant_audit_event is 'What was done to a tenant. Append-only. dist:tenant';
create index tenant_audit_event_organisation on app.tenant_audit_event (organisation_id, audit_event_id);
alter table app.tenant_audit_event enable row level security;
create policy system_all on app.tenant_audit_event to controlplane_system using (true) with check (true);
create policy tenant_own on app.tenant_audit_event to controlplane_app
    using (tenant_id = (select app.current_tenant()))
    with check (tenant_id = (select app.current_tenant()));
create policy organisation_own on app.tenant_audit_event to controlplane_app
    using (organisation_id = (select app.current_organisation()))
    with check (organisation_id = (select app.current_organisation()));
grant select, insert on app.tenant_audit_event to controlplane_app, controlplane_system;
