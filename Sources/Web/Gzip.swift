import CZlib
import Kernel

/// Inflates gzip bodies within a bound, so that a small body cannot become a large one.
enum Gzip {
    /// Why a body was not inflated.
    enum Failure: Error {
        /// No gzip, damaged, or cut off.
        case invalid
        /// Larger than the bound.
        case tooLarge
    }

    private static let chunkBytes = 64 * 1024

    /// One or several gzip members one after the other.
    static func inflate(_ input: [UInt8], limit: Int) throws(Failure) -> [UInt8] {
        var stream = z_stream()
        // 15 is the largest window; 16 on top takes gzip only, not zlib.
        guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw .invalid
        }
        defer { inflateEnd(&stream) }
        let result: Result<[UInt8], Failure> = input.withUnsafeBufferPointer { buffer in
            stream.next_in = UnsafeMutablePointer(mutating: buffer.baseAddress)
            stream.avail_in = UInt32(buffer.count)
            do throws(Failure) {
                return .success(try members(of: &stream, limit: limit))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private static func members(of stream: inout z_stream, limit: Int) throws(Failure) -> [UInt8] {
        var output: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: chunkBytes)
        while true {
            var status = Z_OK
            chunk.withUnsafeMutableBufferPointer { buffer in
                stream.next_out = buffer.baseAddress
                stream.avail_out = UInt32(buffer.count)
                status = CZlib.inflate(&stream, Z_NO_FLUSH)
            }
            let written = chunkBytes - Int(stream.avail_out)
            guard output.count + written <= limit else { throw .tooLarge }
            output.append(contentsOf: chunk[..<written])
            switch status {
            case Z_STREAM_END where stream.avail_in == 0: return output
            case Z_STREAM_END:
                guard inflateReset(&stream) == Z_OK else { throw .invalid }
            case Z_OK where written > 0 || stream.avail_in > 0: break
            default: throw .invalid
            }
        }
    }
}
