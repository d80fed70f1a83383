import Kernel
import Postgres

/// What the database's own rules mean to people.
enum VoiceConstraints {
    /// What refers to what: the field that names the object, and who still needs it.
    private struct Reference {
        let constraint: String
        let field: String
        let missing: String
        let usedBy: String
    }

    private static let references = [
        Reference(
            constraint: "phone_number_trunk", field: "trunk_id", missing: "is not a trunk of this tenant",
            usedBy: "Numbers come in over this trunk. Give them another one first."),
        Reference(
            constraint: "site_callback_number", field: "callback_number_id", missing: "is not a number of this tenant",
            usedBy: "A site calls back at this number. Give it another one first."),
        Reference(
            constraint: "sip_user_caller_number", field: "caller_number_id", missing: "is not a number of this tenant",
            usedBy: "Users call with this number. Give them another one first."),
        Reference(
            constraint: "sip_user_site", field: "site_id", missing: "is not a site of this tenant",
            usedBy: "Users are at this site. Move them first."),
        Reference(
            constraint: "call_group_member_user", field: "members",
            missing: "names somebody who is no user of this tenant",
            usedBy: "The user is a member of a group. Take it out first."),
        Reference(
            constraint: "number_route_schedule", field: "routes",
            missing: "names a schedule that this tenant does not have",
            usedBy: "Numbers are routed by this schedule. Change their routes first."),
        Reference(
            constraint: "number_route_user", field: "routes", missing: "names somebody who is no user of this tenant",
            usedBy: "Numbers are routed to this user. Change their routes first."),
        Reference(
            constraint: "number_route_group", field: "routes", missing: "names a group that this tenant does not have",
            usedBy: "Numbers are routed to this group. Change their routes first."),
        Reference(
            constraint: "dial_permission_site", field: "site_id", missing: "is not a site of this tenant", usedBy: ""),
        Reference(
            constraint: "dial_permission_user", field: "sip_user_id", missing: "is not a user of this tenant",
            usedBy: ""),
    ]

    /// For a write: which field names something that is not there. Other errors stay as they are.
    static func onWrite(_ error: any Error) -> any Error {
        guard let reference = reference(error) else { return error }
        return Problem.invalid(reference.field, reference.missing)
    }

    /// For a deletion: who still needs the object.
    static func onDelete(_ error: any Error) -> any Error {
        guard let reference = reference(error) else { return error }
        return Problem.conflict("VOICE_IN_USE", reference.usedBy)
    }

    private static func reference(_ error: any Error) -> Reference? {
        guard let error = error as? DatabaseError else { return nil }
        return references.first { error.isConstraint($0.constraint) }
    }
}
