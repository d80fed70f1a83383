import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// Who runs the server: ourselves, or an unprivileged user when we are root, as PostgreSQL refuses root.
struct ServerAccount: Sendable, Equatable {
    let userID: uid_t
    let groupID: gid_t
    let name: String
    /// Set when every program has to be started as another user.
    let isOther: Bool

    static func choose() throws -> ServerAccount {
        guard geteuid() == 0 else {
            return ServerAccount(userID: geteuid(), groupID: getegid(), name: "", isOther: false)
        }
        for name in ["postgres", "nobody"] {
            guard let entry = getpwnam(name) else { continue }
            return ServerAccount(
                userID: entry.pointee.pw_uid, groupID: entry.pointee.pw_gid, name: name, isOther: true)
        }
        throw ClusterError.failed(
            step: "start as root", output: "There is neither a user 'postgres' nor 'nobody' to run it as.")
    }

    /// The command line that runs `program` as this account.
    func command(_ program: String, _ arguments: [String]) throws -> (program: String, arguments: [String]) {
        guard isOther else { return (program, arguments) }
        let line = [program] + arguments
        if let setpriv = Self.find("setpriv") {
            return (setpriv, ["--reuid=\(userID)", "--regid=\(groupID)", "--clear-groups", "--"] + line)
        }
        if let runuser = Self.find("runuser") { return (runuser, ["-u", name, "--"] + line) }
        if let su = Self.find("su") {
            return (su, [name, "-s", "/bin/sh", "-c", "exec \"$0\" \"$@\"", "--"] + line)
        }
        throw ClusterError.failed(
            step: "start as root", output: "None of setpriv, runuser and su is there to change the user.")
    }

    /// Runs a program to its end. It must leave no process behind: Foundation would wait for that one, too.
    func run(_ program: String, _ arguments: [String]) throws -> (status: Int32, output: String) {
        let outputPath = NSTemporaryDirectory() + "/controlplane-\(UUID().uuidString).log"
        defer { try? FileManager.default.removeItem(atPath: outputPath) }
        let process = try process(program, arguments, outputPath: outputPath)
        try process.run()
        process.waitUntilExit()
        let text = FileManager.default.contents(atPath: outputPath).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return (process.terminationStatus, text)
    }

    /// A process of this account that appends what it says to a file. It gets a process group of its own, so that an
    /// interrupt at the terminal reaches only us.
    func process(_ program: String, _ arguments: [String], outputPath: String) throws -> Process {
        let descriptor = open(outputPath, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw ClusterError.failed(step: "start", output: "\(outputPath) cannot be written")
        }
        let output = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        let (executable, words) = try command(program, arguments)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = words
        process.currentDirectoryURL = URL(fileURLWithPath: "/")
        process.environment = ["LC_ALL": "C", "PATH": "/usr/bin:/bin:/usr/sbin:/sbin"]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        return process
    }

    private static func find(_ program: String) -> String? {
        ["/usr/bin", "/bin", "/usr/sbin", "/sbin"].map { "\($0)/\(program)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}
