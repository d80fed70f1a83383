-- Sealed secrets' keys, and voice: domains, users, groups, sites, trunks, numbers, schedules, permissions, settings, and
-- what a node is told of them.

-- One data key per owner and generation, wrapped by a key that never comes into the database. Whoever has only the
-- database has no secret of it. Without the row of its key a secret is gone: that is how an owner is shredded.
create table app.data_key (
    data_key_id uuid not null primary key,
    -- both null: the platform's own
    organisation_id uuid references app.organisation,
    tenant_id uuid,
    generation bigint not null check (generation > 0),
    -- which key wraps it: the first characters of the wrapping key's own hash
    kek_id text not null check (char_length(kek_id) between 1 and 60),
    wrapped bytea not null check (octet_length(wrapped) between 32 and 1024),
    -- active: seals and opens · retiring: opens, until nothing is sealed with it any more
    state text not null check (state in ('active', 'retiring')),
    created_at timestamptz not null,
    constraint data_key_generation unique nulls not distinct (organisation_id, tenant_id, generation),
    check (tenant_id is null or organisation_id is not null),
    foreign key (tenant_id, organisation_id) references app.tenant (tenant_id, organisation_id)
);
comment on table app.data_key is 'Wrapped keys that seal secrets, per owner. dist:local';
create unique index data_key_active on app.data_key (organisation_id, tenant_id) nulls not distinct
    where state = 'active';
alter table app.data_key enable row level security;
alter table app.data_key force row level security;
create policy system_all on app.data_key to controlplane_system using (true) with check (true);
create policy organisation_own on app.data_key to controlplane_app
    using (organisation_id = (select app.current_organisation()))
    with check (organisation_id = (select app.current_organisation()));
create policy tenant_own on app.data_key to controlplane_app
    using (tenant_id = (select app.current_tenant()))
    with check (tenant_id = (select app.current_tenant()));
grant select, insert on app.data_key to controlplane_app, controlplane_system;
grant update (kek_id, wrapped, state) on app.data_key to controlplane_system;
grant delete on app.data_key to controlplane_system;

-- A tenant has voice while it has this row. Changes of a tenant's voice lock it, so they happen one after the other.
create table app.sip_domain (
    tenant_id uuid not null primary key,
    organisation_id uuid not null,
    -- unique over all tenants by sip_domain_name
    domain text not null,
    -- how national numbers are read, and what is home in the permissions
    country text not null check (country ~ '^[A-Z]{2}$'),
    revision bigint not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    foreign key (tenant_id, organisation_id) references app.tenant (tenant_id, organisation_id)
);
comment on table app.sip_domain is 'SIP domain of a tenant with voice. dist:tenant';
create index sip_domain_organisation on app.sip_domain (organisation_id, tenant_id);
alter table app.sip_domain enable row level security;
create policy system_all on app.sip_domain to controlplane_system using (true) with check (true);
create policy tenant_own on app.sip_domain to controlplane_app
    using (tenant_id = (select app.current_tenant()))
    with check (tenant_id = (select app.current_tenant()));
create policy organisation_own on app.sip_domain to controlplane_app
    using (organisation_id = (select app.current_organisation()))
    with check (organisation_id = (select app.current_organisation()));
grant select, insert, delete on app.sip_domain to controlplane_app, controlplane_system;
grant update (domain, country, revision, updated_at) on app.sip_domain to controlplane_app, controlplane_system;

-- Unique over all tenants, which a table that is sharded by tenant cannot say.
create table app.sip_domain_name (
    domain text not null primary key
        check (domain = lower(domain) and char_length(domain) between 4 and 253 and domain ~ '[a-z]'),
    tenant_id uuid not null,
    organisation_id uuid not null,
    foreign key (tenant_id, organisation_id) references app.tenant (tenant_id, organisation_id)
);
comment on table app.sip_domain_name is 'SIP domains that are taken, by whom. dist:reference';
alter table app.sip_domain_name enable row level security;
create policy system_all on app.sip_domain_name to controlplane_system using (true) with check (true);
create policy tenant_own on app.sip_domain_name to controlplane_app
    using (tenant_id = (select app.current_tenant()))
    with check (tenant_id = (select app.current_tenant()));
create policy organisation_own on app.sip_domain_name to controlplane_app
    using (organisation_id = (select app.current_organisation()))
    with check (organisation_id = (select app.current_organisation()));
grant select, insert, delete on app.sip_domain_name to controlplane_app, controlplane_system;

-- Limits and the month's minutes.
create table app.voice_settings (
    tenant_id uuid not null primary key,
    organisation_id uuid not null,
    concurrent_calls bigint not null check (concurrent_calls between 0 and 10000),
    -- calls at the same time by kind of destination
    concurrent_by_kind jsonb not null default '{}',
    calls_per_second bigint not null check (calls_per_second between 1 and 100),
    longest_call_seconds bigint not null check (longest_call_seconds between 60 and 86400),
    sequential_calls bigint not null check (sequential_calls between 1 and 10000),
    -- millionths of a euro per minute; null: any price
    dearest_micros_per_minute bigint check (dearest_micros_per_minute >= 0),
    -- cents; null: no bound
    daily_spend_cents bigint check (daily_spend_cents >= 0),
    exposure_cents bigint check (exposure_cents >= 0),
    -- the tenant's own bound of a month; null: none
    cap_ms bigint check (cap_ms >= 0),
    at_end text not null check (at_end in ('overage', 'block')),
    outage_seconds bigint not null check (outage_seconds between 0 and 14400),
    revision bigint not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    foreign key (tenant_id, organisation_id) references app.tenant (tenant_id, organisation_id)
);
comment on table app.voice_settings is 'Limits and allotment of a tenant''s calls. dist:tenant';
alter table app.voice_settings enable row level security;
create policy system_all on app.voice_settings to controlplane_system using (true) with check (true);
create policy tenant_own on app.voice_settings to controlplane_app
    using (tenant_id = (select app.current_tenant()))
    with check (tenant_id = (select app.current_tenant()));
create policy organisation_own on app.voice_settings to controlplane_app
    using (organisation_id = (select app.current_organisation()))
    with check (organisation_id = (select app.current_organisation()));
grant select, insert, delete on app.voice_settings to controlplane_app, controlplane_system;
grant update (concurrent_calls, concurrent_by_kind, calls_per_second, longest_call_seconds, sequential_calls,
    dearest_micros_per_minute, daily_spend_cents, exposure_cents, cap_ms, at_end, outage_seconds, revision, updated_at)
    on app.voice_settings to controlplane_app, controlplane_system;

create table app.schedule (
    tenant_id uuid not null,
    schedule_id uuid not null,
    organisation_id uuid not null,
    display_name text not null check (char_length(display_name) between 1 and 200),
    time_zone text not null,
    -- [{"weekday": 1, "from": 480, "to": 1020}], minutes of the day
    hours jsonb not null,
    -- YYYY-MM-DD
    closed_on text[] not null default '{}',
    revision bigint not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, schedule_id),
    foreign key (tenant_id, organisation_id) references app.tenant (tenant_id, organisation_id)
);
comment on table app.schedule is 'Opening hours that routes ask. dist:tenant';
alter table app.schedule enable row level security;
create policy system_all on app.schedule to controlplane_system using (true) with check (true);
create policy tenant_own on app.schedule to controlplane_app
    using (tenant_id = (select app.current_tenant()))
    with check (tenant_id = (select app.current_tenant()));
create policy organisation_own on app.schedule to controlplane_app
    using (organisation_id = (select app.current_organisation()))
    with check (organisation_id = (select app.current_organisation()));
grant select, insert, delete on app.schedule to controlplane_app, controlplane_system;
grant update (display_name, time_zone, hours, closed_on, revision, updated_at)
    on app.schedule to controlplane_app, controlplane_system;

create table app.trunk (
    tenant_id uuid not null,
    trunk_id uuid not null,
    organisation_id uuid not null,
    display_name text not null check (char_length(display_name) between 1 and 200),
    -- host or host:port
    proxy text not null check (char_length(proxy) between 1 and 262),
    transport text not null check (transport in ('udp', 'tcp', 'tls')),
    -- null: both sides know each other by address; else the node registers
    username text,
    realm text,
    -- sealed; the plain text is nowhere in the database
    secret bytea,
    -- who may call in, as CIDR; none: nobody
    allowed_addresses text[] not null default '{}',
    is_enabled boolean not null,
    carries_emergency boolean not null,
    priority bigint not null check (priority between 1 and 1000),
    weight bigint not null check (weight between 1 and 1000),
    -- digits of E.164; none: every destination
    prefixes text[] not null default '{}',
    number_format text not null check (number_format in ('+e164', 'e164')),
    revision bigint not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, trunk_id),
    check ((username is null) = (realm is null) and (username is null) = (secret is null)),
    foreign key (tenant_id, organisation_id) references app.tenant (tenant_id, organisation_id)
);
comment on table app.trunk is 'Ways to carriers and exchanges. dist:tenant';
alter table app.trunk enable row level security;
create policy system_all on app.trunk to controlplane_system using (true) with check (true);
create policy tenant_own on app.trunk to controlplane_app
    using (tenant_id = (select app.current_tenant()))
    with check (tenant_id = (select app.current_tenant()));
create policy organisation_own on app.trunk to controlplane_app
    using (organisation_id = (select app.current_organisation()))
    with check (organisation_id = (select app.current_organisation()));
grant select, insert, delete on app.trunk to controlplane_app, controlplane_system;
grant update (display_name, proxy, transport, username, realm, secret, allowed_addresses, is_enabled,
    carries_emergency, priority, weight, prefixes, number_format, revision, updated_at)
    on app.trunk to controlplane_app, controlplane_system;

-- A call that comes from an address belongs to one trunk: no network of a trunk that is known by address overlaps that
-- of another one, of whatever tenant, at the same port and transport. Local, because it looks over all tenants.
create table app.trunk_address (
    network inet not null,
    port bigint not null check (port between 1 and 65535),
    transport text not null,
    tenant_id uuid not null,
    organisation_id uuid not null,
    trunk_id uuid not null,
    primary key (tenant_id, trunk_id, network),
    constraint trunk_address_once exclude using gist (network inet_ops with &&, port with =, transport with =),
    foreign key (tenant_id, organisation_id) references app.tenant (tenant_id, organisation_id)
);
comment on table app.trunk_address is 'Networks that identify trunks. dist:local';
alter table app.trunk_address enable row level security;
alter table app.trunk_address force row level security;
create policy system_all on app.trunk_address to controlplane_system using (true) with check (true);
create policy tenant_own on app.trunk_address to controlplane_app
    using (tenant_id = (select app.current_tenant()))
    with check (tenant_id = (select app.current_tenant()));
create policy organisation_own on app.trunk_address to controlplane_app
    using (organisation_id = (select app.current_organisation()))
    with check (organisation_id = (select app.current_organisation()));
grant select, insert, delete on app.trunk_address to controlplane_app, controlplane_system;

create table app.phone_number (
    tenant_id uuid not null,
    phone_number_id uuid not null,
    organisation_id uuid not null,
    -- with its plus; unique while active by active_number
    e164 text not null check (e164 ~ '^\+[1-9][0-9]{3,14}$'),
    display_name text not null check (char_length(display_name) between 1 and 200),
    -- the only trunk over which it may come in
    trunk_id uuid,
    concurrent_limit bigint check (concurrent_limit between 1 and 10000),
    state text not null check (state in ('available', 'assigned', 'ported_out', 'aging', 'released')),
    state_since timestamptz not null,
    -- when an aging number is released by itself
    aging_until timestamptz,
    revision bigint not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, phone_number_id),
    check ((state = 'aging') = (aging_until is not null)),
    foreign key (tenant_id, organisation_id) references app.tenant (tenant_id, organisation_id),
    constraint phone_number_trunk foreign key (tenant_id, trunk_id) references app.trunk (tenant_id, trunk_id)
);
comment on table app.phone_number is 'Numbers at which tenants are called. dist:tenant';
create index phone_number_e164 on app.phone_number (tenant_id, e164);
create index phone_number_aging on app.phone_number (aging_until) where aging_until is not null;
alter table app.phone_number enable row level security;
create policy system_all on app.phone_number to controlplane_system using (true) with check (true);
create policy tenant_own on app.phone_number to controlplane_app
    using (tenant_id = (select app.current_tenant()))
    with check (tenant_id = (select app.current_tenant()));
create policy organisation_own on app.phone_number to controlplane_app
    using (organisation_id = (select app.current_organisation()))
    with check (organisation_id = (select app.current_organisation()));
grant select, insert on app.phone_number to controlplane_app, controlplane_system;
grant update (display_name, trunk_id, concurrent_limit, state, state_since, aging_until, revision, updated_at)
    on app.phone_number to controlplane_app, controlplane_system;

create table app.active_number (
    e164 text not null primary key check (e164 ~ '^\+[1-9][0-9]{3,14}$'),
    tenant_id uuid not null,
    organisation_id uuid not null,
    phone_number_id uuid not null,
    foreign key (tenant_id, organisation_id) references app.tenant (tenant_id, organisation_id)
);
comment on table app.active_number is 'Numbers in use, each by one tenant. dist:reference';
alter table app.active_number enable row level security;
create policy system_all on app.active_number to controlplane_system using (true) with check (true);
create policy tenant_own on app.active_number to controlplane_app
    using (tenant_id = (select app.current_tenant()))
    with check (tenant_id = (select app.current_tenant()));
create policy organisation_own on app.active_number to controlplane_app
    using (organisation_id = (select app.current_organisation()))
    with check (organisation_id = (select app.current_organisation()));
grant select, insert, delete on app.active_number to controlplane_app, controlplane_system;

create table app.phone_number_event (
    tenant_id uuid not null,
    phone_number_id uuid not null,
    -- the number's revision after the change
    revision bigint not null,
    organisation_id uuid not null,
    state text not null,
    occurred_at timestamptz not null,
    principal_id uuid not null,
    principal_name text not null,
    reason text not null default '' check (char_length(reason) <= 200),
    primary key (tenant_id, phone_number_id, revision),
    foreign key (tenant_id, organisation_id) references app.tenant (tenant_id, organisation_id),
    foreign key (tenant_id, phone_number_id) references app.phone_number (tenant_id, phone_number_id)
);
comment on table app.phone_number_event is 'Life of numbers. Append-only. dist:tenant';
alter table app.phone_number_event enable row level security;
create policy system_all on app.phone_number_event to controlplane_system using (true) with check (true);
create policy tenant_own on app.phone_number_event to controlplane_app
    using (tenant_id = (select app.current_tenant()))
    with check (tenant_id = (select app.current_tenant()));
create policy organisation_own on app.phone_number_event to controlplane_app
    using (organisation_id = (select app.current_organisation()))
    with check (organisation_id = (select app.current_organisation()));
grant select, insert on app.phone_number_event to controlplane_app, controlplane_system;

create table app.site (
    tenant_id uuid not null,
    site_id uuid not null,
    organisation_id uuid not null,
    display_name text not null check (char_length(display_name) between 1 and 200),
    address text not null check (char_length(address) between 1 and 500),
    country text not null check (country ~ '^[A-Z]{2}$'),
    verified_at timestamptz,
    verified_by text,
    callback_number_id uuid,
    revision bigint not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, site_id),
    check ((verified_at is null) = (verified_by is null)),
    foreign key (tenant_id, organisation_id) references app.tenant (tenant_id, organisation_id),
    constraint site_callback_number foreign key (tenant_id, callback_number_id)
        references app.phone_number (tenant_id, phone_number_id)
);
comment on table app.site is 'Places with an address, for emergency calls. dist:tenant';
alter table app.site enable row level security;
create policy system_all on app.site to controlplane_system using (true) with check (true);
create policy tenant_own on app.site to controlplane_app
    using (tenant_id = (select app.current_tenant()))
    with check (tenant_id = (select app.current_tenant()));
create policy organisation_own on app.site to controlplane_app
    using (organisation_id = (select app.current_organisation()))
    with check (organisation_id = (select app.current_organisation()));
grant select, insert, delete on app.site to controlplane_app, controlplane_system;
grant update (display_name, address, country, verified_at, verified_by, callback_number_id, revision, updated_at)
    on app.site to controlplane_app, controlplane_system;

-- What is dialled inside: users and groups share one space of names.
create table app.sip_extension (
    tenant_id uuid not null,
    name text collate "C" not null check (name ~ '^[a-z0-9._-]{1,32}$'),
    organisation_id uuid not null,
    -- the user or the group
    owner_id uuid not null,
    primary key (tenant_id, name),
    foreign key (tenant_id, organisation_id) references app.tenant (tenant_id, organisation_id)
);
comment on table app.sip_extension is 'Names of users and groups within a tenant. dist:tenant';
alter table app.sip_extension enable row level security;
create policy system_all on app.sip_extension to controlplane_system using (true) with check (true);
create policy tenant_own on app.sip_extension to controlplane_app
    using (tenant_id = (select app.current_tenant()))
    with check (tenant_id = (select app.current_tenant()));
create policy organisation_own on app.sip_extension to controlplane_app
    using (organisation_id = (select app.current_organisation()))
    with check (organisation_id = (select app.current_organisation()));
grant select, insert, delete on app.sip_extension to controlplane_app, controlplane_system;

create table app.sip_user (
    tenant_id uuid not null,
    sip_user_id uuid not null,
    organisation_id uuid not null,
    name text not null,
    display_name text not null check (char_length(display_name) between 1 and 200),
    caller_number_id uuid,
    site_id uuid,
    is_enabled boolean not null,
    forward_condition text check (forward_condition in ('always', 'no_answer', 'unreachable')),
    forward_destination text check (char_length(forward_destination) between 1 and 40),
    revision bigint not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, sip_user_id),
    check ((forward_condition is null) = (forward_destination is null)),
    foreign key (tenant_id, organisation_id) references app.tenant (tenant_id, organisation_id),
    constraint sip_user_caller_number foreign key (tenant_id, caller_number_id)
        references app.phone_number (tenant_id, phone_number_id),
    constraint sip_user_site foreign key (tenant_id, site_id) references app.site (tenant_id, site_id)
);
comment on table app.sip_user is 'Phones and softphones that can register. dist:tenant';
alter table app.sip_user enable row level security;
create policy system_all on app.sip_user to controlplane_system using (true) with check (true);
create policy tenant_own on app.sip_user to controlplane_app
    using (tenant_id = (select app.current_tenant()))
    with check (tenant_id = (select app.current_tenant()));
create policy organisation_own on app.sip_user to controlplane_app
    using (organisation_id = (select app.current_organisation()))
    with check (organisation_id = (select app.current_organisation()));
grant select, insert, delete on app.sip_user to controlplane_app, controlplane_system;
grant update (name, display_name, caller_number_id, site_id, is_enabled, forward_condition, forward_destination,
    revision, updated_at) on app.sip_user to controlplane_app, controlplane_system;

-- Two slots, so that a phone can change to a new secret while the old one still works.
create table app.sip_credential (
    tenant_id uuid not null,
    sip_user_id uuid not null,
    slot bigint not null check (slot in (1, 2)),
    organisation_id uuid not null,
    -- MD5 of name:domain:secret, what a node compares with; as good as the secret for this one domain
    digest text not null check (digest ~ '^[0-9a-f]{32}$'),
    -- the secret, sealed: new digests are made of it when the name or the domain changes
    secret bytea not null,
    created_at timestamptz not null,
    -- set for the old one of a rotation; then it is deleted
    expires_at timestamptz,
    primary key (tenant_id, sip_user_id, slot),
    foreign key (tenant_id, organisation_id) references app.tenant (tenant_id, organisation_id),
    constraint sip_credential_user foreign key (tenant_id, sip_user_id)
        references app.sip_user (tenant_id, sip_user_id) on delete cascade
);
comment on table app.sip_credential is 'Secrets of users, as digest and sealed. dist:tenant';
create index sip_credential_expiry on app.sip_credential (expires_at) where expires_at is not null;
alter table app.sip_credential enable row level security;
create policy system_all on app.sip_credential to controlplane_system using (true) with check (true);
create policy tenant_own on app.sip_credential to controlplane_app
    using (tenant_id = (select app.current_tenant()))
    with check (tenant_id = (select app.current_tenant()));
create policy organisation_own on app.sip_credential to controlplane_app
    using (organisation_id = (select app.current_organisation()))
    with check (organisation_id = (select app.current_organisation()));
grant select, insert, delete on app.sip_credential to controlplane_app, controlplane_system;
grant update (digest, secret, expires_at) on app.sip_credential to controlplane_app, controlplane_system;

create table app.call_group (
    tenant_id uuid not null,
    call_group_id uuid not null,
    organisation_id uuid not null,
    name text not null,
    display_name text not null check (char_length(display_name) between 1 and 200),
    strategy text not null check (strategy in ('simultaneous', 'sequential')),
    ring_seconds bigint not null check (ring_seconds between 5 and 120),
    revision bigint not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, call_group_id),
    foreign key (tenant_id, organisation_id) references app.tenant (tenant_id, organisation_id)
);
comment on table app.call_group is 'Users that ring together. dist:tenant';
alter table app.call_group enable row level security;
create policy system_all on app.call_group to controlplane_system using (true) with check (true);
create policy tenant_own on app.call_group to controlplane_app
    using (tenant_id = (select app.current_tenant()))
    with check (tenant_id = (select app.current_tenant()));
create policy organisation_own on app.call_group to controlplane_app
    using (organisation_id = (select app.current_organisation()))
    with check (organisation_id = (select app.current_organisation()));
grant select, insert, delete on app.call_group to controlplane_app, controlplane_system;
grant update (name, display_name, strategy, ring_seconds, revision, updated_at)
    on app.call_group to controlplane_app, controlplane_system;

create table app.call_group_member (
    tenant_id uuid not null,
    call_group_id uuid not null,
    position bigint not null check (position between 0 and 99),
    organisation_id uuid not null,
    sip_user_id uuid not null,
    primary key (tenant_id, call_group_id, position),
    constraint call_group_member_once unique (tenant_id, call_group_id, sip_user_id),
    foreign key (tenant_id, organisation_id) references app.tenant (tenant_id, organisation_id),
    constraint call_group_member_group foreign key (tenant_id, call_group_id)
        references app.call_group (tenant_id, call_group_id) on delete cascade,
    constraint call_group_member_user foreign key (tenant_id, sip_user_id)
        references app.sip_user (tenant_id, sip_user_id)
);
comment on table app.call_group_member is 'Members of groups in their order. dist:tenant';
alter table app.call_group_member enable row level security;
create policy system_all on app.call_group_member to controlplane_system using (true) with check (true);
create policy tenant_own on app.call_group_member to controlplane_app
    using (tenant_id = (select app.current_tenant()))
    with check (tenant_id = (select app.current_tenant()));
create policy organisation_own on app.call_group_member to controlplane_app
    using (organisation_id = (select app.current_organisation()))
    with check (organisation_id = (select app.current_organisation()));
grant select, insert, delete on app.call_group_member to controlplane_app, controlplane_system;

-- Tried in order; the first whose schedule is open takes the call.
create table app.number_route (
    tenant_id uuid not null,
    phone_number_id uuid not null,
    position bigint not null check (position between 0 and 99),
    organisation_id uuid not null,
    schedule_id uuid,
    target text not null check (target in ('agent', 'user', 'group', 'external', 'reject')),
    agent text check (agent ~ '^[A-Za-z0-9._-]{1,64}$'),
    sip_user_id uuid,
    call_group_id uuid,
    external text check (external ~ '^\+[1-9][0-9]{3,14}$'),
    primary key (tenant_id, phone_number_id, position),
    check ((agent is not null) = (target = 'agent') and (sip_user_id is not null) = (target = 'user')
        and (call_group_id is not null) = (target = 'group') and (external is not null) = (target = 'external')),
    foreign key (tenant_id, organisation_id) references app.tenant (tenant_id, organisation_id),
    constraint number_route_number foreign key (tenant_id, phone_number_id)
        references app.phone_number (tenant_id, phone_number_id) on delete cascade,
    constraint number_route_schedule foreign key (tenant_id, schedule_id)
        references app.schedule (tenant_id, schedule_id),
    constraint number_route_user foreign key (tenant_id, sip_user_id)
        references app.sip_user (tenant_id, sip_user_id),
    constraint number_route_group foreign key (tenant_id, call_group_id)
        references app.call_group (tenant_id, call_group_id)
);
comment on table app.number_route is 'Where calls to a number go. dist:tenant';
alter table app.number_route enable row level security;
create policy system_all on app.number_route to controlplane_system using (true) with check (true);
create policy tenant_own on app.number_route to controlplane_app
    using (tenant_id = (select app.current_tenant()))
    with check (tenant_id = (select app.current_tenant()));
create policy organisation_own on app.number_route to controlplane_app
    using (organisation_id = (select app.current_organisation()))
    with check (organisation_id = (select app.current_organisation()));
grant select, insert, delete on app.number_route to controlplane_app, controlplane_system;

create table app.dial_permission (
    tenant_id uuid not null,
    dial_permission_id uuid not null,
    organisation_id uuid not null,
    -- both null: the whole tenant
    site_id uuid,
    sip_user_id uuid,
    country text check (country ~ '^[A-Z]{2}$'),
    kind text check (kind in ('landline', 'mobile', 'toll_free', 'shared_cost', 'premium', 'satellite', 'personal',
        'special')),
    prefix text check (prefix ~ '^[1-9][0-9]{0,14}$'),
    is_allowed boolean not null,
    reason text not null default '' check (char_length(reason) <= 200),
    expires_at timestamptz,
    revision bigint not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, dial_permission_id),
    check (site_id is null or sip_user_id is null),
    check (not is_allowed or country is not null or kind is not null or prefix is not null),
    foreign key (tenant_id, organisation_id) references app.tenant (tenant_id, organisation_id),
    constraint dial_permission_site foreign key (tenant_id, site_id)
        references app.site (tenant_id, site_id) on delete cascade,
    constraint dial_permission_user foreign key (tenant_id, sip_user_id)
        references app.sip_user (tenant_id, sip_user_id) on delete cascade
);
comment on table app.dial_permission is 'Destinations that are allowed or denied. dist:tenant';
alter table app.dial_permission enable row level security;
create policy system_all on app.dial_permission to controlplane_system using (true) with check (true);
create policy tenant_own on app.dial_permission to controlplane_app
    using (tenant_id = (select app.current_tenant()))
    with check (tenant_id = (select app.current_tenant()));
create policy organisation_own on app.dial_permission to controlplane_app
    using (organisation_id = (select app.current_organisation()))
    with check (organisation_id = (select app.current_organisation()));
grant select, insert, delete on app.dial_permission to controlplane_app, controlplane_system;
grant update (site_id, sip_user_id, country, kind, prefix, is_allowed, reason, expires_at, revision, updated_at)
    on app.dial_permission to controlplane_app, controlplane_system;

-- Grows by one with every change of a tenant's voice, in the transaction of the change. Whoever holds plans in memory
-- compares it; the notification beside it is a hint. Never deleted: a tenant whose voice ended is told by it, too.
create table app.voice_plan_change (
    tenant_id uuid not null primary key,
    organisation_id uuid not null,
    version bigint not null,
    changed_at timestamptz not null,
    foreign key (tenant_id, organisation_id) references app.tenant (tenant_id, organisation_id)
) with (fillfactor = 70);
comment on table app.voice_plan_change is 'Version of each tenant''s voice. dist:tenant';
alter table app.voice_plan_change enable row level security;
create policy system_all on app.voice_plan_change to controlplane_system using (true) with check (true);
create policy tenant_own on app.voice_plan_change to controlplane_app
    using (tenant_id = (select app.current_tenant()))
    with check (tenant_id = (select app.current_tenant()));
create policy organisation_own on app.voice_plan_change to controlplane_app
    using (organisation_id = (select app.current_organisation()))
    with check (organisation_id = (select app.current_organisation()));
grant select, insert on app.voice_plan_change to controlplane_app, controlplane_system;
grant update (version, changed_at) on app.voice_plan_change to controlplane_app, controlplane_system;

-- The plans that nodes were answered from, by the name that calls carry. Secrets are in them as fingerprints only.
create table app.config_revision (
    tenant_id uuid not null,
    revision text not null check (revision ~ '^[0-9a-f]{32}$'),
    organisation_id uuid not null,
    -- the one in force before, when this one came into force the first time
    previous text,
    document jsonb not null,
    created_at timestamptz not null,
    -- when it last came into force
    activated_at timestamptz not null,
    primary key (tenant_id, revision),
    foreign key (tenant_id, organisation_id) references app.tenant (tenant_id, organisation_id)
);
comment on table app.config_revision is 'Compiled plans by the hash of their content. dist:tenant';
create index config_revision_activated on app.config_revision (tenant_id, activated_at);
alter table app.config_revision enable row level security;
create policy system_all on app.config_revision to controlplane_system using (true) with check (true);
create policy tenant_own on app.config_revision for select to controlplane_app
    using (tenant_id = (select app.current_tenant()));
create policy organisation_own on app.config_revision for select to controlplane_app
    using (organisation_id = (select app.current_organisation()));
grant select on app.config_revision to controlplane_app;
grant select, insert on app.config_revision to controlplane_system;
grant update (activated_at) on app.config_revision to controlplane_system;
