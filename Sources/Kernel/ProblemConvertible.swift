/// An error of a lower module that knows which `Problem` a client should see.
package protocol ProblemConvertible: Error {
    /// Never carries a secret, an SQL text or a path.
    var problem: Problem { get }
}
