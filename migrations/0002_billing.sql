-- Price books, contracts, disclosures, usage, invoices.

-- Equality of uuids in an exclusion constraint; a trusted extension of PostgreSQL itself, so the owner may create it.
create extension if not exists btree_gist with schema app;

create table app.price_book (
    version text not null primary key,
    valid_from date not null,
    document jsonb not null,
    -- of the canonical bytes of the document: what an invoice names as its input
    sha256 bytea not null check (octet_length(sha256) = 32),
    created_at timestamptz not null
);
comment on table app.price_book is 'Published price books; never changed. dist:reference';
grant select on app.price_book to controlplane_app;
grant select, insert on app.price_book to controlplane_system;

create table app.master_agreement (
    organisation_id uuid not null primary key references app.organisation,
    reference text not null check (char_length(reference) between 1 and 60),
    signed_on date not null,
    created_at timestamptz not null
);
comment on table app.master_agreement is 'One per organisation: IP licence, brand use, data protection, audit, termination. dist:local';
alter table app.master_agreement enable row level security;
alter table app.master_agreement force row level security;
create policy system_all on app.master_agreement to controlplane_system using (true) with check (true);
create policy organisation_own on app.master_agreement for select to controlplane_app
    using (organisation_id = (select app.current_organisation()));
grant select on app.master_agreement to controlplane_app;
grant select, insert on app.master_agreement to controlplane_system;

-- An organisation's enrolment in one program. What can change lies in contract_version.
create table app.contract (
    contract_id uuid not null primary key,
    organisation_id uuid not null references app.organisation,
    program text not null check (program in ('enterprise', 'solution', 'deployment')),
    number text not null,
    starts_on date not null,
    -- the first day after the contract; null while it renews
    ends_on date,
    notice_given_on date,
    revision bigint not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint contract_number unique (number),
    check (ends_on is null or ends_on > starts_on),
    -- one program addendum at a time
    constraint contract_one_per_program exclude using gist
        (organisation_id with =, program with =, daterange(starts_on, ends_on) with &&)
);
comment on table app.contract is 'Program enrolments. dist:local';
create index contract_organisation on app.contract (organisation_id, contract_id);
alter table app.contract enable row level security;
alter table app.contract force row level security;
create policy system_all on app.contract to controlplane_system using (true) with check (true);
create policy organisation_own on app.contract for select to controlplane_app
    using (organisation_id = (select app.current_organisation()));
grant select on app.contract to controlplane_app;
grant select, insert on app.contract to controlplane_system;
grant update (ends_on, notice_given_on, revision, updated_at) on app.contract to controlplane_system;

-- The terms from one billing month on: an addendum or an order form makes a new version, never a changed one.
create table app.contract_version (
    contract_id uuid not null references app.contract,
    version bigint not null check (version > 0),
    organisation_id uuid not null references app.organisation,
    effective_month date not null check (extract(day from effective_month) = 1),
    price_book_version text not null references app.price_book,
    terms jsonb not null,
    sha256 bytea not null check (octet_length(sha256) = 32),
    created_at timestamptz not null,
    created_by uuid not null,
    primary key (contract_id, version)
);
comment on table app.contract_version is 'Versions of a contract''s terms. Append-only. dist:local';
create index contract_version_organisation on app.contract_version (organisation_id);
alter table app.contract_version enable row level security;
alter table app.contract_version force row level security;
create policy system_all on app.contract_version to controlplane_system using (true) with check (true);
create policy organisation_own on app.contract_version for select to controlplane_app
    using (organisation_id = (select app.current_organisation()));
grant select on app.contract_version to controlplane_app;
grant select, insert on app.contract_version to controlplane_system;

-- What is signed beside the master agreement before a contract goes live: the data processing agreements of its program.
create table app.contract_document (
    document_id uuid not null primary key,
    organisation_id uuid not null references app.organisation,
    contract_id uuid not null references app.contract,
    kind text not null check (kind in ('dpa', 'back_to_back_dpa')),
    -- whom a Deployment Partner's back-to-back agreement is with
    end_customer_id uuid references app.organisation,
    reference text not null check (char_length(reference) between 1 and 60),
    signed_on date not null,
    created_at timestamptz not null,
    created_by uuid not null,
    check ((kind = 'back_to_back_dpa') = (end_customer_id is not null))
);
comment on table app.contract_document is 'Signed documents of a contract. Append-only. dist:local';
create index contract_document_contract on app.contract_document (contract_id, document_id);
create index contract_document_organisation on app.contract_document (organisation_id);
alter table app.contract_document enable row level security;
alter table app.contract_document force row level security;
create policy system_all on app.contract_document to controlplane_system using (true) with check (true);
create policy organisation_own on app.contract_document for select to controlplane_app
    using (organisation_id = (select app.current_organisation()));
grant select on app.contract_document to controlplane_app;
grant select, insert on app.contract_document to controlplane_system;

-- Disclosed end-customer revenue: ARR for the Solution share, MRR for the Enterprise alternative. The latest row of
-- a month is in force; nothing is overwritten.
create table app.disclosure (
    disclosure_id uuid not null primary key,
    organisation_id uuid not null references app.organisation,
    contract_id uuid not null references app.contract,
    month date not null check (extract(day from month) = 1),
    basis text not null check (basis in ('arr', 'mrr')),
    amount numeric(18, 2) not null check (amount >= 0),
    disclosed_by text not null check (char_length(disclosed_by) between 1 and 200),
    note text not null default '' check (char_length(note) <= 1000),
    disclosed_at timestamptz not null,
    principal_id uuid not null
);
comment on table app.disclosure is 'Disclosed revenue per month. Append-only. dist:local';
create index disclosure_contract on app.disclosure (contract_id, month, disclosed_at);
create index disclosure_organisation on app.disclosure (organisation_id, disclosure_id);
alter table app.disclosure enable row level security;
alter table app.disclosure force row level security;
create policy system_all on app.disclosure to controlplane_system using (true) with check (true);
create policy organisation_own on app.disclosure to controlplane_app
    using (organisation_id = (select app.current_organisation()))
    with check (organisation_id = (select app.current_organisation()));
grant select, insert on app.disclosure to controlplane_app, controlplane_system;

-- Usage of an organisation in a program before this instant belongs to finalised months: what arrives for it is late.
-- Ingest reads the row FOR SHARE, closing a month updates it, so no event can slip in beside a closing month.
create table app.usage_cutoff (
    organisation_id uuid not null references app.organisation,
    host text not null check (host in ('vendor', 'licensee', 'end_customer')),
    finalised_before timestamptz not null,
    primary key (organisation_id, host)
);
comment on table app.usage_cutoff is 'How far usage is finalised, per organisation and kind of host (= program). dist:reference';
alter table app.usage_cutoff enable row level security;
create policy system_all on app.usage_cutoff to controlplane_system using (true) with check (true);
create policy organisation_read on app.usage_cutoff for select to controlplane_app
    using (organisation_id = (select app.current_organisation()));
create policy tenant_read on app.usage_cutoff for select to controlplane_app
    using (organisation_id in
        (select t.organisation_id from app.tenant t where t.tenant_id = (select app.current_tenant())));
-- FOR SHARE asks for the right to update and obeys the USING of an UPDATE policy; its WITH CHECK keeps every change out
create policy share_lock on app.usage_cutoff for update to controlplane_app
    using (organisation_id = (select app.current_organisation()) or organisation_id in
        (select t.organisation_id from app.tenant t where t.tenant_id = (select app.current_tenant())))
    with check (false);
-- the first usage of an organisation opens the row that it then locks, and can only open it where nothing is finalised
create policy first_use on app.usage_cutoff for insert to controlplane_app
    with check (finalised_before = '2000-01-01 00:00:00Z'
        and (organisation_id = (select app.current_organisation()) or organisation_id in
            (select t.organisation_id from app.tenant t where t.tenant_id = (select app.current_tenant()))));
grant select, insert, update (finalised_before) on app.usage_cutoff to controlplane_app;
grant select, insert, update on app.usage_cutoff to controlplane_system;

-- One row per event, for ever: the primary key is the dedupe key, and no time is part of it. No foreign key of its own:
-- the hour row that the same statement writes carries it, and the policies check the pair of tenant and organisation,
-- both at a fraction of the cost. Keys compare by bytes.
create table app.usage_event (
    tenant_id uuid not null,
    source text collate "C" not null,
    event_id text collate "C" not null,
    organisation_id uuid not null,
    -- voice_unmetered: internal and emergency calls, recorded and never billed
    meter text collate "C" not null check (meter in ('turn', 'voice', 'voice_unmetered')),
    -- who pays the model of a turn; empty for voice
    key_source text collate "C" not null,
    -- turns: 1; voice: milliseconds
    quantity bigint not null check (quantity >= 0),
    occurred_at timestamptz not null,
    received_at timestamptz not null,
    -- arrived when its month was finalised already
    late boolean not null,
    -- SHA-256 of the canonical type, time and data: tells a repetition from a contradiction
    payload_hash bytea not null,
    -- attributes without a column of their own, as they came; null when there are none. Text: no number of a client can fail to store
    data json,
    primary key (tenant_id, source, event_id)
);
comment on table app.usage_event is 'Metered events. Append-only. dist:tenant';
alter table app.usage_event enable row level security;
create policy system_all on app.usage_event to controlplane_system using (true) with check (true);
create policy tenant_own on app.usage_event to controlplane_app
    using (tenant_id = (select app.current_tenant()))
    with check (tenant_id = (select app.current_tenant()) and exists (select from app.tenant t
        where t.tenant_id = usage_event.tenant_id and t.organisation_id = usage_event.organisation_id));
create policy organisation_own on app.usage_event to controlplane_app
    using (organisation_id = (select app.current_organisation()))
    with check (organisation_id = (select app.current_organisation()) and exists (select from app.tenant t
        where t.tenant_id = usage_event.tenant_id and t.organisation_id = usage_event.organisation_id));
grant select, insert on app.usage_event to controlplane_app, controlplane_system;

-- Hourly sums, changed by the statement that stores the events, so they are always exactly the events.
create table app.usage_hour (
    tenant_id uuid not null,
    meter text collate "C" not null,
    key_source text collate "C" not null,
    hour timestamptz not null,
    late boolean not null,
    -- concurrent batches add to different slots of an hour instead of waiting for each other's commit; readers sum
    slot smallint not null default 0,
    organisation_id uuid not null,
    quantity bigint not null,
    events bigint not null,
    primary key (tenant_id, meter, key_source, hour, late, slot),
    foreign key (tenant_id, organisation_id) references app.tenant (tenant_id, organisation_id)
) with (fillfactor = 70);
comment on table app.usage_hour is 'Usage per tenant, meter, key source and hour, in slots. dist:tenant';
create index usage_hour_organisation on app.usage_hour (organisation_id, hour);
alter table app.usage_hour enable row level security;
create policy system_all on app.usage_hour to controlplane_system using (true) with check (true);
create policy tenant_own on app.usage_hour to controlplane_app
    using (tenant_id = (select app.current_tenant()))
    with check (tenant_id = (select app.current_tenant()));
create policy organisation_own on app.usage_hour to controlplane_app
    using (organisation_id = (select app.current_organisation()))
    with check (organisation_id = (select app.current_organisation()));
grant select, insert on app.usage_hour to controlplane_app, controlplane_system;
grant update (quantity, events) on app.usage_hour to controlplane_app, controlplane_system;

-- Where a file import stands, so that it goes on after an interruption: the same file, by its contents, in the same scope.
create table app.usage_import (
    usage_import_id uuid not null primary key,
    -- null for the vendor's own imports
    organisation_id uuid references app.organisation,
    -- set when a tenant's own key imports
    tenant_id uuid,
    file_name text not null check (char_length(file_name) <= 200),
    file_sha256 bytea not null check (octet_length(file_sha256) = 32),
    -- everything before this offset was answered
    bytes_done bigint not null default 0,
    lines_done bigint not null default 0,
    accepted bigint not null default 0,
    duplicate bigint not null default 0,
    conflict bigint not null default 0,
    rejected bigint not null default 0,
    finished boolean not null default false,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint usage_import_file unique nulls not distinct (organisation_id, tenant_id, file_sha256),
    check (tenant_id is null or organisation_id is not null),
    foreign key (tenant_id, organisation_id) references app.tenant (tenant_id, organisation_id)
);
comment on table app.usage_import is 'Progress of usage imports. dist:local';
alter table app.usage_import enable row level security;
alter table app.usage_import force row level security;
create policy system_all on app.usage_import to controlplane_system using (true) with check (true);
create policy tenant_own on app.usage_import to controlplane_app
    using (tenant_id = (select app.current_tenant()))
    with check (tenant_id = (select app.current_tenant()));
create policy organisation_own on app.usage_import to controlplane_app
    using (organisation_id = (select app.current_organisation()) and tenant_id is null)
    with check (organisation_id = (select app.current_organisation()) and tenant_id is null);
grant select, insert, update on app.usage_import to controlplane_app, controlplane_system;

-- Gapless numbers: the row is locked by the transaction that finalises.
create table app.number_range (
    series text not null,
    year bigint not null,
    next_number bigint not null check (next_number > 0),
    primary key (series, year)
);
comment on table app.number_range is 'Next number per series and year. dist:local';
grant select, insert on app.number_range to controlplane_system;
grant update (next_number) on app.number_range to controlplane_system;

create table app.invoice (
    invoice_id uuid not null primary key,
    organisation_id uuid not null references app.organisation,
    contract_id uuid not null references app.contract,
    month date not null check (extract(day from month) = 1),
    reason text not null check (reason in ('month')),
    -- nothing_due: closed with its statement, but without a number, because every line comes to nothing
    state text not null check (state in ('draft', 'finalised', 'nothing_due')),
    series text,
    year bigint,
    number bigint,
    issued_at timestamptz,
    due_on date,
    estimated boolean not null default false,
    -- why a draft is not final yet
    waits_for text not null default '',
    net numeric(18, 2) not null,
    vat numeric(18, 2) not null,
    gross numeric(18, 2) not null,
    vat_category text not null,
    vat_percent numeric(6, 3) not null,
    vat_note text not null default '',
    seller jsonb not null,
    buyer jsonb not null,
    notices jsonb not null default '[]',
    contract_version bigint not null,
    price_book_version text not null,
    -- the disclosure that the month was billed on; null when it was missing or none was due
    disclosure_id uuid references app.disclosure,
    contract_sha256 bytea not null check (octet_length(contract_sha256) = 32),
    usage_sha256 bytea not null check (octet_length(usage_sha256) = 32),
    price_book_sha256 bytea not null check (octet_length(price_book_sha256) = 32),
    created_at timestamptz not null,
    constraint invoice_period unique (contract_id, month, reason),
    constraint invoice_number unique (series, year, number),
    foreign key (contract_id, contract_version) references app.contract_version (contract_id, version),
    check ((state = 'finalised') = (number is not null)),
    check ((number is null) = (series is null) and (number is null) = (year is null)
        and (number is null) = (issued_at is null)),
    check (gross = net + vat)
);
comment on table app.invoice is 'Invoices: draft, then final and immutable. dist:local';
create index invoice_organisation on app.invoice (organisation_id, invoice_id);
create index invoice_month on app.invoice (month, invoice_id);
alter table app.invoice enable row level security;
alter table app.invoice force row level security;
create policy system_all on app.invoice to controlplane_system using (true) with check (true);
create policy organisation_own on app.invoice for select to controlplane_app
    using (organisation_id = (select app.current_organisation()));
grant select on app.invoice to controlplane_app;
grant select, insert, update, delete on app.invoice to controlplane_system;

create table app.invoice_line (
    invoice_id uuid not null references app.invoice,
    position bigint not null check (position > 0),
    organisation_id uuid not null references app.organisation,
    contract_id uuid not null references app.contract,
    -- the idempotency key of a charge: contract x charge x period x reason
    charge text not null,
    period_start date not null,
    period_end date not null,
    reason text not null check (reason in ('regular', 'adjustment')),
    -- the month whose figures an adjustment rests on; the same charge may be adjusted again later
    adjusted_in date,
    description text not null,
    quantity text not null,
    unit_price text not null,
    net numeric(18, 2) not null,
    sentence text not null,
    explanation jsonb not null,
    primary key (invoice_id, position),
    constraint invoice_line_charge unique nulls not distinct (contract_id, charge, period_start, reason, adjusted_in)
);
comment on table app.invoice_line is 'Lines of an invoice, each with its explanation. dist:local';
create index invoice_line_organisation on app.invoice_line (organisation_id);
alter table app.invoice_line enable row level security;
alter table app.invoice_line force row level security;
create policy system_all on app.invoice_line to controlplane_system using (true) with check (true);
create policy organisation_own on app.invoice_line for select to controlplane_app
    using (organisation_id = (select app.current_organisation()));
grant select on app.invoice_line to controlplane_app;
grant select, insert, delete on app.invoice_line to controlplane_system;

-- A finalised invoice is immutable for everybody, the owner of the tables included.
create function app.refuse_change_of_final_invoice() returns trigger language plpgsql as $$
begin
    if old.state <> 'draft' then
        raise exception 'invoice % is final and cannot be changed', old.invoice_id using errcode = 'CP001';
    end if;
    return case when tg_op = 'DELETE' then old else new end;
end $$;
create trigger invoice_immutable before update or delete on app.invoice
    for each row execute function app.refuse_change_of_final_invoice();

create function app.refuse_change_of_final_line() returns trigger language plpgsql as $$
declare
    -- a line that moves touches both the invoice that it leaves and the one that it joins
    leaves uuid := case when tg_op <> 'INSERT' then old.invoice_id end;
    joins uuid := case when tg_op <> 'DELETE' then new.invoice_id end;
    final uuid;
begin
    select invoice_id into final from app.invoice
        where invoice_id in (leaves, joins) and state <> 'draft' limit 1;
    if found then
        raise exception 'invoice % is final and cannot be changed', final using errcode = 'CP001';
    end if;
    return case when tg_op = 'DELETE' then old else new end;
end $$;
create trigger invoice_line_immutable before insert or update or delete on app.invoice_line
    for each row execute function app.refuse_change_of_final_line();

create function app.refuse_truncate() returns trigger language plpgsql as $$
begin
    raise exception '% is never truncated', tg_table_name using errcode = 'CP001';
end $$;
create trigger invoice_no_truncate before truncate on app.invoice
    for each statement execute function app.refuse_truncate();
create trigger invoice_line_no_truncate before truncate on app.invoice_line
    for each statement execute function app.refuse_truncate();

-- What was checked of a VAT ID, when and with what answer.
create table app.vat_check (
    vat_check_id uuid not null primary key,
    organisation_id uuid not null references app.organisation,
    vat_id text not null,
    method text not null check (method in ('format', 'vies')),
    answer text not null,
    checked_at timestamptz not null
);
comment on table app.vat_check is 'Checks of VAT IDs. Append-only. dist:local';
create index vat_check_organisation on app.vat_check (organisation_id, checked_at);
alter table app.vat_check enable row level security;
alter table app.vat_check force row level security;
create policy system_all on app.vat_check to controlplane_system using (true) with check (true);
-- a partner records the check of an end-customer that it manages, too
create policy organisation_own on app.vat_check to controlplane_app
    using (organisation_id in (select o.organisation_id from app.organisation o))
    with check (organisation_id in (select o.organisation_id from app.organisation o));
grant select, insert on app.vat_check to controlplane_app, controlplane_system;
