import Kernel

/// A call as its records tell, for looking back: what-if, alarms, proposals.
package struct RecordedCall: Sendable, Hashable {
    /// The leg's uuid.
    package let id: String
    package let origin: LegRequest.Origin
    /// As it was dialled, or the tenant's number of an inbound call.
    package let dialled: String
    /// Where it went; `nil` for inbound and internal calls.
    package let destination: Destination?
    package let startedAt: Timestamp
    /// `nil` when nobody answered.
    package let answeredAt: Timestamp?
    /// Answered time of the metered leg; 0 for calls that are not metered.
    package let milliseconds: Int64
    /// Why it was refused; `nil` when it was not.
    package let refusal: RefusalReason?
    /// The inbound leg for which this one was made, when a number or a user leads calls outside.
    package var madeFor: String?

    package init(
        id: String, origin: LegRequest.Origin, dialled: String, destination: Destination?, startedAt: Timestamp,
        answeredAt: Timestamp?, milliseconds: Int64, refusal: RefusalReason? = nil
    ) {
        self.id = id
        self.origin = origin
        self.dialled = dialled
        self.destination = destination
        self.startedAt = startedAt
        self.answeredAt = answeredAt
        self.milliseconds = milliseconds
        self.refusal = refusal
    }

    /// The first instant after the answered time; the start when nobody answered.
    package var endedAt: Timestamp { answeredAt.map { $0.advanced(by: .milliseconds(milliseconds)) } ?? startedAt }
}
