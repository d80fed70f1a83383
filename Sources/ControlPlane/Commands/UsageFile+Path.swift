import Billing
import Foundation

extension UsageFile {
    /// A file on disk, read a mebibyte at a time. Throws when it cannot be opened.
    init(path: String) throws {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        let size = (attributes[.size] as? NSNumber)?.int64Value
        self.init(name: URL(fileURLWithPath: path).lastPathComponent, size: size, isRepeatable: true) {
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            return { Array(try file.read(upToCount: 1 << 20) ?? Data()) }
        }
    }
}
