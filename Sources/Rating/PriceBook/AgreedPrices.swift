/// Prices that a contract agrees in place of the book's.
extension PriceBook.Enterprise {
    /// The same book with another price of a voice minute beyond the included ones; `nil` keeps it.
    package func agreeing(voiceMinute: Rate?) -> Self {
        guard let voiceMinute else { return self }
        return PriceBook.Enterprise(
            annualLicence: annualLicence, includedTenants: includedTenants, tenantMonth: tenantMonth,
            planningTurnsPerTenantMonth: planningTurnsPerTenantMonth,
            voice: PriceBook.Voice(
                tenantMonth: voice.tenantMonth, includedMinutes: voice.includedMinutes, minute: voiceMinute),
            implementationOnce: implementationOnce, businessSLA: businessSLA, premiumSLA: premiumSLA,
            premiumMandatoryFor: premiumMandatoryFor, sharePercentMinimum: sharePercentMinimum,
            sharePercentMaximum: sharePercentMaximum)
    }
}
