import Kernel
import Postgres
import Rating
import Tenancy

/// SQL of what deployments use of their size.
enum CapacityStore {
    /// Deployments of the contract's organisation with their tenants, a row per tenant, grouped by instance.
    static func instances(of contract: Contract) -> SQL {
        """
        SELECT i.instance_id, i.display_name, i.size, t.tenant_id FROM app.instance i
        JOIN app.tenant t ON t.instance_id = i.instance_id AND t.organisation_id = i.organisation_id
        WHERE i.organisation_id = \(contract.organisationID) AND i.host = \(contract.program.host)
            AND i.size IS NOT NULL
        ORDER BY i.instance_id, t.tenant_id
        """
    }

    static func instances(_ rows: [Row]) throws -> [SizedInstance] {
        var instances: [SizedInstance] = []
        for row in rows {
            let (id, name, size, tenant) = try row.decode(as: (InstanceID, String, InstanceSize, TenantID).self)
            let before = instances.last?.id == id ? instances.removeLast().tenants : []
            instances.append(SizedInstance(id: id, name: name, size: size, tenants: before + [tenant]))
        }
        return instances
    }

    /// Turns of an instance by month, for the months that have any.
    static func turns(
        of instance: Instance, from: BillingMonth, through: BillingMonth, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [BillingMonth: Int64] {
        let sums = try tx.all(
            """
            SELECT date_trunc('month', u.hour AT TIME ZONE 'Europe/Vienna')::date, sum(u.quantity)::bigint
            FROM app.usage_hour u JOIN app.tenant t ON t.tenant_id = u.tenant_id
            WHERE t.instance_id = \(instance.id) AND u.meter = 'turn' AND u.hour >= \(from.startTime)
                AND u.hour < \(through.endTime)
            GROUP BY 1
            """, as: (BillingMonth, Int64).self)
        return Dictionary(uniqueKeysWithValues: sums)
    }
}

extension InstanceSize: SQLEncodable, SQLDecodable {}
