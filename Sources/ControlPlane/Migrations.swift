import Postgres

/// The schema's files, part of the executable. SwiftPM names an embedded file after it, with a leading digit replaced;
/// a test compares this list with the folder.
enum Migrations {
    static let all: [Migration] = [
        migration("0001_tenancy", PackageResources._001_tenancy_sql),
        migration("0002_billing", PackageResources._002_billing_sql),
    ]

    private static func migration(_ name: String, _ bytes: [UInt8]) -> Migration {
        Migration(name: name, sql: String(decoding: bytes, as: UTF8.self))
    }
}
