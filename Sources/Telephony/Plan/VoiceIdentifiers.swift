import Kernel

package enum SIPUserKind: IdentifierKind { package static let prefix = "sipuser" }
package enum CallGroupKind: IdentifierKind { package static let prefix = "group" }
package enum SiteKind: IdentifierKind { package static let prefix = "site" }
package enum TrunkKind: IdentifierKind { package static let prefix = "trunk" }
package enum PhoneNumberKind: IdentifierKind { package static let prefix = "number" }
package enum ScheduleKind: IdentifierKind { package static let prefix = "schedule" }
package enum VoiceNodeKind: IdentifierKind { package static let prefix = "node" }
package enum LeaseKind: IdentifierKind { package static let prefix = "lease" }

package typealias SIPUserID = ID<SIPUserKind>
package typealias CallGroupID = ID<CallGroupKind>
package typealias SiteID = ID<SiteKind>
package typealias TrunkID = ID<TrunkKind>
package typealias PhoneNumberID = ID<PhoneNumberKind>
package typealias ScheduleID = ID<ScheduleKind>
package typealias VoiceNodeID = ID<VoiceNodeKind>
package typealias LeaseID = ID<LeaseKind>
