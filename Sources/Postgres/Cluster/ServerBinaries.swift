import Foundation

/// Where PostgreSQL's server programs are.
struct ServerBinaries: Sendable {
    let directory: String

    /// `PG_BIN`, the newest of Debian's version folders, or the folder of `pg_ctl` on `PATH`.
    static func find(environment: [String: String] = ProcessInfo.processInfo.environment) throws -> ServerBinaries {
        if let chosen = environment["PG_BIN"], !chosen.isEmpty {
            guard isComplete(chosen) else {
                throw ClusterError.binariesMissing(
                    "PG_BIN is \(chosen), but initdb, postgres and pg_ctl are not there.")
            }
            return ServerBinaries(directory: chosen)
        }
        let root = "/usr/lib/postgresql"
        let versions = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? [])
            .compactMap { Int($0) }.sorted(by: >)
        let folders =
            versions.map { "\(root)/\($0)/bin" }
            + (environment["PATH"] ?? "").split(separator: ":").map(String.init)
        guard let found = folders.first(where: isComplete) else {
            throw ClusterError.binariesMissing(
                "PostgreSQL's server programs (initdb, postgres, pg_ctl) are not installed.")
        }
        return ServerBinaries(directory: found)
    }

    private static func isComplete(_ directory: String) -> Bool {
        ["initdb", "postgres", "pg_ctl"].allSatisfy {
            FileManager.default.isExecutableFile(atPath: "\(directory)/\($0)")
        }
    }

    func path(_ program: String) -> String { "\(directory)/\(program)" }
}

/// Why there is no private cluster; each case says what to do.
package enum ClusterError: Error, Equatable, CustomStringConvertible {
    case binariesMissing(String)
    /// Another live process runs a cluster in this directory.
    case inUse(directory: String)
    case failed(step: String, output: String)

    package var description: String {
        switch self {
        case .binariesMissing(let what):
            """
            \(what)
            Install them with 'apt-get install postgresql' (any version from 15), or set PG_BIN to their folder.
            """
        case .inUse(let directory):
            "The private PostgreSQL in \(directory) is in use by another process. Stop that one first."
        case .failed(let step, let output): "The private PostgreSQL did not \(step):\n\(output)"
        }
    }
}
