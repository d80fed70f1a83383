// swift-tools-version: 6.2
import PackageDescription

/// One set of rules for every target of ours: Swift 6, warnings are errors.
let settings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")

let package = Package(
    name: "controlplane",
    products: [
        .executable(name: "controlplane", targets: ["ControlPlane"]),
        .executable(name: "benchmarks", targets: ["Benchmarks"]),
    ],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .systemLibrary(
            name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "Kernel", swiftSettings: settings),
        .target(
            name: "Rating", exclude: ["README.md"], resources: [.embedInCode("PriceBook/pricebook-2.1.json")],
            swiftSettings: settings),
        .target(
            name: "Telephony", dependencies: ["Kernel", "Rating", crypto], exclude: ["README.md"],
            resources: [.embedInCode("Numbers/countries.json"), .embedInCode("Numbers/destinations.json")],
            swiftSettings: settings),
        .target(
            name: "Postgres", dependencies: ["CLibPQ", "Kernel", crypto, lifecycle, logging, nioPosix],
            swiftSettings: settings),
        .target(
            name: "Web",
            dependencies: [
                "CZlib", "Kernel", hummingbird, hummingbirdCore, nioHTTP1, nioHTTPTypes, nioPosix, crypto, lifecycle,
                logging,
            ],
            swiftSettings: settings),
        .target(
            name: "Tenancy", dependencies: ["Kernel", "Postgres", "Web", crypto], swiftSettings: settings),
        .target(
            name: "Billing", dependencies: ["Kernel", "Postgres", "Web", "Tenancy", "Rating", crypto],
            swiftSettings: settings),
        .target(
            name: "Voice",
            dependencies: ["Kernel", "Postgres", "Web", "Tenancy", "Telephony", crypto, lifecycle, logging, nioPosix],
            exclude: ["README.md"], swiftSettings: settings),
        .executableTarget(
            name: "ControlPlane",
            dependencies: [
                "Kernel", "Postgres", "Web", "Rating", "Tenancy", "Billing", "Telephony", "Voice",
                argumentParser, crypto, hummingbird, lifecycle, logging,
            ],
            exclude: ["Migrations/CHECKSUMS"],
            resources: [
                .embedInCode("Console/Assets/console.css"),
                .embedInCode("Console/Assets/console.js"),
                .embedInCode("Console/Assets/favicon.svg"),
                .embedInCode("Console/Assets/sheet.css"),
                .embedInCode("Demo/demo.json"),
                .embedInCode("Migrations/0001_tenancy.sql"),
                .embedInCode("Migrations/0002_billing.sql"),
                .embedInCode("Migrations/0003_voice.sql"),
                .embedInCode("Migrations/0004_nodes.sql"),
                .embedInCode("Migrations/0005_calls.sql"),
                .embedInCode("Migrations/0006_leases.sql"),
                .embedInCode("Migrations/0007_fraud.sql"),
                .embedInCode("Migrations/0008_voice_spend.sql"),
                .embedInCode("Migrations/0009_calls_end.sql"),
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "Benchmarks",
            dependencies: [
                "Kernel", "Postgres", "Web", "Rating", "Tenancy", "Billing", "Telephony", "Voice", argumentParser,
                lifecycle, logging,
            ], path: "Benchmarks", swiftSettings: settings),
        .target(
            name: "TestSupport", dependencies: ["Kernel", "Postgres", crypto, logging], path: "Tests/TestSupport",
            swiftSettings: settings),
        .testTarget(name: "KernelTests", dependencies: ["Kernel"], swiftSettings: settings),
        .testTarget(name: "RatingTests", dependencies: ["Rating"], swiftSettings: settings),
        .target(
            name: "VoiceRecordings", dependencies: ["Kernel", "Telephony", crypto], path: "Tests/VoiceRecordings",
            swiftSettings: settings),
        .testTarget(
            name: "TelephonyTests", dependencies: ["Kernel", "Rating", "Telephony", "VoiceRecordings"],
            swiftSettings: settings),
        .testTarget(
            name: "PostgresTests", dependencies: ["Kernel", "Postgres", "TestSupport"], swiftSettings: settings),
        .testTarget(
            name: "WebTests", dependencies: ["Kernel", "Web", lifecycle, logging, nioHTTP1, nioPosix],
            swiftSettings: settings),
        .testTarget(
            name: "TenancyTests", dependencies: ["Kernel", "Postgres", "Web", "Tenancy", "TestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "BillingTests",
            dependencies: ["Kernel", "Postgres", "Web", "Tenancy", "Billing", "Rating", "TestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "VoiceTests",
            dependencies: [
                "Kernel", "Postgres", "Web", "Tenancy", "Telephony", "Voice", "TestSupport", "VoiceRecordings",
                lifecycle, logging, nioPosix,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "ControlPlaneTests",
            dependencies: [
                "ControlPlane", "Kernel", "Postgres", "Web", "Tenancy", "Billing", "Rating", "Telephony", "Voice",
                "TestSupport", argumentParser, crypto, lifecycle, logging,
            ],
            swiftSettings: settings),
        .testTarget(name: "TidyTests", dependencies: [crypto], swiftSettings: settings),
    ]
)
