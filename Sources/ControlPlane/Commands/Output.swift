import Foundation

/// What commands say to people: whole lines, at once, also into a pipe.
enum Output {
    static func line(_ text: String = "") {
        FileHandle.standardOutput.write(Data((text + "\n").utf8))
    }
}
