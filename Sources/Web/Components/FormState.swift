import Kernel

/// What a form shows: the values as a person left them, and what is wrong with them.
package struct FormState: Sendable {
    package let values: [String: String]
    package let errors: [Problem.FieldError]

    package init(values: [String: String] = [:], errors: [Problem.FieldError] = []) {
        self.values = values
        self.errors = errors
    }

    /// A form after a refusal. A problem that blames no field is shown above the form with its detail.
    package init(values: [String: String], problem: Problem) {
        let errors =
            problem.errors.isEmpty ? [Problem.FieldError(field: "", message: problem.detail)] : problem.errors
        self.init(values: values, errors: errors)
    }

    /// A form as it was sent, after a refusal.
    package init(_ submission: Submission) {
        self.init(values: submission.values, problem: submission.problem)
    }

    /// The form of an object after a refusal. When somebody else was faster, it says so and carries the object's present
    /// revision: whoever sends it again has been told.
    package init(_ submission: Submission, presentRevision: Int64) {
        guard submission.problem.status == 412 else {
            self.init(submission)
            return
        }
        let message =
            "Somebody else changed this since you opened the form. Your entries are kept: saving them now replaces that "
            + "change, “Cancel” shows it."
        self.init(
            values: submission.values.merging(["revision": "\(presentRevision)"]) { $1 },
            errors: [Problem.FieldError(field: "", message: message)])
    }

    /// A form that nobody has filled in yet.
    package static let blank = FormState()

    /// The value of a field, empty when there is none.
    package func value(_ name: String) -> String { values[name] ?? "" }

    /// What is wrong with a field. Errors name fields by their name or by a JSON Pointer.
    package func error(_ name: String) -> String? {
        errors.first { Self.fieldName($0.field) == name }?.message
    }

    /// `/legal_name` and `legal_name` are the same field.
    static func fieldName(_ pointer: String) -> String {
        let path = pointer.hasPrefix("/") ? String(pointer.dropFirst()) : pointer
        return String(path.map { $0 == "/" ? "." : $0 })
    }
}

extension HTML {
    /// The place of the session's anti-forgery token in a form. Views are pure and do not know it; the layout fills it
    /// in. Nobody can type this marker: a typed `<` arrives escaped.
    package static let csrfField: HTML = #"<input type="hidden" name="_csrf" value="">"#

    /// The same markup with the token in every form.
    package func filling(csrfToken: String) -> HTML {
        let marker = Self.csrfField.markup
        let pieces = markup.split(separator: marker, omittingEmptySubsequences: false)
        let field = Self.hiddenField("_csrf", csrfToken).markup
        return HTML(unsafeMarkup: pieces.joined(separator: field))
    }
}
