import Kernel
import Testing

/// What a person at a terminal reads of a problem.
@Suite struct ProblemTests {
    @Test func aProblemReadsAsText() {
        #expect("\(Problem.conflict("MONTH_NOT_OVER", "Not yet."))" == "Not yet. [MONTH_NOT_OVER]")
        #expect("\(Problem.refused("NO_END", "It must end.", field: "expires_at"))" == "It must end. [NO_END]")
        let fields = [("file", "cannot be read"), ("month", "is required")].map {
            Problem.FieldError(field: $0, message: $1)
        }
        #expect(
            "\(Problem.invalid(fields))" == """
                A field is not valid [INVALID_FIELD]
                  file: cannot be read
                  month: is required
                """)
    }
}
