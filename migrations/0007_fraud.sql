-- Signs of fraud, and the destinations that they closed until somebody opens them or their time is over.

alter table app.voice_settings
    -- whether a sign is only noted or also closes what it speaks of
    add column on_fraud_sign text not null default 'record' check (on_fraud_sign in ('record', 'block')),
    add column fraud_block_hours bigint not null default 24 check (fraud_block_hours between 1 and 720);
grant update (on_fraud_sign, fraud_block_hours) on app.voice_settings to controlplane_app, controlplane_system;

-- One sign a day and place, however often it is seen.
create table app.fraud_sign (
    tenant_id uuid not null,
    fraud_sign_id uuid not null,
    organisation_id uuid not null,
    -- in Europe/Vienna
    day date not null,
    kind text not null check (kind in ('time', 'calls', 'new_destination', 'refusals')),
    -- a country or first digits, where the sign is about that place alone
    place text not null default '',
    -- what it closes, if the settings say so: a country, or digits that belong to none; both null: nothing
    country text check (country ~ '^[A-Z]{2}$'),
    prefix text check (prefix ~ '^[0-9]{1,15}$'),
    observed bigint not null,
    threshold bigint not null,
    sentence text not null check (char_length(sentence) between 1 and 500),
    -- null: it closed nothing
    block_until timestamptz,
    -- opened again before that, for a while
    open_until timestamptz,
    -- over: opened for good, or its time ran out
    block_ended_at timestamptz,
    opened_at timestamptz,
    opened_by text not null default '',
    open_reason text not null default '' check (char_length(open_reason) <= 1000),
    revision bigint not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, fraud_sign_id),
    constraint fraud_sign_once unique (tenant_id, day, kind, place),
    check (country is null or prefix is null),
    check (block_until is null or country is not null or prefix is not null),
    check (block_until is not null or (open_until is null and block_ended_at is null)),
    foreign key (tenant_id, organisation_id) references app.tenant (tenant_id, organisation_id)
);
comment on table app.fraud_sign is 'Signs of fraud and the destinations that they closed. dist:tenant';
create index fraud_sign_block on app.fraud_sign (tenant_id) where block_until is not null and block_ended_at is null;
create index fraud_sign_due on app.fraud_sign (block_until) where block_until is not null and block_ended_at is null;
create index fraud_sign_organisation on app.fraud_sign (organisation_id, fraud_sign_id);
alter table app.fraud_sign enable row level security;
create policy system_all on app.fraud_sign to controlplane_system using (true) with check (true);
create policy tenant_own on app.fraud_sign to controlplane_app
    using (tenant_id = (select app.current_tenant()))
    with check (tenant_id = (select app.current_tenant()));
create policy organisation_own on app.fraud_sign to controlplane_app
    using (organisation_id = (select app.current_organisation()))
    with check (organisation_id = (select app.current_organisation()));
grant select on app.fraud_sign to controlplane_app;
grant select, insert, update on app.fraud_sign to controlplane_system;
-- people open what is closed, and nothing else
grant update (open_until, block_ended_at, opened_at, opened_by, open_reason, revision, updated_at)
    on app.fraud_sign to controlplane_app;
