import Kernel
import Postgres
import TestSupport
import Testing

@Suite struct ListenerTests {
    @Test(.timeLimit(.minutes(5))) func notificationsArriveAndTheConnectionComesBack() async throws {
        try await withTestDatabase(migrations: TestSchema.migrations) { test in
            let listener = Listener(
                connectionString: test.configuration.system + " application_name=listener",
                channels: ["outbox", "odd \"name"], logger: TestLog.quiet)
            var iterator = listener.notifications().makeAsyncIterator()
            #expect(await iterator.next() == Notification(channel: "outbox", payload: ""))
            #expect(await iterator.next() == Notification(channel: "odd \"name", payload: ""))
            try await test.database.transaction(for: PlatformScope()) { tx in
                try tx.execute("SELECT pg_notify('outbox', \("first"))")
            }
            #expect(await iterator.next() == Notification(channel: "outbox", payload: "first"))
            try await test.asSuperuser { connection in
                try connection.execute(
                    """
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE datname = current_database() AND application_name = 'listener'
                    """)
            }
            // After the reconnect: look, something may have been missed.
            #expect(await iterator.next() == Notification(channel: "outbox", payload: ""))
        }
    }
}
