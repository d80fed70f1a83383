/// The three roles of the product in every database.
package enum DatabaseRole: String, CaseIterable, Sendable {
    /// Owns the schema and everything in it, runs migrations; the service never logs in as it.
    case owner = "controlplane_owner"
    /// Serves requests under row-level security; owns nothing.
    case app = "controlplane_app"
    /// Named jobs that see every row by policy; owns nothing.
    case system = "controlplane_system"
}
