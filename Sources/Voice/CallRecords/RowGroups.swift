/// Rows that go into one statement. Always 32, 16, 8, 4, 2 or 1 of them, so that there are six texts of a statement and the
/// server prepares each once, whatever number of rows comes.
enum RowGroups {
    static func of<Row>(_ rows: [Row]) -> [[Row]] {
        var groups: [[Row]] = []
        var rest = rows[...]
        var size = 32
        while !rest.isEmpty {
            while size > rest.count { size /= 2 }
            groups.append(Array(rest.prefix(size)))
            rest = rest.dropFirst(size)
        }
        return groups
    }
}
