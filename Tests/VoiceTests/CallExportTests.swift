import Foundation
import Kernel
import Telephony
import Testing

@testable import Voice

/// A tenant's calls as a file.
@Suite struct CallExportTests {
    private func lines(_ reply: [UInt8]) -> [String] {
        String(decoding: reply, as: UTF8.self).components(separatedBy: "\r\n").filter { !$0.isEmpty }
    }

    @Test func whatCallersChooseIsNoFormula() async throws {
        try await CallWorld.with { world in
            let names = ["=1+1", "+49301234567", "@home", "a,b", "\"x", "+SUM(A1)"]
            for (index, name) in names.enumerated() {
                var record = MadeRecord(side: "inbound", tenant: world.first.tenantID, gateway: nil)
                record.variables = ["sip_from_user": name, "sip_gateway": "trunk", "sip_to_user": "+43720000100"]
                record.started = record.started.advanced(by: .seconds(Int64(-index)))
                try await world.accept(record.body)
            }
            try await world.accept(MadeRecord(tenant: world.second.tenantID).body)
            let reply = try await world.records.export(
                world.first.tenantID, CallFilter(), in: .organisation(world.first.organisationID))
            #expect(reply.mediaType.hasPrefix("text/csv"))
            let lines = lines(reply.bytes)
            try #require(lines.count == 7)
            #expect(lines[0].components(separatedBy: ",") == CallTable.columns)
            let callers = ["'=1+1", "+49301234•••", "'@home", "\"a,b\"", "\"\"\"x\"", "'+SUM(•••"]
            for (line, caller) in zip(lines.dropFirst(), callers) {
                #expect(line.contains(",\(caller),"), "\(line)")
            }
        }
    }

    @Test func theFilterCountsAndNothingIsCutOff() async throws {
        try await CallWorld.with { world in
            for _ in 0..<3 { try await world.accept(MadeRecord(tenant: world.first.tenantID).body) }
            var missed = MadeRecord(tenant: world.first.tenantID)
            missed.answered = nil
            try await world.accept(missed.body)
            let (tenant, scope, records) = (
                world.first.tenantID, world.admin(of: world.first).scope, world.records
            )
            var filter = CallFilter()
            filter.isAnswered = true
            #expect(try await lines(records.export(tenant, filter, in: scope).bytes).count == 4)
            let refused = try await problem { try await records.export(tenant, CallFilter(), in: scope, most: 3) }
            #expect(refused?.reason == "TOO_MANY_CALLS")
            #expect(try await lines(records.export(tenant, filter, in: scope, most: 3).bytes).count == 4)
            let foreign = try await problem {
                try await records.export(tenant, filter, in: world.admin(of: world.stranger).scope)
            }
            #expect(foreign?.status == 404)
        }
    }
}
