import Tenancy
import Testing

@Suite struct VoiceAccessTests {
    @Test func aVoiceOperatorSeesAndChangesVoiceButNoMoney() {
        let permissions = Role.permissions(of: ["voice.operator"], at: .tenant)
        #expect(permissions.isSuperset(of: [.voiceRead, .voiceWrite, .voiceControl]))
        #expect(permissions.isDisjoint(with: [.invoiceRead, .voiceNode, .apiKeyWrite, .tenantWrite]))
    }

    @Test func nodesBelongToThoseWhoRunInstances() {
        #expect(Role.permissions(of: ["partner.admin"], at: .organisation).contains(.voiceNode))
        #expect(!Role.permissions(of: ["tenant.admin"], at: .tenant).contains(.voiceNode))
    }
}
