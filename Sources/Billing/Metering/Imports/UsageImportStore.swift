import FoundationEssentials
import Kernel
import Postgres

enum UsageImportStore {
    /// Begins an import, or finds the unfinished one of the same contents in the same scope.
    static func begin(
        _ file: UsageFile, sha256: [UInt8], id: UUID, now: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> (id: UUID, progress: UsageImportProgress) {
        let row = try tx.one(
            """
            insert into app.usage_import as i
                (usage_import_id, organisation_id, tenant_id, file_name, file_sha256, created_at, updated_at)
            values (\(id), \(tx.scope.organisationID), \(tx.scope.tenantID), \(file.name), \(sha256), \(now), \(now))
            on conflict on constraint usage_import_file do update set
                file_name = excluded.file_name, finished = false, updated_at = excluded.updated_at,
                bytes_done = case when i.finished then 0 else i.bytes_done end,
                lines_done = case when i.finished then 0 else i.lines_done end,
                accepted = case when i.finished then 0 else i.accepted end,
                duplicate = case when i.finished then 0 else i.duplicate end,
                conflict = case when i.finished then 0 else i.conflict end,
                rejected = case when i.finished then 0 else i.rejected end
            returning usage_import_id, bytes_done, lines_done, accepted, duplicate, conflict, rejected
            """, as: (UUID, Int64, Int64, Int64, Int64, Int64, Int64).self)
        var progress = UsageImportProgress(bytesDone: row.1, linesDone: row.2)
        progress.counts.accepted = row.3
        progress.counts.duplicate = row.4
        progress.counts.conflict = row.5
        progress.counts.rejected = row.6
        return (row.0, progress)
    }

    /// Notes how far everything was answered.
    static func save(
        _ progress: UsageImportProgress, of id: UUID, isFinished: Bool, now: Timestamp,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        let counts = progress.counts
        try tx.execute(
            """
            update app.usage_import set bytes_done = \(progress.bytesDone), lines_done = \(progress.linesDone),
                accepted = \(counts.accepted), duplicate = \(counts.duplicate), conflict = \(counts.conflict),
                rejected = \(counts.rejected), finished = \(isFinished), updated_at = \(now)
            where usage_import_id = \(id)
            """)
    }
}
