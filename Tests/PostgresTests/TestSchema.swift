import Kernel
import Postgres

/// A small schema in the manner of the product's: notes of tenants and documents of organisations.
enum TestSchema {
    static let migrations = [context, notes]

    static let context = Migration(
        name: "0001_context",
        sql: """
            create function app.with_tenant(t uuid) returns void language plpgsql as
            $$ begin execute format('set local app.tenant_id = %L', t); end $$;
            create function app.with_organisation(o uuid) returns void language plpgsql as
            $$ begin execute format('set local app.organisation_id = %L', o); end $$;
            """)

    static let notes = Migration(
        name: "0002_notes",
        sql: """
            create table app.note (
                tenant_id uuid not null,
                id bigint not null,
                body text not null check (body <> 'forbidden'),
                primary key (tenant_id, id)
            );
            comment on table app.note is 'dist:tenant';
            alter table app.note enable row level security;
            create policy tenant on app.note to controlplane_app
                using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid))
                with check (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));
            create policy system_all on app.note to controlplane_system using (true) with check (true);
            grant select, insert, update, delete on app.note to controlplane_app, controlplane_system;

            create table app.document (
                organisation_id uuid not null,
                id bigint not null,
                primary key (organisation_id, id)
            );
            comment on table app.document is 'dist:local';
            alter table app.document enable row level security;
            create policy organisation on app.document to controlplane_app
                using (organisation_id = (select nullif(current_setting('app.organisation_id', true), '')::uuid));
            grant select, insert on app.document to controlplane_app;
            """)

    static let organisation = IDSource.timeOrdered.new(OrganisationID.self)

    static func tenant() -> TenantScope { TenantScope(IDSource.timeOrdered.new(), of: organisation) }
}

struct Note: RowDecodable, Equatable, Sendable {
    let id: Int64
    let body: String

    init(row: Row) throws(DatabaseError) { (id, body) = try row.decode(as: (Int64, String).self) }
}

extension Transaction where Scope == TenantScope {
    borrowing func addNote(_ id: Int64, _ body: String) throws(DatabaseError) {
        try execute("INSERT INTO note (tenant_id, id, body) VALUES (\(scope.tenantID), \(id), \(body))")
    }

    borrowing func notes() throws(DatabaseError) -> [Note] {
        try all("SELECT id, body FROM note WHERE tenant_id = \(scope.tenantID) ORDER BY id")
    }
}
