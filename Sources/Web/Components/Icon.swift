/// The line icons of the console: 16 × 16, drawn in the colour of the text. Decoration only, so hidden from assistive
/// technology; whatever an icon means is also said in words.
package enum Icon: String, Sendable, CaseIterable {
    case activity, alert, bell, building, calendar, chart, check, clock, contract, copy, dots, download, external, file,
        globe, grid, help, home, inbox, info, key, lock, mail, menu, minus, model, palette, percent, phone, plus,
        receipt, refresh, right, scheme, search, server, shield, sliders, swap, tag, trend, updown, upload, users, x

    /// The icon as inline SVG: no sprite to keep in step, no second request.
    package var html: HTML {
        #"<svg class="icon" viewBox="0 0 16 16" aria-hidden="true">\#(shapes)</svg>"#
    }

    private var shapes: HTML {
        switch self {
        case .activity: #"<path d="M1.8 8h2.7l2-5 3 10 2-5h2.7"/>"#
        case .alert: #"<path d="M8 2.3 14.3 13.2H1.7zM8 6.5v3M8 11.4h.01"/>"#
        case .bell:
            #"<path d="M4 7a4 4 0 0 1 8 0c0 3.5 1.5 4.5 1.5 4.5h-11S4 10.5 4 7zM6.7 13.8a1.5 1.5 0 0 0 2.6 0"/>"#
        case .building:
            #"""
            <path d="M3.5 13.5v-10a1 1 0 0 1 1-1h5a1 1 0 0 1 1 1v10M10.5 6.5H12a1 1 0 0 1 1 1v6M2 13.5h12M5.8 \#
            5.3h2.4M5.8 8h2.4M5.8 10.7h2.4"/>
            """#
        case .calendar:
            #"<rect x="2.5" y="3.5" width="11" height="10" rx="1.2"/><path d="M2.5 6.8h11M5.5 2v3M10.5 2v3"/>"#
        case .chart: #"<path d="M2.5 13.5h11M4.5 11V8M8 11V4M11.5 11V6.5"/>"#
        case .check: #"<path d="m3.5 8.5 3 3 6-7"/>"#
        case .clock: #"<circle cx="8" cy="8" r="6"/><path d="M8 4.8V8l2.2 1.5"/>"#
        case .contract:
            #"<path d="M4 1.8h5l3.5 3.5v8a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V2.8a1 1 0 0 1 1-1zM5.5 8h5M5.5 11h3"/>"#
        case .copy:
            #"""
            <rect x="5.5" y="5.5" width="8" height="8" rx="1.2"/><path d="M10.5 5.5v-2a1 1 0 0 0-1-1h-6a1 1 0 0 \#
            0-1 1v6a1 1 0 0 0 1 1h2"/>
            """#
        case .dots: #"<path d="M3.5 8h.01M8 8h.01M12.5 8h.01" stroke-width="2.2"/>"#
        case .download: #"<path d="M8 2.5V10M4.8 7 8 10.2 11.2 7M2.5 13.5h11"/>"#
        case .external:
            #"<path d="M6.5 3.5h-3a1 1 0 0 0-1 1v8a1 1 0 0 0 1 1h8a1 1 0 0 0 1-1v-3M9.5 2.5h4v4M13.3 2.7 7.5 8.5"/>"#
        case .file:
            #"""
            <path d="M4 1.8h5l3.5 3.5v8a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V2.8a1 1 0 0 1 1-1z"/><path d="M9 \#
            1.8v3.7h3.5"/>
            """#
        case .globe:
            #"""
            <circle cx="8" cy="8" r="6"/><path d="M2 8h12M8 2c2 1.8 2.8 3.8 2.8 6S10 12.2 8 \#
            14c-2-1.8-2.8-3.8-2.8-6S6 3.8 8 2z"/>
            """#
        case .grid: #"<path d="M2.5 2.5H7V7H2.5zM9 2.5h4.5V7H9zM2.5 9H7v4.5H2.5zM9 9h4.5v4.5H9z"/>"#
        case .help:
            #"<circle cx="8" cy="8" r="6"/><path d="M6.3 6.2a1.8 1.8 0 1 1 2.5 1.7c-.5.2-.8.6-.8 1.1M8 11.3h.01"/>"#
        case .home:
            #"<path d="M2.5 7.2 8 2.8l5.5 4.4v6a.8.8 0 0 1-.8.8H3.3a.8.8 0 0 1-.8-.8z"/><path d="M6.3 14V9.8h3.4V14"/>"#
        case .inbox:
            #"<path d="M2.5 9.5 4 3.5h8l1.5 6v3a1 1 0 0 1-1 1h-9a1 1 0 0 1-1-1zM2.5 9.5h3.2l.8 1.5h3l.8-1.5h3.2"/>"#
        case .info: #"<circle cx="8" cy="8" r="6"/><path d="M8 7.5V11M8 5h.01"/>"#
        case .key: #"<circle cx="5.2" cy="10.8" r="2.7"/><path d="M7.2 8.8 13.5 2.5M11 5l2 2"/>"#
        case .lock: #"<rect x="3.5" y="7" width="9" height="6.5" rx="1.2"/><path d="M5.5 7V5a2.5 2.5 0 0 1 5 0v2"/>"#
        case .mail: #"<rect x="2" y="3.5" width="12" height="9" rx="1.2"/><path d="M2.5 4.5 8 8.8l5.5-4.3"/>"#
        case .menu: #"<path d="M2.5 4.5h11M2.5 8h11M2.5 11.5h11"/>"#
        case .minus: #"<path d="M4 8h8"/>"#
        case .model:
            #"""
            <rect x="4" y="4" width="8" height="8" rx="1.2"/><path d="M6.5 6.5h3v3h-3zM6 4V2M10 4V2M6 14v-2M10 \#
            14v-2M4 6H2M4 10H2M14 6h-2M14 10h-2"/>
            """#
        case .palette:
            #"""
            <path d="M8 2a6 6 0 1 0 0 12c1 0 1.4-.7 1.1-1.5-.4-1 .1-2 1.3-2H12a2 2 0 0 0 2-2C14 4.7 11.3 2 8 \#
            2z"/><path d="M5.3 8.2h.01M6.3 5.3h.01M9.7 5.3h.01"/>
            """#
        case .percent:
            #"<path d="m12.5 3.5-9 9"/><circle cx="4.7" cy="4.7" r="1.6"/><circle cx="11.3" cy="11.3" r="1.6"/>"#
        case .phone:
            #"""
            <path d="M3.3 2.5h2.2l1.1 2.9-1.5 1.1a8.5 8.5 0 0 0 4.4 4.4l1.1-1.5 2.9 1.1v2.2a1 1 0 0 1-1.1 1A11 11 \#
            0 0 1 2.3 3.6a1 1 0 0 1 1-1.1z"/>
            """#
        case .plus: #"<path d="M8 3v10M3 8h10"/>"#
        case .receipt:
            #"""
            <path d="M3.5 1.8v12.4l1.5-1 1.5 1 1.5-1 1.5 1 1.5-1 1.5 1V1.8l-1.5 1-1.5-1-1.5 1-1.5-1-1.5 1zM6 6h4M6 \#
            9h4"/>
            """#
        case .refresh: #"<path d="M13 8a5 5 0 1 1-1.5-3.6L13 5.9M13 2.5v3.4H9.6"/>"#
        case .right: #"<path d="m6 4 4 4-4 4"/>"#
        case .scheme: #"<circle cx="8" cy="8" r="6"/><path d="M8 2a6 6 0 0 1 0 12z" fill="currentColor"/>"#
        case .search: #"<circle cx="7" cy="7" r="4.5"/><path d="M10.4 10.4 14 14"/>"#
        case .server:
            #"""
            <rect x="2.5" y="2.5" width="11" height="4.5" rx="1"/><rect x="2.5" y="9" width="11" height="4.5" \#
            rx="1"/><path d="M5 4.8h.01M5 11.3h.01"/>
            """#
        case .shield:
            #"""
            <path d="M8 1.8 13 3.7v4c0 3.1-2.1 5.4-5 6.5-2.9-1.1-5-3.4-5-6.5v-4z"/><path d="m5.8 7.9 1.6 1.6 \#
            2.9-3"/>
            """#
        case .sliders:
            #"""
            <path d="M2 4.5h7M12 4.5h2M2 11.5h2M7 11.5h7"/><circle cx="10.5" cy="4.5" r="1.5"/><circle cx="5.5" \#
            cy="11.5" r="1.5"/>
            """#
        case .swap: #"<path d="M2.5 5.5h10M9.5 2.5l3 3-3 3M13.5 10.5h-10M6.5 7.5l-3 3 3 3"/>"#
        case .tag:
            #"""
            <path d="M8.6 2.2H3.2a1 1 0 0 0-1 1v5.4l5.7 5.7a1 1 0 0 0 1.4 0l5-5a1 1 0 0 0 0-1.4z"/><path d="M5.3 \#
            5.3h.01"/>
            """#
        case .trend: #"<path d="m2 11.5 4-4 2.5 2.5L14 4.5M10.5 4.5H14V8"/>"#
        case .updown: #"<path d="m5 6 3-3 3 3M5 10l3 3 3-3"/>"#
        case .upload: #"<path d="M8 10.5V3M4.8 6 8 2.8 11.2 6M2.5 13.5h11"/>"#
        case .users:
            #"""
            <circle cx="6" cy="5.5" r="2.3"/><path d="M1.8 13.2c.4-2.4 2-3.7 4.2-3.7s3.8 1.3 4.2 3.7M10.6 3.4a2.2 \#
            2.2 0 0 1 0 4.2M12 9.9c1.2.5 2 1.6 2.3 3.3"/>
            """#
        case .x: #"<path d="m4 4 8 8M12 4l-8 8"/>"#
        }
    }
}
