-- Minutes during the call: what live legs were granted, in which order grants of a tenant are made, and the pools that
-- partners share among their tenants.

-- Its lock puts the grants of a tenant's month into one order; the figures themselves are the leases and the receipts.
create table app.usage_bucket (
    tenant_id uuid not null,
    month date not null check (extract(day from month) = 1),
    organisation_id uuid not null,
    primary key (tenant_id, month),
    foreign key (tenant_id, organisation_id) references app.tenant (tenant_id, organisation_id)
);
comment on table app.usage_bucket is 'Months of tenants in which minutes are granted. dist:tenant';
alter table app.usage_bucket enable row level security;
create policy system_all on app.usage_bucket to controlplane_system using (true) with check (true);
create policy tenant_own on app.usage_bucket for select to controlplane_app
    using (tenant_id = (select app.current_tenant()));
create policy organisation_own on app.usage_bucket for select to controlplane_app
    using (organisation_id = (select app.current_organisation()));
grant select on app.usage_bucket to controlplane_app;
-- update for its lock alone: no column ever changes
grant select, insert, update on app.usage_bucket to controlplane_system;

-- One metered leg of one pass through the dialplan, in one month. What may have been used counts as used until a record
-- says better, so a lease is never given back because nothing was heard of it.
create table app.usage_lease (
    tenant_id uuid not null,
    lease_id uuid not null,
    -- the leg that is routed, or the one that the routing makes
    leg text not null check (leg in ('a', 'b')),
    -- the bucket; a call over midnight has a row in each month
    month date not null,
    organisation_id uuid not null,
    -- the uuid of the leg that is routed
    call_id text collate "C" not null check (char_length(call_id) between 1 and 64),
    node_id uuid,
    direction text not null check (direction in ('inbound', 'outbound')),
    -- of the destination of an outbound leg
    kind text,
    risk text not null check (risk in ('low', 'elevated', 'high')),
    -- digits; personal, gone with the lease
    destination text not null default '',
    -- the tenant's number of an inbound call
    phone_number_id uuid,
    revision text not null default '',
    -- ringing: granted, nobody answered as far as we heard · running · expired: not renewed in time, counts in full until
    -- its record comes · estimated: spent_ms is booked in place of the record that may still come, the rest counts on for
    -- a day · settled: its record is booked
    state text not null check (state in ('ringing', 'running', 'expired', 'estimated', 'settled')),
    -- answered time granted so far, in this month
    granted_ms bigint not null check (granted_ms >= 0),
    -- answered time that the node last told of, in this month
    spent_ms bigint not null default 0 check (spent_ms >= 0),
    began_at timestamptz not null,
    -- of the leg, also where another month's row came first
    answered_at timestamptz,
    -- the node's last word
    seen_at timestamptz not null,
    expires_at timestamptz not null,
    settled_at timestamptz,
    primary key (tenant_id, lease_id, leg, month),
    check ((state = 'settled') = (settled_at is not null)),
    foreign key (tenant_id, organisation_id) references app.tenant (tenant_id, organisation_id)
) with (fillfactor = 70);
comment on table app.usage_lease is 'Grants of answered time to live legs. dist:tenant';
create index usage_lease_open on app.usage_lease (tenant_id, month) where state <> 'settled';
create index usage_lease_call on app.usage_lease (tenant_id, call_id);
create index usage_lease_id on app.usage_lease (lease_id) where state <> 'settled';
create index usage_lease_expires on app.usage_lease (expires_at) where state in ('ringing', 'running');
create index usage_lease_seen on app.usage_lease (seen_at) where state in ('expired', 'estimated');
create index usage_lease_began on app.usage_lease (tenant_id, began_at);
create index usage_lease_settled on app.usage_lease (settled_at) where state = 'settled';
create index usage_lease_organisation on app.usage_lease (organisation_id) where state <> 'settled';
alter table app.usage_lease enable row level security;
create policy system_all on app.usage_lease to controlplane_system using (true) with check (true);
create policy tenant_own on app.usage_lease to controlplane_app
    using (tenant_id = (select app.current_tenant()))
    with check (tenant_id = (select app.current_tenant()));
create policy organisation_own on app.usage_lease to controlplane_app
    using (organisation_id = (select app.current_organisation()))
    with check (organisation_id = (select app.current_organisation()));
-- the record of a leg settles its lease in the scope of whom it bills
grant select, update (state, spent_ms, settled_at) on app.usage_lease to controlplane_app;
grant select, insert, delete on app.usage_lease to controlplane_system;
grant update (state, granted_ms, spent_ms, answered_at, seen_at, expires_at, settled_at)
    on app.usage_lease to controlplane_system;

-- Minutes that all tenants of an organisation share in a month, on top of each tenant's own bounds.
create table app.minute_pool (
    organisation_id uuid not null primary key references app.organisation,
    milliseconds bigint not null check (milliseconds >= 0),
    revision bigint not null default 1,
    updated_at timestamptz not null
);
comment on table app.minute_pool is 'Shared minutes of a partner''s tenants. dist:local';
alter table app.minute_pool enable row level security;
alter table app.minute_pool force row level security;
create policy system_all on app.minute_pool to controlplane_system using (true) with check (true);
create policy organisation_own on app.minute_pool to controlplane_app
    using (organisation_id = (select app.current_organisation()))
    with check (organisation_id = (select app.current_organisation()));
grant select, insert, delete on app.minute_pool to controlplane_app, controlplane_system;
grant update (milliseconds, revision, updated_at) on app.minute_pool to controlplane_app, controlplane_system;

-- Its lock puts the grants of a pool's month into one order, before the bucket's.
create table app.minute_pool_month (
    organisation_id uuid not null references app.organisation,
    month date not null check (extract(day from month) = 1),
    primary key (organisation_id, month)
);
comment on table app.minute_pool_month is 'Months of pools in which minutes are granted. dist:local';
alter table app.minute_pool_month enable row level security;
alter table app.minute_pool_month force row level security;
create policy system_all on app.minute_pool_month to controlplane_system using (true) with check (true);
create policy organisation_own on app.minute_pool_month for select to controlplane_app
    using (organisation_id = (select app.current_organisation()));
grant select on app.minute_pool_month to controlplane_app;
grant select, insert, update on app.minute_pool_month to controlplane_system;
