import Tenancy
import Web

/// Every endpoint of contracts, disclosures, invoices and the month close.
package func billingEndpoints(_ work: UnitOfWork) -> [Endpoint] {
    ContractEndpoints(work).all + DisclosureEndpoints(work).all + InvoiceEndpoints(work).all
        + MonthCloseEndpoints(work).all + PriceBookEndpoints(work).all + CapacityEndpoints(work).all
        + DocumentEndpoints(work).all
}
