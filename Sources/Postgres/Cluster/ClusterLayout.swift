import Crypto
import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// The files of a private cluster.
struct ClusterLayout: Sendable, Equatable {
    let directory: String
    let socketDirectory: String

    var dataDirectory: String { "\(directory)/data" }
    var pidPath: String { "\(dataDirectory)/postmaster.pid" }
    var logPath: String { "\(directory)/server.log" }
    var lockPath: String { "\(directory)/lock" }
    /// Written when initdb has finished.
    var markerPath: String { "\(directory)/initialised" }

    var isInitialised: Bool {
        FileManager.default.fileExists(atPath: markerPath)
            && FileManager.default.fileExists(atPath: "\(dataDirectory)/PG_VERSION")
    }

    /// Makes the directories for that account. When it cannot get into the wanted one (below root's home, say), a
    /// folder of its own under /var/tmp stands in.
    static func prepare(_ wanted: String, for account: ServerAccount) throws -> ClusterLayout {
        let path = URL(fileURLWithPath: wanted).standardizedFileURL.path
        var directory = path
        try makeDirectory(directory, for: account)
        if account.isOther, try account.run("/usr/bin/test", ["-w", directory]).status != 0 {
            directory = "/var/tmp/controlplane-\(fingerprint(of: path))"
            try makeDirectory(directory, for: account)
        }
        // Clients reach the socket by a path of at most 107 bytes.
        var socketDirectory = "\(directory)/socket"
        if "\(socketDirectory)/.s.PGSQL.5432".utf8.count > 107 {
            socketDirectory = "/tmp/controlplane-\(fingerprint(of: path))"
        }
        try makeDirectory(socketDirectory, for: account)
        return ClusterLayout(directory: directory, socketDirectory: socketDirectory)
    }

    /// Private to the account. A directory of somebody else is refused: in /tmp it could be a trap.
    private static func makeDirectory(_ path: String, for account: ServerAccount) throws {
        // The folders above stay open for others: the account has to get through them.
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw ClusterError.failed(step: "find its directory", output: "\(path) is not a directory")
        }
        if account.isOther && status.st_uid == 0 { chown(path, account.userID, account.groupID) }
        guard lstat(path, &status) == 0, status.st_uid == account.userID else {
            throw ClusterError.failed(step: "find its directory", output: "\(path) belongs to another user")
        }
        chmod(path, 0o700)
    }

    private static func fingerprint(of path: String) -> String {
        SHA256.hash(data: Array(path.utf8)).prefix(5).map { String($0, radix: 16) }.joined()
    }

    /// The process of a server that runs in the data directory. A number alone is not believed: after a crash it may
    /// belong to another program, so the process must have the data directory as its own.
    var runningServer: Int32? {
        guard let line = pidLines.first, let processID = Int32(line), processID > 1,
            let workingDirectory = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(processID)/cwd")
        else { return nil }
        return Self.isSameFile(workingDirectory, dataDirectory) ? processID : nil
    }

    /// The eighth line of the file says so.
    var isReady: Bool { pidLines.count >= 8 && pidLines[7].hasPrefix("ready") }

    private var pidLines: [Substring] {
        let text = FileManager.default.contents(atPath: pidPath).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return text.split(separator: "\n", omittingEmptySubsequences: false)
    }

    private static func isSameFile(_ left: String, _ right: String) -> Bool {
        var first = stat()
        var second = stat()
        return stat(left, &first) == 0 && stat(right, &second) == 0
            && first.st_ino == second.st_ino && first.st_dev == second.st_dev
    }

    /// The end of the server's log, for an error message.
    var logTail: String {
        let text = FileManager.default.contents(atPath: logPath).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return text.split(separator: "\n").suffix(10).joined(separator: "\n")
    }
}

/// Held until the process ends, however it ends.
final class FileLock: Sendable {
    private let descriptor: Int32

    /// `nil` when another process (or another cluster of this one) holds it.
    init?(path: String) {
        let opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard opened >= 0 else { return nil }
        guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
            close(opened)
            return nil
        }
        descriptor = opened
    }

    deinit { close(descriptor) }
}
