import Postgres

/// The migrations that this executable carries. `migrations/` is the only place where they are written; Package.swift
/// embeds each file, and a test compares this list with the folder.
enum SchemaMigrations {
    static let all: [Migration] = [
        migration("0001_tenancy", PackageResources._001_tenancy_sql),
        migration("0002_billing", PackageResources._002_billing_sql),
        migration("0003_voice", PackageResources._003_voice_sql),
        migration("0004_nodes", PackageResources._004_nodes_sql),
        migration("0005_calls", PackageResources._005_calls_sql),
        migration("0006_leases", PackageResources._006_leases_sql),
        migration("0007_fraud", PackageResources._007_fraud_sql),
        migration("0008_voice_spend", PackageResources._008_voice_spend_sql),
        migration("0009_calls_end", PackageResources._009_calls_end_sql),
    ]

    private static func migration(_ name: String, _ bytes: [UInt8]) -> Migration {
        Migration(name: name, sql: String(decoding: bytes, as: UTF8.self))
    }
}
