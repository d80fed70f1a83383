-- FreeSWITCH nodes: who they are, what they prove themselves with, where their event socket is.

create table app.voice_node (
    voice_node_id uuid not null primary key,
    -- the instance's: who sees and manages it
    organisation_id uuid not null references app.organisation,
    -- the node serves the tenants of this instance
    instance_id uuid not null references app.instance,
    -- also its user name; unique over all instances, because requests name nothing else
    name text not null check (name ~ '^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$'),
    -- what FreeSWITCH calls itself in requests and records
    switchname text not null check (char_length(switchname) between 1 and 253 and switchname = lower(switchname)),
    -- Secrets have far more than 128 random bits and are shown once. Kept are a SHA-256 for HTTP Basic and the MD5 of
    -- name:realm:secret for HTTP Digest; the earlier pair works until the node has the newer one.
    xml_secret_hash bytea not null check (octet_length(xml_secret_hash) = 32),
    xml_digest text not null check (xml_digest ~ '^[0-9a-f]{32}$'),
    xml_earlier_hash bytea check (octet_length(xml_earlier_hash) = 32),
    xml_earlier_digest text check (xml_earlier_digest ~ '^[0-9a-f]{32}$'),
    cdr_secret_hash bytea not null check (octet_length(cdr_secret_hash) = 32),
    cdr_digest text not null check (cdr_digest ~ '^[0-9a-f]{32}$'),
    cdr_earlier_hash bytea check (octet_length(cdr_earlier_hash) = 32),
    cdr_earlier_digest text check (cdr_earlier_digest ~ '^[0-9a-f]{32}$'),
    -- where the control plane reaches the event socket; null: it does not
    event_host text check (char_length(event_host) between 1 and 253),
    event_port bigint check (event_port between 1 and 65535),
    -- sealed
    event_secret bytea,
    -- how the node is set up, as its bundle of files says it
    settings jsonb not null default '{}',
    state text not null check (state in ('active', 'retired')),
    -- exact to a minute
    last_seen_at timestamptz,
    -- of the running process; another one after each start
    core_uuid text check (char_length(core_uuid) <= 64),
    revision bigint not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint voice_node_name unique (name),
    constraint voice_node_switchname unique (switchname),
    check ((event_host is null) = (event_port is null))
);
comment on table app.voice_node is 'FreeSWITCH nodes and their credentials. dist:reference';
create index voice_node_organisation on app.voice_node (organisation_id, voice_node_id);
create index voice_node_instance on app.voice_node (instance_id);
alter table app.voice_node enable row level security;
create policy system_all on app.voice_node to controlplane_system using (true) with check (true);
create policy organisation_own on app.voice_node to controlplane_app
    using (organisation_id = (select app.current_organisation()))
    with check (organisation_id = (select app.current_organisation()));
grant select, insert on app.voice_node to controlplane_app, controlplane_system;
grant update (switchname, xml_secret_hash, xml_digest, xml_earlier_hash, xml_earlier_digest, cdr_secret_hash, cdr_digest,
    cdr_earlier_hash, cdr_earlier_digest, event_host, event_port, event_secret, settings, state, last_seen_at, core_uuid,
    revision, updated_at)
    on app.voice_node to controlplane_app, controlplane_system;
