import Kernel
import Telephony
import Tenancy
import Web

func scheduleEndpoints(_ schedules: ScheduleService, _ work: UnitOfWork) -> [Endpoint] {
    VoiceRoutes<ScheduleKind, ScheduleResource, ScheduleFields>(
        path: "schedules", words: ("schedule", "schedules"),
        list: { tenant, page, tx in try schedules.list(of: tenant, page, tx).map(ScheduleResource.init) },
        get: { path, tx in ScheduleResource(try schedules.get(path.id, of: path.tenantID, tx)) },
        create: { tenant, fields, tx, actor in ScheduleResource(try schedules.create(fields, of: tenant, tx, actor)) },
        update: { path, fields, expected, tx, actor in
            ScheduleResource(
                try schedules.update(path.id, fields, of: path.tenantID, expecting: expected, tx, actor))
        },
        delete: { path, expected, tx, actor in
            try schedules.delete(path.id, of: path.tenantID, expecting: expected, tx, actor)
        }
    ).endpoints(work)
}
