import Testing

@testable import Postgres

@Suite struct PoolStateMachineTests {
    typealias Machine = ConnectionPoolStateMachine
    typealias HandOver = ConnectionPoolStateMachine.HandOver

    private let start = ContinuousClock.now

    private func after(_ milliseconds: Int) -> ContinuousClock.Instant {
        start.advanced(by: .milliseconds(milliseconds))
    }

    private func full(size: Int, maximumWaiting: Int = 10) -> Machine {
        var machine = Machine(size: size, maximumWaiting: maximumWaiting)
        for request in 0..<size { _ = machine.acquire(UInt64(request), now: start) }
        return machine
    }

    @Test func freeSlotsAreHandedOutAtOnce() {
        var machine = Machine(size: 2, maximumWaiting: 1)
        #expect(machine.acquire(1, now: start) == (.admitted, [HandOver(request: 1, slot: 0)]))
        #expect(machine.acquire(2, now: start) == (.admitted, [HandOver(request: 2, slot: 1)]))
        #expect(machine.acquire(3, now: start) == (.admitted, []))
        #expect(machine.acquire(4, now: start) == (.queueFull, []))
        #expect(machine.queue == [3])
    }

    @Test func aReleasedSlotGoesToTheOldestRequest() {
        var machine = full(size: 1)
        _ = machine.acquire(7, now: start)
        _ = machine.acquire(8, now: start)
        #expect(machine.release(0, .park, now: start) == [HandOver(request: 7, slot: 0)])
        #expect(machine.release(0, .discard, now: start) == [HandOver(request: 8, slot: 0)])
        #expect(machine.release(0, .park, now: start) == [])
        #expect(machine.slots == [.parked])
    }

    @Test func theSlotUsedLastComesFirst() {
        var machine = full(size: 3)
        for slot in [1, 0, 2] { _ = machine.release(slot, .park, now: start) }
        #expect(machine.acquire(9, now: start).1 == [HandOver(request: 9, slot: 2)])
        #expect(machine.acquire(10, now: start).1 == [HandOver(request: 10, slot: 0)])
    }

    @Test func parkedSlotsComeBeforeEmptyOnes() {
        var machine = full(size: 2)
        _ = machine.release(0, .discard, now: start)
        _ = machine.release(1, .park, now: start)
        #expect(machine.acquire(9, now: start).1 == [HandOver(request: 9, slot: 1)])
    }

    @Test func afterAFailureNobodyConnectsUntilThePauseIsOver() {
        var machine = full(size: 2)
        #expect(machine.release(0, .connectFailed, now: start) == [])
        #expect(machine.acquire(8, now: after(49)) == (.admitted, []))
        #expect(machine.acquire(9, now: after(51)).1 == [HandOver(request: 8, slot: 0)])
        #expect(machine.queue == [9])
    }

    @Test func aWaiterCanTryWhenThePauseIsOver() {
        var machine = full(size: 1)
        _ = machine.acquire(8, now: start)
        #expect(machine.release(0, .connectFailed, now: start) == [])
        #expect(machine.resume(now: after(49)) == [])
        #expect(machine.resume(now: after(51)) == [HandOver(request: 8, slot: 0)])
    }

    @Test func anOpenConnectionIsUsedDuringThePause() {
        var machine = full(size: 2)
        _ = machine.release(0, .connectFailed, now: start)
        _ = machine.acquire(8, now: start)
        #expect(machine.release(1, .park, now: start) == [HandOver(request: 8, slot: 1)])
    }

    @Test func aSuccessEndsThePauseForEveryone() {
        var machine = full(size: 3)
        for slot in 0..<3 { _ = machine.release(slot, .connectFailed, now: start) }
        for request in 5...7 { _ = machine.acquire(UInt64(request), now: after(1)) }
        #expect(machine.queue == [5, 6, 7])
        // One came through after the pause of the third failure.
        #expect(machine.acquire(8, now: after(201)).1.count == 3)
        #expect(machine.connected(now: after(202)) == [])
        #expect(machine.pausedUntil == nil)
        #expect(machine.release(0, .park, now: after(203)) == [HandOver(request: 8, slot: 0)])
    }

    @Test(arguments: [(1, 50), (2, 100), (3, 200), (6, 1600), (7, 2000), (60, 2000)])
    func pausesGrowToTwoSeconds(failures: Int, milliseconds: Int) {
        #expect(Machine(size: 1, maximumWaiting: 1).pause(after: failures) == .milliseconds(milliseconds))
    }

    @Test func aRequestIsAbandonedOnce() {
        var machine = full(size: 1)
        _ = machine.acquire(8, now: start)
        let outcomes = [machine.abandon(8), machine.abandon(8), machine.abandon(0)]
        #expect(outcomes == [true, false, false], "once, and not after it got its slot")
        #expect(machine.release(0, .park, now: start) == [])
    }

    @Test func stoppingRefusesAndClosesWhatIsParked() {
        var machine = full(size: 3)
        _ = machine.release(1, .park, now: start)
        _ = machine.acquire(8, now: start)
        _ = machine.acquire(9, now: start)
        _ = machine.release(2, .discard, now: start)
        let (waiting, close) = machine.stop()
        #expect(waiting == [])
        #expect(close == [])
        #expect(machine.acquire(10, now: start) == (.stopped, []))
        #expect(machine.release(0, .park, now: start) == [])
        #expect(machine.slots[0] == .empty, "nothing is parked in a pool that has stopped")
    }

    @Test func randomUseKeepsTheInvariants() {
        var generator = SeededGenerator(seed: 42)
        for round in 0..<200 {
            let size = Int.random(in: 1...4, using: &generator)
            var machine = Machine(size: size, maximumWaiting: 3)
            var held: Set<Int> = []
            var waiting: Set<UInt64> = []
            var now = start
            func take(_ handOvers: [HandOver]) {
                for handOver in handOvers {
                    #expect(held.insert(handOver.slot).inserted, "a slot is never held twice (round \(round))")
                    waiting.remove(handOver.request)
                }
            }
            for step in 0..<200 {
                now = now.advanced(by: .milliseconds(Int.random(in: 0...300, using: &generator)))
                switch Int.random(in: 0..<10, using: &generator) {
                case 0..<5:
                    let request = UInt64(step)
                    let (admission, handOvers) = machine.acquire(request, now: now)
                    if admission == .admitted { waiting.insert(request) }
                    take(handOvers)
                case 5..<9:
                    guard let slot = held.randomElement(using: &generator) else { continue }
                    held.remove(slot)
                    let ending: Machine.Ending =
                        [.park, .park, .discard, .connectFailed].randomElement(using: &generator) ?? .park
                    take(machine.release(slot, ending, now: now))
                default:
                    if let request = waiting.randomElement(using: &generator), machine.abandon(request) {
                        waiting.remove(request)
                    }
                }
                #expect(Set(machine.queue) == waiting)
                #expect(machine.queue.count <= 3)
                #expect(machine.leasedCount == held.count)
                let hasFree = machine.parkedCount > 0 || (machine.slots.contains(.empty) && machine.pausedUntil == nil)
                #expect(!(hasFree && !machine.queue.isEmpty), "nobody waits beside a free slot")
            }
        }
    }
}
