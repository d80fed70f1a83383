-- What nodes report of calls: their legs, the bodies as they came, receipts, records that nobody could read, and what
-- the event socket saw, by which missing records are found.

-- One leg of a call, for ever: the primary key is the dedupe key, because a node repeats a record until it is answered.
create table app.call_leg (
    tenant_id uuid not null,
    leg_id uuid not null,
    organisation_id uuid not null,
    -- the same for all legs of a call
    call_id uuid not null,
    -- the node that reported it; kept when the node is gone
    node_id uuid not null,
    -- of the run of the node, and the leg's number in it
    core_id uuid,
    session_number bigint,
    side text not null check (side in ('inbound', 'outbound')),
    -- what the leg means for the bill: metered, recorded without being billed, or spoken for by another leg
    metering text not null check (metering in ('metered', 'unmetered', 'none')),
    -- null when another leg speaks for it
    direction text check (direction in ('inbound', 'outbound', 'internal', 'emergency')),
    call_class text not null default '',
    started_at timestamptz not null,
    answered_at timestamptz,
    ended_at timestamptz not null,
    -- answered time, exact and as it is metered
    answered_us bigint not null check (answered_us >= 0),
    milliseconds bigint not null check (milliseconds >= 0),
    cause text not null,
    cause_code bigint,
    sip_status bigint,
    disposition text not null default '',
    peer_cause text not null default '',
    -- what the two sides called themselves and what was dialled: personal, erased after retention
    caller text not null default '',
    dialled text not null default '',
    destination text not null default '',
    sip_user text not null default '',
    network_address text not null default '',
    sip_call_id text not null default '',
    gateway text not null default '',
    originating_leg_id uuid,
    bridged_leg_id uuid,
    transfers text[] not null default '{}',
    quality_hundredths bigint,
    -- what our answers put on it
    revision_id text not null default '',
    lease_id uuid,
    refusal text not null default '',
    -- counted up to the last sign of life, because its node was lost; the record may still come
    estimated boolean not null default false,
    -- what an estimate counted, also after its record came
    estimated_ms bigint not null default 0,
    -- came when its month was finalised already
    late boolean not null default false,
    received_at timestamptz not null,
    erased_at timestamptz,
    primary key (tenant_id, leg_id),
    foreign key (tenant_id, organisation_id) references app.tenant (tenant_id, organisation_id)
);
comment on table app.call_leg is 'Legs of calls as nodes reported them. dist:tenant';
create index call_leg_started on app.call_leg (tenant_id, started_at, leg_id);
create index call_leg_call on app.call_leg (tenant_id, call_id);
create index call_leg_organisation on app.call_leg (organisation_id, started_at);
-- a leg without any other hint belongs to the tenant of the leg that made it
create index call_leg_id on app.call_leg (leg_id);
alter table app.call_leg enable row level security;
create policy system_all on app.call_leg to controlplane_system using (true) with check (true);
create policy tenant_own on app.call_leg to controlplane_app
    using (tenant_id = (select app.current_tenant()))
    with check (tenant_id = (select app.current_tenant()));
create policy organisation_own on app.call_leg to controlplane_app
    using (organisation_id = (select app.current_organisation()))
    with check (organisation_id = (select app.current_organisation()));
grant select, insert on app.call_leg to controlplane_app, controlplane_system;
grant update on app.call_leg to controlplane_app, controlplane_system;
grant delete on app.call_leg to controlplane_system;

-- The body of a record as it came, for as long as it may be needed to read it again.
create table app.cdr_raw (
    tenant_id uuid not null,
    leg_id uuid not null,
    organisation_id uuid not null,
    body bytea not null check (octet_length(body) <= 1048576),
    received_at timestamptz not null,
    primary key (tenant_id, leg_id),
    foreign key (tenant_id, organisation_id) references app.tenant (tenant_id, organisation_id)
);
comment on table app.cdr_raw is 'Bodies of call records until their retention ends. dist:tenant';
create index cdr_raw_received on app.cdr_raw (received_at);
alter table app.cdr_raw enable row level security;
create policy system_all on app.cdr_raw to controlplane_system using (true) with check (true);
create policy tenant_own on app.cdr_raw to controlplane_app
    using (tenant_id = (select app.current_tenant()))
    with check (tenant_id = (select app.current_tenant()));
create policy organisation_own on app.cdr_raw to controlplane_app
    using (organisation_id = (select app.current_organisation()))
    with check (organisation_id = (select app.current_organisation()));
grant select, insert on app.cdr_raw to controlplane_app, controlplane_system;
grant delete on app.cdr_raw to controlplane_system;

-- Where the receipts of a tenant's month stand. Its lock puts them into one order.
create table app.receipt_chain (
    tenant_id uuid not null,
    month date not null check (extract(day from month) = 1),
    organisation_id uuid not null,
    -- of the last receipt
    sequence bigint not null check (sequence >= 0),
    used_ms bigint not null check (used_ms >= 0),
    hash text not null check (hash ~ '^[0-9a-f]{64}$'),
    primary key (tenant_id, month),
    foreign key (tenant_id, organisation_id) references app.tenant (tenant_id, organisation_id)
) with (fillfactor = 50);
comment on table app.receipt_chain is 'Last receipt of each tenant''s month. dist:tenant';
alter table app.receipt_chain enable row level security;
create policy system_all on app.receipt_chain to controlplane_system using (true) with check (true);
create policy tenant_own on app.receipt_chain to controlplane_app
    using (tenant_id = (select app.current_tenant()))
    with check (tenant_id = (select app.current_tenant()));
create policy organisation_own on app.receipt_chain to controlplane_app
    using (organisation_id = (select app.current_organisation()))
    with check (organisation_id = (select app.current_organisation()));
grant select, insert on app.receipt_chain to controlplane_app, controlplane_system;
grant update (sequence, used_ms, hash) on app.receipt_chain to controlplane_app, controlplane_system;

create table app.call_receipt (
    tenant_id uuid not null,
    month date not null,
    sequence bigint not null check (sequence > 0),
    organisation_id uuid not null,
    leg_id uuid not null,
    basis text not null check (basis in ('record', 'estimate', 'reversal')),
    -- negative in a reversal
    milliseconds bigint not null,
    included_ms bigint not null,
    overage_ms bigint not null,
    -- the whole receipt as it was hashed, character by character
    document text not null,
    hash text not null check (hash ~ '^[0-9a-f]{64}$'),
    created_at timestamptz not null,
    primary key (tenant_id, month, sequence),
    constraint call_receipt_leg unique (tenant_id, leg_id, month, basis),
    foreign key (tenant_id, organisation_id) references app.tenant (tenant_id, organisation_id)
);
comment on table app.call_receipt is 'Price receipts of legs, a chain per tenant and month. Append-only. dist:tenant';
alter table app.call_receipt enable row level security;
create policy system_all on app.call_receipt to controlplane_system using (true) with check (true);
create policy tenant_own on app.call_receipt to controlplane_app
    using (tenant_id = (select app.current_tenant()))
    with check (tenant_id = (select app.current_tenant()));
create policy organisation_own on app.call_receipt to controlplane_app
    using (organisation_id = (select app.current_organisation()))
    with check (organisation_id = (select app.current_organisation()));
grant select, insert on app.call_receipt to controlplane_app, controlplane_system;

-- What a node sent and nobody could book. It is answered with success, because a refusal makes the node give up.
create table app.cdr_quarantine (
    quarantine_id uuid not null primary key,
    -- whose node it is; null for the platform's
    organisation_id uuid references app.organisation,
    -- whose tenants the node serves
    instance_id uuid,
    node_id uuid not null,
    reason text not null check (char_length(reason) between 1 and 60),
    detail text not null check (char_length(detail) <= 500),
    -- where it could be read
    leg_id uuid,
    originating_leg_id uuid,
    body bytea not null check (octet_length(body) <= 1048576),
    -- the same bytes of a node are kept once
    body_sha256 bytea not null check (octet_length(body_sha256) = 32),
    state text not null check (state in ('open', 'replayed', 'discarded')),
    received_at timestamptz not null,
    times bigint not null default 1,
    resolved_at timestamptz,
    resolved_by uuid,
    constraint cdr_quarantine_body unique (node_id, body_sha256)
);
comment on table app.cdr_quarantine is 'Call records that could not be booked. dist:local';
create index cdr_quarantine_open on app.cdr_quarantine (quarantine_id) where state = 'open';
create index cdr_quarantine_waiting on app.cdr_quarantine (originating_leg_id) where state = 'open';
create index cdr_quarantine_organisation on app.cdr_quarantine (organisation_id, quarantine_id);
alter table app.cdr_quarantine enable row level security;
alter table app.cdr_quarantine force row level security;
create policy system_all on app.cdr_quarantine to controlplane_system using (true) with check (true);
create policy organisation_own on app.cdr_quarantine for select to controlplane_app
    using (organisation_id = (select app.current_organisation()));
grant select on app.cdr_quarantine to controlplane_app;
grant select, insert, update, delete on app.cdr_quarantine to controlplane_system;

-- Legs that the event socket saw, whether or not a record ever came: what is here and not in call_leg is missing.
create table app.leg_sighting (
    leg_id uuid not null primary key,
    node_id uuid not null,
    -- null until the node's variables said it
    tenant_id uuid,
    organisation_id uuid,
    core_id uuid,
    session_number bigint,
    side text not null check (side in ('inbound', 'outbound')),
    originating_leg_id uuid,
    call_id uuid,
    -- as for call_leg, as far as it was known
    metering text not null default 'none' check (metering in ('metered', 'unmetered', 'none')),
    direction text check (direction in ('inbound', 'outbound', 'internal', 'emergency')),
    call_class text not null default '',
    gateway text not null default '',
    revision_id text not null default '',
    lease_id uuid,
    started_at timestamptz not null,
    answered_at timestamptz,
    -- null while it is up
    ended_at timestamptz,
    -- its end was not seen: the node or the connection to it was lost, and ended_at is the last sign of life
    lost boolean not null default false
) with (fillfactor = 70);
comment on table app.leg_sighting is 'Legs seen live, by which missing records are found. dist:local';
create index leg_sighting_tenant on app.leg_sighting (tenant_id, started_at);
create index leg_sighting_organisation on app.leg_sighting (organisation_id, started_at);
create index leg_sighting_live on app.leg_sighting (node_id) where ended_at is null;
create index leg_sighting_lost on app.leg_sighting (ended_at) where lost;
alter table app.leg_sighting enable row level security;
alter table app.leg_sighting force row level security;
create policy system_all on app.leg_sighting to controlplane_system using (true) with check (true);
create policy tenant_own on app.leg_sighting for select to controlplane_app
    using (tenant_id = (select app.current_tenant()));
create policy organisation_own on app.leg_sighting for select to controlplane_app
    using (organisation_id = (select app.current_organisation()));
grant select on app.leg_sighting to controlplane_app;
grant select, insert, update, delete on app.leg_sighting to controlplane_system;

-- The last sign of life of each node over its event socket.
create table app.node_sighting (
    node_id uuid not null primary key,
    core_id uuid,
    version text not null default '',
    sessions bigint not null default 0,
    connected boolean not null,
    seen_at timestamptz not null
) with (fillfactor = 50);
comment on table app.node_sighting is 'When nodes were last heard of. dist:local';
grant select, insert, update, delete on app.node_sighting to controlplane_system;
