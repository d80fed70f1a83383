-- What a grant reads stays small however many calls a month has: a day's spend is kept when a receipt is written, and
-- the sums and counts under the lock of a month have their indexes.

-- What a tenant's outbound calls cost beyond the included minutes, by the day in which the receipted time begins.
create table app.voice_spend (
    tenant_id uuid not null,
    -- in Europe/Vienna
    day date not null,
    organisation_id uuid not null,
    -- millionths of a euro: for a bound and never for a bill
    outbound_micros bigint not null,
    primary key (tenant_id, day),
    foreign key (tenant_id, organisation_id) references app.tenant (tenant_id, organisation_id)
) with (fillfactor = 50);
comment on table app.voice_spend is 'What outbound calls cost on a day, for its bound. dist:tenant';
alter table app.voice_spend enable row level security;
create policy system_all on app.voice_spend to controlplane_system using (true) with check (true);
create policy tenant_own on app.voice_spend to controlplane_app
    using (tenant_id = (select app.current_tenant()))
    with check (tenant_id = (select app.current_tenant()));
create policy organisation_own on app.voice_spend to controlplane_app
    using (organisation_id = (select app.current_organisation()))
    with check (organisation_id = (select app.current_organisation()));
-- the record of a leg adds to it in the scope of whom it bills
grant select, insert on app.voice_spend to controlplane_app, controlplane_system;
grant update (outbound_micros) on app.voice_spend to controlplane_app, controlplane_system;

insert into app.voice_spend (tenant_id, day, organisation_id, outbound_micros)
select r.tenant_id, ((r.document::jsonb ->> 'from')::timestamptz at time zone 'Europe/Vienna')::date, r.organisation_id,
    sum(r.overage_ms * (r.document::jsonb ->> 'micros_per_minute')::bigint / 60000)
from app.call_receipt r join app.call_leg l on l.tenant_id = r.tenant_id and l.leg_id = r.leg_id
where r.overage_ms <> 0 and l.direction = 'outbound'
group by 1, 2, 3;

-- what a pool's tenants used
create index receipt_chain_organisation on app.receipt_chain (organisation_id, month);
-- calls to one number within an hour
create index usage_lease_destination on app.usage_lease (tenant_id, destination, began_at) where direction = 'outbound';
